"""Faults of what listings' films say: of its questions, their answers and their money."""

from __future__ import annotations

from simulation.planted.fault import PAYING, Fault

FAULTS = [
    Fault(
        "answer-not-looked-for",
        "Whoever plans anew asks again what has been answered",
        PAYING,
        '        for key in self.media.names(self._key(question, ""), MOST_ANSWERS):\n',
        "        for key in list[str]():\n",
    ),
    Fault(
        "unheard-is-unpaid",
        "A service whose answer was lost counts as not paid",
        PAYING,
        "PAID = (ProviderUnknown, BrokenMedia)\n",
        "PAID = (BrokenMedia,)\n",
    ),
]
