"""What of the deployment's template the histories go by."""

from __future__ import annotations

import json
from pathlib import Path

from functions.studio.check_queue import LONGEST_SEND
from functions.studio.tiers import Tier

SECONDS = {
    "api": 30,
    "plan": 300,
    "request_clip": LONGEST_SEND,
    "callback": 30,
    "check_clip": LONGEST_SEND,
    "keep_clip": 480,
    "arrange": 60,
    "make_piece": 900,
    "assemble": 900,
    "deliver": 60,
    "close_job": 300,
    "sweep": 60,
}
"""How long each function may run, as the template has it."""

STATES = {
    "Plan": "plan",
    "RequestClip": "request_clip",
    "KeepClip": "keep_clip",
    "Arrange": "arrange",
    "MakePiece": "make_piece",
    "Assemble": "assemble",
    "Deliver": "deliver",
    "CloseJob": "close_job",
}

DEFINITION = json.loads((Path(__file__).parents[1] / "functions" / "workflow.asl.json").read_text())
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:reelay"
ORIGIN = "https://api.example"
DELAYS = [30, 60, 120]
TIER = Tier(name="any", names_others=True, clips=1000)
CLIP_TIMEOUT = 600
APPROVAL = 900
"""Seconds that a job waits for its caller: 72 hours would be as many minutes of the sweep."""
