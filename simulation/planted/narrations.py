"""Faults of what listings' films say: of its questions, their answers and their money, and of the film's words."""

from __future__ import annotations

from simulation.planted.fault import CLOSING, MIXING, PAYING, SETTLEMENT, Fault

FAULTS = [
    Fault(
        "answer-not-looked-for",
        "Whoever plans anew asks again what has been answered",
        PAYING,
        '        for key in self.media.names(self._key(question, ""), MOST_ANSWERS):\n',
        "        for key in list[str]():\n",
    ),
    Fault(
        "narrated-anew-by-each-run",
        "A later run pays again for what an earlier one has",
        PAYING,
        '            if attempt.startswith(f"{self.job.run}.") or question.of_use(answer):\n',
        '            if attempt.startswith(f"{self.job.run}."):\n',
    ),
    Fault(
        "refused-for-ever",
        "A later run is told what the earlier one was refused with, and asks nobody",
        PAYING,
        '            if attempt.startswith(f"{self.job.run}.") or question.of_use(answer):\n',
        "            if attempt:\n",
    ),
    Fault(
        "settled-before-its-answer",
        "An answer is paid for before it lies in the bucket",
        PAYING,
        '        self.media.put(self._key(question, line.attempt_id), answer, "application/octet-stream", tags=RAW)\n'
        "        self._end(line.attempt_id, LineState.SETTLED, question.cost(answer))\n",
        "        self._end(line.attempt_id, LineState.SETTLED, question.cost(answer))\n"
        '        self.media.put(self._key(question, line.attempt_id), answer, "application/octet-stream", tags=RAW)\n',
    ),
    Fault(
        "settled-at-the-most",
        "What is settled is what was reserved, not what it came to",
        PAYING,
        "        self._end(line.attempt_id, LineState.SETTLED, question.cost(answer))\n",
        "        self._end(line.attempt_id, LineState.SETTLED)\n",
    ),
    Fault(
        "asked-while-it-is-asked",
        "What an earlier try has left reserved stays so while the same is asked again",
        PAYING,
        "                else:\n                    self._end(line.attempt_id, LineState.LOST)\n",
        "",
    ),
    Fault(
        "unheard-is-unpaid",
        "A service whose answer was lost counts as not paid",
        PAYING,
        "PAID = (ProviderUnknown, BrokenMedia)\n",
        "PAID = (BrokenMedia,)\n",
    ),
    Fault(
        "turned-away-is-paid",
        "A service that was too busy counts as paid",
        PAYING,
        "            self._end(line.attempt_id, LineState.RELEASED)\n",
        "            self._end(line.attempt_id, LineState.LOST)\n",
    ),
    Fault(
        "more-than-was-set-aside",
        "Services are asked whatever the run has reserved for them",
        PAYING,
        "        if spent + sum((one.at_most for one in questions), Decimal(0)) > self.allowance:\n",
        "        if not questions:\n",
    ),
    Fault(
        "reserved-by-anybody",
        "A line is put whether the job is still planned or not",
        PAYING,
        "        self.jobs.table.commit(self.jobs.still_planning(self.job, self.planner), *writes)\n",
        "        self.jobs.table.commit(*writes)\n",
    ),
    Fault(
        "gives-up-at-once",
        "A service that fails once ends the job",
        PAYING,
        "        if tries[kind] < 0 or",
        "        if tries[kind] < 9 or",
    ),
    Fault(
        "asked-and-forgotten",
        "What was asked when a run ended stays reserved",
        SETTLEMENT,
        "    _settle_narration(ledger, job.id, run)\n    for",
        "    for",
    ),
    Fault(
        "words-for-nothing",
        "What a film says is not among what it cost",
        CLOSING,
        '        **({"besideClips": beside} if (beside := beside_clips(lines)) else {}),\n',
        "",
    ),
    Fault(
        "slice-of-the-beginning",
        "A piece begins with the words of its own frame, whenever the narration begins",
        MIXING,
        "    begins = piece.at - piece.narration_at\n",
        "    begins = piece.at\n",
    ),
]
