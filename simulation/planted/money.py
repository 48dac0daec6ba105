"""Faults of money: the ledger and the budgets."""

from __future__ import annotations

from simulation.planted.fault import BUDGETS, CLOSING, KEEP, LEDGER, PLAN, SETTLEMENT, Fault

FAULTS = [
    # money
    Fault(
        "settled-apart",
        "A clip's money moves in a write of its own, before the clip",
        KEEP,
        "            self.ledger.end(job.id, attempt.id, LineState.SETTLED, price, reported=reported),\n        ]\n        following = None\n",
        "        ]\n        self.jobs.table.commit(self.ledger.end(job.id, attempt.id, LineState.SETTLED, price))\n        following = None\n",
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
    # budgets
    Fault(
        "ends-twice",
        "Money of an attempt moves whether it has moved before or not",
        LEDGER,
        '            {"state": LineState.RESERVED.value},',
        '            {"pk": ...},',
    ),
    Fault(
        "checked-then-counted",
        "A budget is looked at, and counted without a condition",
        BUDGETS,
        '                when["used"] = AtMost(self.cap - amount)\n',
        "                pass\n",
    ),
    Fault(
        "cap-as-it-was",
        "A tenant's cap that changes meanwhile is not heard of",
        BUDGETS,
        '            when = {"pk": ..., "cap": self.counter.cap}\n',
        '            when = {"pk": ...}\n',
    ),
    Fault(
        "campaign-as-it-was",
        "A campaign's budget that changes meanwhile is not heard of",
        "functions/studio/library.py",
        '        when = {"pk": ..., "budgetUsd": campaign.budget_usd} |',
        '        when: dict[str, object] = {"pk": ...} |',
    ),
    Fault(
        "own-budget-looked-at-once",
        "A job's own budget is not asked when a clip needs more",
        BUDGETS,
        '            _must_fit("job", "budgetUsd", job.budget_usd, _of_earlier_runs(job) + job.reserved_cost, usd)\n',
        '            if not job.reserved_cost:\n                _must_fit("job", "budgetUsd", job.budget_usd, _of_earlier_runs(job) + job.reserved_cost, usd)\n',
    ),
    Fault(
        "another-attempt-for-nothing",
        "A further attempt is not reserved for when the first one's money is lost",
        KEEP,
        "        if line.amount <= free:\n",
        "        if line.amount:\n",
    ),
    Fault(
        "chosen-past-the-budget",
        "What Plan chooses is noted on the job, and counted in no budget",
        PLAN,
        "    board.budgets.change(job, more, move)\n",
        "    board.jobs.table.commit(move)\n",
    ),
    Fault(
        "never-given-back",
        "The end of a run leaves its reservation in the budgets",
        CLOSING,
        "            *closed(job, spent.settled, spent.lost),\n",
        "",
    ),
    Fault(
        "given-back-apart",
        "The budgets hear of the end of a run in a write of their own",
        CLOSING,
        "            *beside,\n            *closed(job, spent.settled, spent.lost),\n        )\n",
        "            *beside,\n        )\n        closing.jobs.table.commit(*closed(job, spent.settled, spent.lost))\n",
    ),
    Fault(
        "lost-is-forgotten",
        "The budgets do not count what was lost",
        CLOSING,
        "            *closed(job, spent.settled, spent.lost),\n",
        "            *closed(job, spent.settled, spent.lost * 0),\n",
    ),
]
