"""Faults of what listings' films say: of its questions, their answers and their money."""

from __future__ import annotations

from simulation.planted.fault import MIXING, PAYING, Fault

FAULTS = [
    Fault(
        "answer-not-looked-for",
        "Whoever plans anew asks again what has been answered",
        PAYING,
        '        keys = self.media.names(self._key(question, ""), MOST_ANSWERS)\n',
        "        keys = list[str]()\n",
    ),
    Fault(
        "unheard-is-unpaid",
        "A service whose answer was lost counts as not paid",
        PAYING,
        "PAID = (ProviderUnknown, BrokenMedia)\n",
        "PAID = (BrokenMedia,)\n",
    ),
    Fault(
        "settled-before-the-answer",
        "A question is settled before its answer is kept",
        PAYING,
        '        self.media.put(self._key(question, line.attempt_id), answer, "application/octet-stream", tags=RAW)\n'
        "        self._end(line.attempt_id, *question.comes_to(answer))\n",
        "        self._end(line.attempt_id, *question.comes_to(answer))\n"
        '        self.media.put(self._key(question, line.attempt_id), answer, "application/octet-stream", tags=RAW)\n',
    ),
    Fault(
        "asked-without-a-line",
        "A question is sent although its line was not written, for another try plans by now",
        PAYING,
        "        self.jobs.table.commit(self.jobs.still_planning(self.job, self.planner), *writes)\n",
        "        with suppress(ConditionLost):\n"
        "            self.jobs.table.commit(self.jobs.still_planning(self.job, self.planner), *writes)\n",
    ),
    Fault(
        "used-and-lost",
        "What came when its line was lost already is used, and nobody pays for it",
        PAYING,
        "            if line.state is state and line.cost is not None:\n",
        "            if line.cost is not None or line.state is LineState.LOST:\n",
    ),
    Fault(
        "corrected-in-the-ledger-alone",
        "What a run is found to have come to after its end is told to nobody",
        PAYING,
        "        return [row, *corrected(self.job, settled, lost)]\n",
        "        return [row]\n",
    ),
    Fault(
        "first-trouble-is-the-last",
        "A narration is given up when one of its services does not answer at once",
        PAYING,
        "        tries[kind] -= 1\n",
        "        tries[kind] = -1\n",
    ),
    Fault(
        "asked-past-the-allowance",
        "A question is asked whether its run's reservation holds as much or not",
        PAYING,
        "        if spent + sum((one.at_most for one in questions), Decimal(0)) > self.allowance:\n",
        "        if spent > self.allowance:\n",
    ),
    Fault(
        "a-frame-ahead",
        "A piece says what is to be heard a frame later",
        MIXING,
        "    begins = piece.at - piece.narration_at\n",
        "    begins = piece.at - piece.narration_at + 1\n",
    ),
]
