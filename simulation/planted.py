"""The faults themselves."""

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
WORKFLOW = "functions/workflow.asl.json"

FAULTS = [
    # answers
    Fault(
        "released-before-recorded",
        "The token is released before the answer is recorded",
        RECORDING,
        "    if attempt.is_waiting:\n        writes = [",
        "    workflow.release(attempt.token)\n    if attempt.is_waiting:\n        writes = [",
    ),
    Fault(
        "unknown-is-fine",
        "A webhook of an attempt that is not known is answered 2xx",
        RECEIVE,
        '        raise UnknownAttempt("no attempt is known by that name and prediction")',
        "        return",
    ),
    Fault(
        "processed-before-the-work",
        "A webhook is answered 2xx whatever became of it",
        RECEIVE,
        '        return {"statusCode": error.status}',
        '        return {"statusCode": 200}',
    ),
    Fault(
        "url-is-believed",
        "A webhook is matched by its address, not by its body",
        RECEIVE,
        "    return prediction.id == stored_id if stored_id else prediction.carries(marked)",
        "    return True",
    ),
    Fault(
        "late-answer-resurrects",
        "An attempt moves to any status from any other",
        JOB_STORE,
        '            {"status": before(ATTEMPT_MOVES, status)},',
        '            {"pk": ...},',
    ),
    Fault(
        "released-without-a-look-back",
        "Nobody releases a token again when a crash came between the record and the release",
        CHECK,
        "        release(jobs, outbox.workflow, message.job_id, attempt.id)\n",
        "",
    ),
    # creates
    Fault(
        "create-retried",
        "A create whose answer was lost is sent again",
        SENDING,
        "        _is_unknown(outbox.jobs, task)\n",
        "        _give_back(outbox.jobs, task, str(claim))\n"
        '        _put_off(task, ProviderBusy("again"), turn + 1, outbox)\n',
    ),
    Fault(
        "create-before-its-row",
        "The create is sent before it is claimed",
        SENDING,
        '        claim = _claim(outbox.jobs, task, frames if outbox.handover == "upload" else {})\n'
        "        prediction = provider.start(order)\n",
        "        prediction = provider.start(order)\n"
        '        claim = _claim(outbox.jobs, task, frames if outbox.handover == "upload" else {})\n',
    ),
    Fault(
        "claim-of-anybody",
        "A create can be claimed that somebody else has claimed",
        JOB_STORE,
        '        when = {"status": AttemptStatus.ASKED.value, "postponed": True}',
        '        when = {"status": AttemptStatus.ASKED.value}',
    ),
    Fault(
        "attempt-put-twice",
        "A Retry of the state puts the attempt again",
        JOB_STORE,
        '        return put(_pk(job_id), f"ATT#{attempt.id}", attempt.attributes(), {"pk": None})',
        '        return put(_pk(job_id), f"ATT#{attempt.id}", attempt.attributes())',
    ),
    Fault(
        "attempt-id-of-the-handler",
        "The attempt's id is made by the handler, a new one on each Retry",
        REQUEST,
        "    task = message.task\n    spending(",
        '    task = message.task.model_copy(update={"attempt": 1 + int(message.token.rpartition("-")[2])})\n'
        "    spending(",
    ),
    Fault(
        "busy-is-forgotten",
        "A create that a busy provider turned away is not sent again",
        SENDING,
        "        _put_off(task, busy, turn + 1, outbox)\n",
        "",
    ),
    Fault(
        "no-reconciling",
        "A create whose answer was lost is not looked for",
        RECORDING,
        "    return None if attempt.postponed else provider.find(mark_of(job_id, attempt), attempt.asked_at)",
        "    return None",
    ),
    # looks
    Fault(
        "no-look-queued",
        "Nothing looks after a prediction whose webhook is lost",
        REQUEST,
        "    outbox.checks.look_later(task)\n    send(task, outbox)\n\n\ndef _enter_again",
        "    send(task, outbox)\n\n\ndef _enter_again",
    ),
    Fault(
        "one-look-only",
        "A look that finds a prediction at work is the last",
        CHECK,
        "            events.publish_late(_late(message))\n        return\n    outbox.checks.look_later(message, message.look + 1)\n\n\ndef _look(",
        "            events.publish_late(_late(message))\n        return\n\n\ndef _look(",
    ),
    Fault(
        "no-heartbeat",
        "The heartbeat is never sent",
        CHECK,
        "    outbox.workflow.heartbeat(attempt.token)\n",
        "",
    ),
    Fault(
        "no-last-look",
        "Money is called lost without looking at the provider once more",
        KEEP,
        "bool(error and error.error in TIMEOUTS) and self._last_look(task)",
        "False",
    ),
    Fault(
        "old-token",
        "A Retry of the state keeps the token of the try before",
        REQUEST,
        "replace_token(task.job_id, there, message.token, message.turn)",
        "replace_token(task.job_id, there, there.token, message.turn)",
    ),
    Fault(
        "token-taken-back",
        "A try that was given up takes the token back from the next",
        REQUEST,
        "    if there.turn > message.turn:",
        "    if there.turn > message.turn + 100:",
    ),
    # money
    Fault(
        "settled-apart",
        "A clip's money moves in a write of its own, after the clip",
        KEEP,
        "        writes.append(self.ledger.end(job.id, attempt.id, LineState.SETTLED))\n"
        "        self.jobs.table.commit(*writes)\n",
        "        self.jobs.table.commit(*writes)\n"
        "        self.jobs.table.commit(self.ledger.end(job.id, attempt.id, LineState.SETTLED))\n",
    ),
    Fault(
        "unknown-is-free",
        "Money of an attempt without an answer is released",
        SETTLEMENT,
        "unpaid = not answer.charged if answer else never_sent or never_begun",
        "unpaid = not answer.charged if answer else True",
    ),
    Fault(
        "failed-is-paid",
        "Money that the provider did not take counts as lost",
        SETTLEMENT,
        "unpaid = not answer.charged if answer else never_sent or never_begun",
        "unpaid = False if answer else never_sent or never_begun",
    ),
    Fault(
        "lost-is-cost",
        "What was lost counts as what the film cost",
        CLOSING,
        '        "actualCost": money.settled,',
        '        "actualCost": money.settled + money.lost,',
    ),
    Fault(
        "kept-before-the-copy",
        "An attempt is marked as kept before its output is copied",
        KEEP,
        "                kept = self.copy(job, clip, attempt, answer)\n",
        "                mark = self.jobs.attempt_ended(job.id, attempt.id, AttemptStatus.KEPT)\n"
        "                self.jobs.table.commit(mark)\n"
        "                attempt = attempt.model_copy(update={'status': AttemptStatus.KEPT})\n"
        "                kept = self.copy(job, clip, attempt, answer)\n",
    ),
    Fault(
        "settled-before-the-copy",
        "A clip is paid for before its output is copied",
        KEEP,
        "                kept = self.copy(job, clip, attempt, answer)\n",
        "                self.jobs.table.commit(self.ledger.end(job.id, attempt.id, LineState.SETTLED))\n"
        "                kept = self.copy(job, clip, attempt, answer)\n",
    ),
    # ends
    Fault(
        "clip-without-a-fence",
        "A clip moves to any status from any other",
        JOB_STORE,
        '        when: dict[str, Any] = {"run": run, "status": before(CLIP_MOVES, status)}\n'
        "        if status in OPEN_CLIP:\n"
        '            when["status"].append(status.value)\n',
        '        when: dict[str, Any] = {"run": run}\n',
    ),
    Fault(
        "job-without-a-fence",
        "A job moves to any status from any other",
        JOB_STORE,
        'when: dict[str, Any] = {"run": run, "status": before(MOVES, status)}\n        if status in TERMINAL:',
        'when: dict[str, Any] = {"run": run}\n        if status in TERMINAL:',
    ),
    Fault(
        "closed-and-open",
        "A job is closed without settling what is open",
        CLOSING,
        "    for late in settle_open_clips(closing.brake, closing.ledger, job, run, why, error_class=error_class, status=status):\n",
        "    for late in list[str]():\n",
    ),
    Fault(
        "announced-before-told",
        "The end of a job is noted as told before it is",
        CLOSING,
        "    closing.events.publish(job)\n    closing.jobs.table.commit(*closing.jobs.announced(job))\n",
        "    closing.jobs.table.commit(*closing.jobs.announced(job))\n    closing.events.publish(job)\n",
    ),
    Fault(
        "pieces-after-the-move",
        "The job moves on before the film's pieces are written",
        "functions/arrange/arrange.py",
        "        _put_pieces(job, LeftOut(), jobs)\n"
        "        jobs.table.commit(jobs.move_job(job.id, job.run, JobStatus.COMBINING))\n",
        "        jobs.table.commit(jobs.move_job(job.id, job.run, JobStatus.COMBINING))\n"
        "        _put_pieces(job, LeftOut(), jobs)\n",
    ),
    Fault(
        "living-job-closed",
        "The sweep closes a job whose execution runs",
        SWEEP,
        "    if not ended:\n        return did\n",
        '    ended = ended or "The job took too long."\n',
    ),
    Fault(
        "nobody-closes",
        "The sweep does not close what no execution owns",
        SWEEP,
        "    if job.status is JobStatus.CANCELLING or not is_quiet(job, at):\n",
        "    if True:\n",
    ),
    Fault(
        "cancel-unheard",
        "A cancelled job whose event was lost is stopped by nobody",
        SWEEP,
        "    if is_unheard(job, at):\n",
        "    if False:\n",
    ),
    Fault(
        "nobody-starts",
        "The sweep does not start what was accepted and never began",
        SWEEP,
        "    if is_forgotten(job, at):\n        _start(job, closing)\n",
        "    if is_forgotten(job, at):\n",
    ),
    # beginnings
    Fault(
        "started-before-accepted",
        "The run is started before its job is written",
        "functions/api/accept_job.py",
        "        self.jobs.table.commit(\n            self.jobs.accept(job),\n",
        "        self.workflow.start(job.id, job.run, job.execution_name)\n        self.jobs.table.commit(\n            self.jobs.accept(job),\n",
    ),
    Fault(
        "key-after-the-job",
        "The idempotency key is remembered after the job is accepted",
        "functions/api/accept_job.py",
        "            *self.once.remember(asked, job.id, shown),\n            self.library.stands(job.tenant, job.campaign_id),\n        )\n",
        "            self.library.stands(job.tenant, job.campaign_id),\n        )\n        self.jobs.table.commit(*self.once.remember(asked, job.id, shown))\n",
    ),
    Fault(
        "planned-twice",
        "A try of Plan writes its clips whether the job is still planned or not",
        PLAN,
        "        jobs.table.commit(jobs.still_planning(job, planner), *some)\n",
        "        jobs.table.commit(*some)\n",
    ),
    Fault(
        "stale-reads",
        "Rows are read as they were a moment ago",
        "functions/studio/table.py",
        'Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True)',
        'Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=False)',
    ),
    # the plot
    Fault(
        "request-not-tried-again",
        "RequestClip is not tried again when its function breaks",
        WORKFLOW,
        '"MaxAttempts": 14, "BackoffRate": 2.0, "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}\n            ],\n'
        '            "Catch": [\n              {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "KeepClip"}',
        '"MaxAttempts": 0, "BackoffRate": 2.0, "MaxDelaySeconds": 30, "JitterStrategy": "FULL"}\n            ],\n'
        '            "Catch": [\n              {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "KeepClip"}',
    ),
    Fault(
        "unreachable-is-lost",
        "An output that cannot be fetched just now is given up at once",
        WORKFLOW,
        '{"ErrorEquals": ["OutputUnreachable"], "IntervalSeconds": 2, "MaxAttempts": 8,',
        '{"ErrorEquals": ["OutputUnreachable"], "IntervalSeconds": 2, "MaxAttempts": 0,',
    ),
    Fault(
        "paid-clip-skipped",
        "A clip whose wait timed out goes to its end, not to KeepClip",
        WORKFLOW,
        '              {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "KeepClip"}\n',
        '              {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "ClipEnded"}\n',
    ),
]
