"""A crew that asks for listings' films: for it OpenAI writes, speaks and listens, and we move the pictures ourselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.studio.ledger import NARRATION
from local.workers import Pool
from tests.survival.crew import Crew, without_room

STEPS = {"/v1/chat/completions": "script", "/v1/audio/speech": "voice", "/v1/audio/transcriptions": "captions"}
SCRIPT, VOICE, CAPTIONS = {"store": False}, {"voice": "alloy"}, {"filename": "speech.wav"}
"""By which scripts of the stand-in know each step."""
ONCE = dict.fromkeys(STEPS.values(), 1)
SETTLED = dict.fromkeys(STEPS.values(), "settled")


class Lister(Crew):
    def wishes(self, clips: int) -> dict[str, Any]:
        assets = self.get(f"/assets?campaignId={self.campaign_id}&type=image")["items"][:clips]
        return {**super().wishes(clips), "assetIds": [one["id"] for one in assets]}

    def meets(self, *rules: dict[str, Any]) -> None:
        """OpenAI's stand-in from now on."""
        self.script(*[{"times": 1, **rule} for rule in rules], service="openai")

    def asked(self) -> Counter[str]:
        return Counter(STEPS[one["path"]] for one in self.log("openai") if one["path"] in STEPS)

    def lines_of(self, job: str) -> dict[str, str]:
        """What became of each step's lines, in their order."""
        lines = sorted(self.lines(job), key=lambda one: (one.reserved_at, one.attempt_id))
        assert {line.clip for line in lines} <= {NARRATION}
        return {
            stage: ", ".join(line.state.value for line in lines if line.stage == stage)
            for stage in STEPS.values()
            if any(line.stage == stage for line in lines)
        }

    @contextmanager
    def held_back(self) -> Iterator[Pool]:
        """No film is begun meanwhile: nothing is asked of anybody."""
        with without_room(self, "plan") as pool:
            yield pool
        assert self.asked() == {}

    def cancel(self, *jobs: str) -> None:
        """And waits for the end."""
        for job in jobs:
            self.post(f"/jobs/{job}/cancel", {})
        assert {self.wait(job)["status"] for job in jobs} == {"cancelled"}

    def _balances(self, job: str) -> None:
        """What it cost is what its narration was settled at, too."""
        super()._balances(job)
        state, totals = self.get(f"/jobs/{job}"), self.ledger.totals(job)
        assert (state["actualCost"], state["lostCost"]) == (float(totals.settled), float(totals.lost))
        assert sum(state["costs"].values()) == pytest.approx(float(totals.settled))
