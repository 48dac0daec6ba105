"""What the simulation says of the deployment is what the template says."""

from __future__ import annotations

from simulation.house import SECONDS
from simulation.surroundings import MOST_RECEIVES
from tests.infra.conftest import Reader


def test_functions_are_killed_there_when_they_would_be_here(template: Reader) -> None:
    assert {name: function["Timeout"] for name, function in template.functions.items()} == SECONDS


def test_a_message_is_set_aside_after_as_many_receives(template: Reader) -> None:
    queues = template.all("AWS::SQS::Queue").values()
    [most] = [queue["RedrivePolicy"]["maxReceiveCount"] for queue in queues if "RedrivePolicy" in queue]
    assert most == MOST_RECEIVES
