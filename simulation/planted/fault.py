"""What a planted fault is, and the files that most of them are in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    name: str
    says: str
    """What the change does, in words."""
    file: str
    old: str
    """In the file exactly once."""
    new: str


RECORDING = "functions/studio/recording.py"
SENDING = "functions/studio/sending.py"
JOB_STORE = "functions/studio/job_store.py"
SETTLEMENT = "functions/studio/settlement.py"
CLOSING = "functions/studio/closing.py"
KEEP = "functions/keep_clip/keep.py"
CHECK = "functions/check_clip/check.py"
REQUEST = "functions/request_clip/request.py"
RECEIVE = "functions/callback/receive.py"
SWEEP = "functions/sweep/sweep.py"
PLAN = "functions/plan/plan.py"
BOARD = "functions/plan/board.py"
WORKFLOW = "functions/workflow.asl.json"
ACCEPT = "functions/api/accept_job.py"
ONCE = "functions/api/once.py"
RERUNS = "functions/api/reruns.py"
BUDGETS = "functions/studio/budgets.py"
LEDGER = "functions/studio/ledger.py"
ATTEMPTS = "functions/studio/attempts.py"
JOBS = "functions/studio/jobs.py"
PROMPTED = "functions/api/prompted.py"
FIRST_PICTURE = "functions/api/first_picture.py"
APPROVAL = "functions/api/approval.py"
PAUSES = "functions/sweep/pauses.py"
NEXT_RUN = "functions/studio/reruns.py"
PAYING = "functions/plan/paying.py"
MIXING = "functions/make_piece/mixing.py"
COPYING = "functions/keep_clip/copying.py"
RUNWAY = "functions/studio/providers/runway.py"
PIAPI = "functions/studio/providers/piapi.py"
