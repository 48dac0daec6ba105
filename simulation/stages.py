"""What must hold at every write of films of scenes: the picture first, once, looked at where that was asked for; then the video.
And of what they take beside money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from functions.studio.credits import tariff
from simulation.expressions import Item
from simulation.house import House
from simulation.runs_seen import Broken, Run, money, text

NOTHING = Decimal(0)


def is_of_scenes(job: Item | None) -> bool:
    return job is not None and text(job, "kind") == "scenes"


def has_paused(job: Item, number: int) -> bool:
    """Whether that run is over although the job goes on, or may."""
    pause = job.get("pause", {}).get("M")
    return pause is not None and int(pause["run"]["N"]) == number


class Stages:
    def __init__(self, house: House) -> None:
        self.house = house
        self.items = house.dynamodb.items
        self.shown: dict[tuple[str, str], str] = {}
        """The picture that each video is to begin with, by job and attempt."""

    def run_begins(self, pk: str, run: Run) -> None:
        """What was there before it: a picture is not paid for again unasked."""
        clips = [one for one in self.house.dynamodb.partition(pk) if one["sk"]["S"].startswith("CLIP#")]
        run.pictured = {int(clip["number"]["N"]) for clip in clips if "M" in clip.get("picture", {})}
        run.waiting = {int(clip["number"]["N"]) for clip in clips if text(clip, "status") == "awaiting_approval"}

    def run_ends(self, pk: str, number: int, run: Run) -> None:
        """Whatever has come of it, a picture that waited is there."""
        there = (self.items[pk, f"CLIP#{clip:04d}"] for clip in run.waiting)
        if lost := sorted(int(clip["number"]["N"]) for clip in there if "M" not in clip.get("picture", {})):
            raise Broken(f"{pk} had pictures of clips {lost} that waited before run {number}, and not behind it")

    def paused(self, pk: str, number: int) -> None:
        """Nobody works for a job that waits: its execution is about to end, and no clip of it is open."""
        execution = self.house.machine.executions.get(f"{pk.removeprefix('J#')}-{number}")
        if execution is None or (execution.status == "RUNNING" and execution.tries[-1].name != "Deliver"):
            raise Broken(f"{pk} waits, and its execution goes on")
        if any(child.status == "RUNNING" for child in execution.children):
            raise Broken(f"{pk} waits, and clips of it are still made")
        rows = self.house.dynamodb.partition(pk)
        if [
            one
            for one in rows
            if one["sk"]["S"].startswith("CLIP#") and text(one, "status") in ("pending", "processing")
        ]:
            raise Broken(f"{pk} waits, and a clip of it is open")

    def line(self, pk: str, run: Run, item: Item) -> None:
        """One is put: a second picture is paid for where somebody has asked for it, and nowhere else."""
        if text(item, "stage") != "image":
            return
        number = int(item["clip"]["N"])
        if number in run.pictured and not run.pictures_anew:
            raise Broken(f"{pk} pays for another picture of clip {number} in a run of the kind {run.kind}")
        if self._kept_in(pk, item["run"], number):
            raise Broken(f"{pk} pays for another picture of clip {number} in the same run")

    def video_is_asked(self, pk: str, attempt: Item) -> None:
        """It begins with a picture that is kept, and that its caller has looked at where that was wanted."""
        job, number = self.items[pk, "JOB"], int(attempt["clip"]["N"])
        clip = self.items[pk, f"CLIP#{number:04d}"]
        picture = clip.get("picture", {}).get("M")
        if picture is None or text(clip, "image1Key") != text(picture, "key"):
            raise Broken(f"{pk} asks for the video of clip {number}, and not with its picture")
        if text(picture, "key") not in self.house.shared.objects:
            raise Broken(f"{pk} asks for the video of clip {number}, and its picture is not in the bucket")
        self.shown[pk.removeprefix("J#"), text(attempt, "id")] = text(picture, "key")
        if text(job, "pauseAfter") != "image":
            return
        if self._kept_in(pk, attempt["run"], number):
            raise Broken(f"{pk} asks for the video of clip {number}, whose picture nobody has looked at")
        approved = (pk.removeprefix("J#"), number) in self.house.approved
        if text(job["purpose"]["M"], "kind") == "approved" and not approved:
            raise Broken(f"{pk} asks for the video of clip {number}, whose picture nobody has approved")

    def _kept_in(self, pk: str, run: Mapping[str, str], clip: int) -> bool:
        return any(
            one["run"] == run
            and int(one["clip"]["N"]) == clip
            and text(one, "stage") == "image"
            and text(one, "state") == "settled"
            for one in lines_of(self.house, pk)
        )

    # credits

    def balance(self, was: Item | None, item: Item | None) -> None:
        """A tenant's: it never has less than is promised."""
        if item is None:
            raise Broken("a tenant's credits were deleted")
        used, before = money(item, "used"), money(was or {}, "used")
        parts = [money(item, name) for name in ("reserved", "settled")]
        if used != sum(parts) or min(parts) < 0:
            raise Broken("the tenant's credits do not add up")
        if used > money(item, "cap") and (used > before or money(item, "cap") < money(was or {}, "cap")):
            raise Broken(f"{used} credits are taken or reserved, of {money(item, 'cap')}")

    def add_up(self, tenant: str) -> None:
        """At every moment a tenant's credits say what the lines of its jobs say, and so does their history."""
        reserved = taken = NOTHING
        for job_id, owner in self.house.owner_of_job.items():
            if owner == tenant:
                job = self.items[f"J#{job_id}", "JOB"]
                reserved += money(job, "reservedCredits")
                taken += self._taken(f"J#{job_id}", job)
        counter = self.items.get((f"T#{tenant}", "CREDITS"), {})
        says = money(counter, "reserved"), money(counter, "settled")
        if says != (reserved, taken):
            raise Broken(
                f"the tenant's credits say {says[0]} reserved and {says[1]} taken, the jobs {reserved} and {taken}"
            )
        rows = self.house.dynamodb.partition(f"T#{tenant}")
        entered = sum((money(one, "credits") for one in rows if one["sk"]["S"].startswith("CREDITS#")), NOTHING)
        if entered != money(counter, "cap") - says[1]:
            raise Broken(f"the history of credits comes to {entered}, and {money(counter, 'cap') - says[1]} are there")

    def _taken(self, pk: str, job: Item) -> Decimal:
        """For what was kept in the runs that are over, at the tariff: whatever a line says."""
        costs, run = tariff().of_kind(text(job, "kind")), int(job["run"]["N"])
        over = text(job, "status") in ("completed", "failed", "cancelled", "awaiting_approval") or has_paused(job, run)
        return Decimal(
            sum(
                costs.get(text(line, "stage"), 0)
                for line in lines_of(self.house, pk)
                if text(line, "state") == "settled" and (over or int(line["run"]["N"]) < run)
            )
        )


def lines_of(house: House, pk: str) -> Iterable[Item]:
    return (one for one in house.dynamodb.partition(pk) if one["sk"]["S"].startswith("LEDGER#"))
