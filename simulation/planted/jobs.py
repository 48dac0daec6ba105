"""Faults of jobs: their beginnings, further runs, cancelling and ends, and the plot."""

from __future__ import annotations

from simulation.planted.fault import (
    BOARD,
    CLOSING,
    JOB_STORE,
    JOBS,
    KEEP,
    ONCE,
    RERUNS,
    SENDING,
    SWEEP,
    WORKFLOW,
    Fault,
)

FAULTS = [
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
        "    for late in settle_open_clips(\n"
        "        closing.brake, closing.ledger, job, run, why, error_class=error_class, status=status, closes=closes\n"
        "    ):\n",
        "    for late in list[str]():\n",
    ),
    Fault(
        "announced-before-told",
        "The end of a job is noted as told before it is",
        CLOSING,
        "    closing.events.publish(job)\n    if job.delivery and",
        "    closing.jobs.table.commit(*closing.jobs.announced(job))\n    closing.events.publish(job)\n    if job.delivery and",
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
        "    if is_forgotten(job, at):\n        start(job, closing)\n",
        "    if is_forgotten(job, at):\n",
    ),
    # beginnings
    Fault(
        "started-before-accepted",
        "The run is started before its job is written",
        "functions/api/accept_job.py",
        "        self.budgets.accept(\n            job,\n            self.jobs.accept(job),\n",
        "        self.workflow.start(job.id, job.run, job.execution_name)\n"
        "        self.budgets.accept(\n            job,\n            self.jobs.accept(job),\n",
    ),
    Fault(
        "key-after-the-job",
        "The idempotency key is remembered after the job is accepted",
        "functions/api/accept_job.py",
        '            *self.once.remember(asked, job.id, shown),\n        )\n        logger().info("job accepted"',
        "        )\n        self.jobs.table.commit(*self.once.remember(asked, job.id, shown))\n"
        '        logger().info("job accepted"',
    ),
    Fault(
        "planned-twice",
        "A try of Plan writes its clips whether the job is still planned or not",
        BOARD,
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
    # keys
    Fault(
        "key-of-another-request",
        "A key is good for any request",
        ONCE,
        "        if said and said.fingerprint != self._fingerprint(asked):\n",
        "        if False:\n",
    ),
    Fault(
        "key-given-back-always",
        "A key is free again once its request is answered",
        ONCE,
        '            self.table.commit(delete(self._pk, "ONCE", self._mine))\n',
        '            self.table.commit(delete(self._pk, "ONCE"))\n',
    ),
    Fault(
        "key-never-asked",
        "A request that was answered is carried out again",
        ONCE,
        '        if said is None or said.is_over:\n            when = {"expiresAt": said.expires_at} if said else {"pk": None}\n',
        '        if True:\n            when = {"pk": ...} if said else {"pk": None}\n',
    ),
    # further runs
    Fault(
        "run-without-a-fence",
        "The next run begins whatever has become of the job meanwhile",
        JOB_STORE,
        '        when: dict[str, Any] = {"run": job.run, "status": job.status.value, "announcedRun": job.run}\n',
        '        when: dict[str, Any] = {"pk": ...}\n',
    ),
    Fault(
        "good-clips-again",
        "A retry makes the good clips again, too",
        RERUNS,
        "    again = [clip.number for clip in clips if clip.status in GONE and not clip.is_given]\n",
        "    again = [clip.number for clip in clips if not clip.is_given]\n",
    ),
    Fault(
        "former-video-forgotten",
        "A clip that could not be made anew loses the video that it had",
        JOB_STORE,
        "        ends = clip.former.status if clip.former else status\n",
        "        ends = status\n",
    ),
    # cancelling
    Fault(
        "cancelled-and-sent",
        "A create goes out although its job is being cancelled or closed",
        SENDING,
        "    job = jobs.owned(task.job_id, task.run, JobStatus.PROCESSING)\n    if not job.may_spend:\n",
        "    job = jobs.owned(task.job_id, task.run, JobStatus.PROCESSING, JobStatus.CANCELLING)\n    if job.ended:\n",
    ),
    Fault(
        "cancelled-and-failed",
        "A job that is being cancelled may end otherwise",
        JOBS,
        "    JobStatus.CANCELLING: frozenset({JobStatus.CANCELLED}),\n",
        "    JobStatus.CANCELLING: frozenset({JobStatus.CANCELLED, JobStatus.FAILED}),\n",
    ),
    Fault(
        "cancelled-and-running",
        "The workflow of a cancelled job goes on",
        CLOSING,
        "        closing.workflow.stop(job.execution_name, why)\n",
        "",
    ),
    Fault(
        "cancelled-unmarked",
        "A cancelled job does not say that it is to be stopped",
        JOB_STORE,
        '        changes = {"closing": reason, **_to_be_announced(), **(told or {})}\n',
        "        changes = {**_to_be_announced(), **(told or {})}\n",
    ),
    Fault(
        "cancelled-of-an-earlier-run",
        "Whoever heard late of a run's end ends the next one",
        CLOSING,
        '    if job is None or job.run != run:\n        logger().info("nothing to close")\n        return\n',
        '    if job is None:\n        logger().info("nothing to close")\n        return\n    run = job.run\n',
    ),
    Fault(
        "fail-fast-goes-on",
        "The first lost clip of a job that wants all stops nothing",
        KEEP,
        '        if kept.next is None and job.on_clip_failure.kind != "best_effort":\n            self._ask_policy(task)\n',
        "",
    ),
    Fault(
        "too-few-clips",
        "A film is made of the clips that there are, however many were wanted",
        "functions/studio/policy.py",
        "    if possible >= min(wish.least(len(clips)), max(len(clips), 1)):\n",
        "    if possible:\n",
    ),
]
