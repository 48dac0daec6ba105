"""Faults of attempts: their answers, creates and looks."""

from __future__ import annotations

from simulation.planted.fault import (
    ATTEMPTS,
    CHECK,
    CLOSING,
    JOB_STORE,
    KEEP,
    RECEIVE,
    RECORDING,
    REQUEST,
    SENDING,
    Fault,
)

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
        "    if attempt is None or not is_of(prediction, job_id, attempt):\n",
        "    if attempt is None:\n",
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
        '        claim = _claim(outbox.jobs, task, frames if outbox.handover == "upload" else {}, known_by)\n'
        "        prediction = provider.start(order)\n",
        "        prediction = provider.start(order)\n"
        '        claim = _claim(outbox.jobs, task, frames if outbox.handover == "upload" else {}, known_by)\n',
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
        "    task = message.task\n    job = spending(",
        '    task = message.task.model_copy(update={"attempt": 1 + int(message.token.rpartition("-")[2])})\n'
        "    job = spending(",
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
    # further attempts, and what comes late
    Fault(
        "tried-for-ever",
        "A clip that fails is tried again, whatever the limit",
        ATTEMPTS,
        "    if task.tries < limits[error_class]:",
        "    if task.tries < limits[error_class] + 3:",
    ),
    Fault(
        "no-further-attempt",
        "A clip that failed is given up at once",
        ATTEMPTS,
        "    if error_class is None or error_class not in limits or left < SHORTEST:",
        "    if error_class not in () or left < SHORTEST:",
    ),
    Fault(
        "fallback-forgotten",
        "No other model is asked when the first has failed for good",
        ATTEMPTS,
        "    others = models_after(models, model)\n    return",
        "    others: Sequence[str] = ()\n    return",
    ),
    Fault(
        "uncertain-tried-again",
        "Another attempt begins although the first may still be made",
        KEEP,
        "        again = is_open and end.certain\n        error_class = end.fault.error_class if again else None\n",
        '        again = is_open\n        error_class = ("failed" if end.fault.error_class in ("timeout", "unknown") else end.fault.error_class) if again else None\n',
    ),
    Fault(
        "late-is-thrown-away",
        "What comes after its attempt was given up is not recorded",
        RECORDING,
        "    if current is not None and current.given_up and current.answer is None:",
        "    if False:",
    ),
    Fault(
        "late-comes-back",
        "What comes after its attempt was given up takes the clip back",
        JOB_STORE,
        '        changes = {"answer": answer.attributes(), "answeredAt": now(), "predictionId": prediction_id}\n',
        '        changes = {"answer": answer.attributes(), "answeredAt": now(), "predictionId": prediction_id, "status": "answered"}\n',
    ),
    Fault(
        "late-is-noted-before-the-copy",
        "What came late is noted as kept, and never copied",
        KEEP,
        "            kept = self.copy(job, clip, attempt, attempt.answer)\n        except",
        '            kept = Kept(key="nowhere", pcm_key="", sha256="", probe=clip.kept.probe) if clip.kept else self.copy(job, clip, attempt, attempt.answer)\n        except',
    ),
    # stopping
    Fault(
        "overtaken-and-left",
        "A create that was accepted when nobody wanted it any more is not stopped",
        SENDING,
        "        _stop_if_overtaken(outbox.jobs, task, provider, prediction)\n",
        "",
    ),
    Fault(
        "waits-not-released",
        "Who waits for a clip of a job that has lost all hope waits on",
        CLOSING,
        "        release_waits(closing.brake, closing.workflow, job_id, run)\n",
        "",
    ),
    Fault(
        "given-up-and-left",
        "The looks do not stop what was given up while its provider did not hear",
        CHECK,
        '        cancel(provider, prediction.id, "it was given up")\n',
        "",
    ),
    Fault(
        "late-and-nameless",
        "The id of a prediction that was accepted after its attempt was given up is not noted",
        RECORDING,
        "        with suppress(ConditionLost):  # the answer had stored it\n"
        "            jobs.table.commit(jobs.note_prediction(job_id, attempt.id, prediction_id))\n",
        "",
    ),
]
