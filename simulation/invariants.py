"""What must hold at every write, whatever goes wrong: `failures.md`'s invariants as far as a row shows them."""

from __future__ import annotations

from decimal import Decimal

from functions.studio.ledger import NARRATION, Line
from functions.studio.table import row
from simulation.dynamodb import Key
from simulation.expressions import Item
from simulation.house import House
from simulation.runs_seen import Broken, Run, money, text
from simulation.stages import Stages, has_paused, is_of_scenes, lines_of

ORDER = {"asked": 0, "unknown": 1, "accepted": 2, "answered": 3}
"""Of an attempt; whatever follows is its end."""

ENDED_CLIP = ("completed", "failed", "cancelled")
ENDED_JOB = ("completed", "failed", "cancelled")

NOTHING = Decimal(0)
MONEY = ("reserved", "settled", "lost")


class Watch:
    """Hears of every write, and when all of what belongs together is written."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.items = house.dynamodb.items
        self.runs: dict[str, dict[int, Run]] = {}
        """By job and number."""
        self.stages = Stages(house)
        self._moved: set[str] = set()
        """Tenants whose money moved."""

    def written(self, key: Key, was: Item | None, item: Item | None) -> None:
        pk, sk = key
        if sk == "BUDGET" or sk.startswith("BUDGET#"):
            self._counter(key, was, item)
        elif sk == "CREDITS":
            self._moved.add(pk.removeprefix("T#"))
            self.stages.balance(was, item)
        if not pk.startswith("J#"):
            return
        if sk == "JOB":
            self._job(pk, was, item)
        elif sk.startswith("CLIP#"):
            _clip(key, was, item)
            self._policy(pk, item)
        elif sk.startswith("ATT#"):
            _attempt(key, was, item)
            if was is None and item is not None and text(item, "stage") == "video" and is_of_scenes(self._job_of(pk)):
                self.stages.video_is_asked(pk, item)
        elif sk.startswith("LEDGER#"):
            job = self._job_of(pk)
            _line(key, was, item, job)
            if item is not None and text(item, "state") == "settled" and int(item["clip"]["N"]) == NARRATION:
                tenant, line = self.house.owner_of_job[pk.removeprefix("J#")], Line.model_validate(row(item))
                self.house.services.answered_first(tenant, pk.removeprefix("J#"), line)
            if was is None and item is not None and is_of_scenes(job):
                self.stages.line(pk, self.runs[pk.removeprefix("J#")][int(item["run"]["N"])], item)
            self._moved.add(self.house.owner_of_job.get(pk.removeprefix("J#"), ""))

    def committed(self) -> None:
        moved, self._moved = self._moved, set()
        for tenant in sorted(moved - {""}):
            self._adds_up(tenant)
            self.stages.add_up(tenant)

    def _job_of(self, pk: str) -> Item | None:
        return self.items.get((pk, "JOB"))

    # a job

    def _job(self, pk: str, was: Item | None, item: Item | None) -> None:
        if item is None:
            raise Broken(f"{pk} was deleted")
        job_id, tenant = pk.removeprefix("J#"), text(item, "tenant")
        number, runs = int(item["run"]["N"]), self.runs.setdefault(job_id, {})
        self._moved.add(tenant)
        _budget_of_a_job(pk, was, item)
        if was is None:
            self.house.owner_of_job[job_id] = tenant
            runs[number] = Run(self.house.world.time, reserved=money(item, "reservedCost"))
            lines = sum((money(line, "amount") for line in lines_of(self.house, pk)), NOTHING)
            if "totalClips" in item and text(item, "kind") != "listing" and lines != money(item, "reservedCost"):
                raise Broken(f"{pk} reserves {money(item, 'reservedCost')}, and its clips may come to {lines}")
            return
        one, other, before = text(was, "status"), text(item, "status"), int(was["run"]["N"])
        if number != before:
            self._next_run(pk, was, item, before)
            runs[number].reserved = money(item, "reservedCost")
        elif one in ENDED_JOB and one != other:
            raise Broken(f"{pk} was {one} and became {other} in the same run")
        if text(was, "tenant") != tenant:
            raise Broken(f"{pk} changed its tenant")
        run = runs[number]
        run.reserved = money(item, "reservedCost") or run.reserved
        if "closing" in item and run.closing is None:
            run.closing = self.house.world.time
            run.stopped = run.closing if run.stopped is None else run.stopped
        if one == "cancelling" and other not in ("cancelling", "cancelled"):
            raise Broken(f"{pk} was cancelling and became {other}")
        if other == "awaiting_approval" and run.paused is None:
            run.paused = run.ended = self.house.world.time
            self.stages.paused(pk, number)
            self.stages.run_ends(pk, number, run)
        if other in ENDED_JOB and run.status == "":
            run.ended, run.status = run.paused or self.house.world.time, other
            self._ended(pk, number, run)

    def _ended(self, pk: str, number: int, run: Run) -> None:
        if spoilt := run.good - self._with_a_video(pk):
            raise Broken(f"{pk} had videos of clips {sorted(spoilt)} before run {number}, and not behind it")
        self.stages.run_ends(pk, number, run)
        execution = self.house.machine.executions.get(f"{pk.removeprefix('J#')}-{number}")
        goes_on = execution and execution.status == "RUNNING" and execution.tries[-1].name != "CloseJob"
        if run.status == "cancelled" and execution and goes_on and execution.began < (run.stopped or 0.0):
            raise Broken(f"{pk} is cancelled, and its execution goes on")

    def _with_a_video(self, pk: str) -> set[int]:
        clips = (one for one in self.house.dynamodb.partition(pk) if one["sk"]["S"].startswith("CLIP#"))
        return {int(clip["number"]["N"]) for clip in clips if text(clip, "status") == "completed"}

    def _policy(self, pk: str, item: Item | None) -> None:
        """Who wants all shots or none has nothing sent any more once one is lost, in all of its variants."""
        job = self.items.get((pk, "JOB"))
        if job is None or item is None or text(item, "status") != "failed":
            return
        shot = item.get("shot")
        beside = [one for one in self.house.dynamodb.partition(pk) if shot and one.get("shot") == shot]
        if any(text(one, "status") not in ("failed", "cancelled") for one in beside):
            return
        run = self.runs[pk.removeprefix("J#")][int(job["run"]["N"])]
        if run.kind == "first" and run.stopped is None and text(job["onClipFailure"]["M"], "kind") == "fail_fast":
            run.stopped = self.house.world.time

    def _next_run(self, pk: str, was: Item, item: Item, before: int) -> None:
        number = int(item["run"]["N"])
        if number != before + 1 or text(was, "status") not in (*ENDED_JOB, "awaiting_approval"):
            raise Broken(f"{pk} went from run {before}, which was {text(was, 'status')}, to run {number}")
        if was.get("announcedRun") != was["run"]:
            raise Broken(f"{pk} went on before the end of its run {before} was told")
        purpose = item["purpose"]["M"]
        run = Run(
            self.house.world.time,
            kind=purpose["kind"]["S"],
            clips={int(one["N"]) for one in purpose["clips"]["L"]},
            chooses=purpose["chooses"]["BOOL"],
        )
        self.runs[pk.removeprefix("J#")][number] = run
        run.good = self._with_a_video(pk)
        wish = purpose.get("wish", {}).get("M")
        run.pictures_anew = run.kind == "regenerate" and wish is not None and text(wish, "stage") == "image"
        self.stages.run_begins(pk, run)
        if run.kind == "retry" and (good := run.clips & run.good):
            raise Broken(f"{pk} pays again for clips {sorted(good)}, which are good")

    # money

    def _counter(self, key: Key, was: Item | None, item: Item | None) -> None:
        """Of a tenant or a campaign: it rises within its cap alone."""
        if item is None:
            raise Broken(f"{key} was deleted")
        pk, sk = key
        whose = "tenant's" if sk == "BUDGET" else "campaign's"
        self._moved.add(pk.removeprefix("T#"))
        used, before = money(item, "used"), money(was or {}, "used")
        if used != sum(money(item, name) for name in MONEY) or any(money(item, name) < 0 for name in MONEY):
            raise Broken(f"the {whose} budget does not add up")
        cap = item.get("cap")
        if campaign := sk.removeprefix("BUDGET").removeprefix("#"):
            cap = self.items[pk, f"CAMPAIGN#{campaign}"].get("budgetUsd")
        if cap and "N" in cap and used > before and used > Decimal(cap["N"]):
            raise Broken(f"the {whose} budget rose to {used}, over its cap of {cap['N']}")

    def _adds_up(self, tenant: str) -> None:
        """At every moment the counters say what the jobs say, and the jobs hold what their lines may come to."""
        sums: dict[str, dict[str, Decimal]] = {"BUDGET": dict.fromkeys(MONEY, NOTHING)}
        for job_id, owner in self.house.owner_of_job.items():
            if owner == tenant:
                job = self.items[f"J#{job_id}", "JOB"]
                self._covered(f"J#{job_id}", job)
                mine = dict(
                    zip(MONEY, (money(job, f"{name}Cost") for name in ("reserved", "actual", "lost")), strict=True)
                )
                for of in ("BUDGET", f"BUDGET#{text(job, 'campaignId')}"):
                    there = sums.setdefault(of, dict.fromkeys(MONEY, NOTHING))
                    sums[of] = {name: there[name] + mine[name] for name in MONEY}
        for of, counted in sums.items():
            counter = self.items.get((f"T#{tenant}", of), {})
            says = {name: money(counter, name) for name in MONEY}
            if says != counted:
                whose = "tenant's" if of == "BUDGET" else "campaign's"
                raise Broken(f"the {whose} budget says {_shown(says)}, the jobs {_shown(counted)}")

    def _covered(self, pk: str, job: Item) -> None:
        """What the lines of the present run come to at most is set aside for it, and nothing is once it has ended."""
        status, reserved = text(job, "status"), money(job, "reservedCost")
        if status in (*ENDED_JOB, "awaiting_approval") or has_paused(job, int(job["run"]["N"])):
            if reserved or money(job, "reservedCredits"):
                more = f"{reserved} USD and {money(job, 'reservedCredits')} credits"
                raise Broken(f"{pk} is {status}, and {more} are reserved for it")
        elif status != "planning" or text(job, "kind") == "listing":
            # Who cancels while clips are chosen finds lines that nothing was set aside for yet: nothing is sent for them.
            unsent = "reserved" if status == "cancelling" else ""
            lines = [
                one for one in lines_of(self.house, pk) if one["run"] == job["run"] and text(one, "state") != unsent
            ]
            if (counts := sum(map(counts_of, lines), NOTHING)) > reserved:
                raise Broken(f"{pk} has {reserved} reserved, and its lines come to {counts}")


def counts_of(line: Item) -> Decimal:
    """What a line takes of a budget."""
    if text(line, "state") == "released":
        return NOTHING
    return Decimal(line["cost"]["N"]) if "N" in line.get("cost", {}) else money(line, "amount")


def _shown(sums: dict[str, Decimal]) -> str:
    return ", ".join(f"{amount} {name}" for name, amount in sums.items())


def _budget_of_a_job(pk: str, was: Item | None, item: Item) -> None:
    """What is reserved rises within the job's own budget alone."""
    budget = item.get("budgetUsd", {}).get("N")
    if budget is None or money(item, "reservedCost") <= money(was or {}, "reservedCost"):
        return
    used = sum((money(item, f"{name}Cost") for name in ("reserved", "actual", "lost")), NOTHING)
    if used > Decimal(budget):
        raise Broken(f"{pk} rose to {used}, over its budget of {budget}")


def _clip(key: Key, was: Item | None, item: Item | None) -> None:
    if was is None or was["status"] == {"S": "pending"}:
        return
    if item is None:
        raise Broken(f"{key} was deleted after it had begun")
    one, other = text(was, "status"), text(item, "status")
    if was["run"] == item["run"] and one in ENDED_CLIP and (one != other or was.get("kept") != item.get("kept")):
        raise Broken(f"{key} was {one} and became {other} in the same run")


def _attempt(key: Key, was: Item | None, item: Item | None) -> None:
    if was is None:
        return
    if item is None:
        raise Broken(f"{key} was deleted")
    one, other = text(was, "status"), text(item, "status")
    if ORDER.get(other, 4) < ORDER.get(one, 4) or (ORDER.get(one, 4) == 4 and one != other):
        raise Broken(f"{key} was {one} and became {other}")
    if "answer" in was and was["answer"] != item.get("answer"):
        raise Broken(f"{key} had its answer, and got another")
    if text(was, "predictionId") not in ("", text(item, "predictionId")):
        raise Broken(f"{key} had a prediction, and got another")


def _line(key: Key, was: Item | None, item: Item | None, job: Item | None) -> None:
    if item is not None and counts_of(item) > money(item, "amount"):
        raise Broken(f"{key} comes to more than was reserved for it")
    if was is None or (job is not None and text(job, "status") == "planning") or job is None:
        return
    if item is None:
        raise Broken(f"{key} was deleted")
    one, other = text(was, "state"), text(item, "state")
    if one != "reserved" and one != other:
        raise Broken(f"{key} was {one} and became {other}")
    if one != "reserved" and was.get("endedAt") != item.get("endedAt"):
        raise Broken(f"{key} was {one} and ended again")
    if (was["amount"], was["credits"]) != (item["amount"], item["credits"]):
        raise Broken(f"{key} changed its amount")


def acknowledged(house: House, job_id: str, attempt_id: str, prediction_id: str) -> None:
    """A webhook that was answered 2xx is recorded: nobody sends it again."""
    item = house.dynamodb.items.get((f"J#{job_id}", f"ATT#{attempt_id}"))
    if item is None:
        raise Broken(f"the webhook of {prediction_id} was taken, and attempt {attempt_id} is not there")
    if text(item, "status") in (*ORDER, "lost", "cancelled") and "answer" not in item:
        raise Broken(f"the webhook of {prediction_id} was taken, and attempt {attempt_id} is {text(item, 'status')}")
