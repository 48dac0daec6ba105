"""A world in one process: one virtual clock, one list of what is to happen, and invocations that take turns.

An invocation is a thread, but only the one that holds the baton runs: at each call that it makes to the outside it goes
through the list of what is to happen until its own turn comes, and hands the baton to whoever's turn comes before. What
happens when, and who is killed where, is drawn from one seeded source of chance: the same seed is the same history.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from functions.studio.clock import CLOCK
from simulation.weather import BEGINNING, Weather

T = TypeVar("T")

MOST_EVENTS = 60_000
"""Of a history: one that goes on for longer runs in a circle."""


class Killed(BaseException):
    """The invocation ends here, as when its machine is taken away. No handler of the domain's may catch it."""


class Runaway(AssertionError):
    """A history without end."""


class Mistake(AssertionError):
    """A function ends with an error that nobody meant."""


class Event:
    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Runner:
    """Whoever can hold the baton."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()


class Worker(Runner):
    """A thread that runs one invocation after the other, in one world after the other."""

    def __init__(self, crew: Crew) -> None:
        super().__init__()
        self.crew = crew
        self.job: Callable[[], None] = lambda: None
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        CLOCK.set(self.crew)
        self.lock.acquire()
        while True:
            self.job()
            self.crew.idle.append(self)
            self.crew.world.pass_on(self)


class Crew:
    """The threads of this process, and their clock: that of the world which they are in."""

    def __init__(self) -> None:
        self.idle: list[Worker] = []
        self.main = Runner()
        self.world: World

    def worker(self) -> Worker:
        return self.idle.pop() if self.idle else Worker(self)

    def time(self) -> float:
        return self.world.time

    def sleep(self, seconds: float, /) -> None:
        self.world.sleep(seconds)


class Invocation:
    """One run of a function. `told` hears once how it ended: its result, or the error in Lambda's words."""

    def __init__(
        self, world: World, function: str, number: int, told: Callable[[Any, BaseException | None], None]
    ) -> None:
        self.world = world
        self.function = function
        self.number = number
        self.told = told
        self.worker: Worker | None = None
        self.dead: str | None = None
        self.waits = 0
        """Counts its calls: what wakes it is meant for one of them."""
        self.job_id: str | None = None
        """The only job that it may touch, where it is about one."""
        self.about: tuple[str, str] | None = None
        """The job and the attempt that it is for, where it is for one."""
        self.began = world.time
        self.well = False
        """Whether it came to its end."""
        self.tenant: str | None = None
        """For whom it works, where somebody has asked for it."""
        self.limit: Event | None = None

    def __str__(self) -> str:
        return f"{self.function}/{self.number}"


class World:
    def __init__(self, crew: Crew, seed: int, weather: Weather, chance: Random, tracing: bool = False) -> None:
        self.crew = crew
        crew.world = self
        self.seed = seed
        self.weather = weather
        self.chance = chance
        self.time = BEGINNING
        self.trace: list[str] | None = [] if tracing else None
        self.current: Invocation | None = None
        self.alive: dict[int, Invocation] = {}
        self.fault: BaseException | None = None
        self.expected: tuple[type[Exception], ...] = (Exception,)
        """What an invocation may end with."""
        self.calls = 0
        self.interruptions: dict[int, Callable[[], None]] = {}
        """What happens at the call with that number, whoever makes it."""
        self.playing = False
        self.closing = False
        self.done: Callable[[], bool] = lambda: False
        self.invocations = 0
        self.events = 0
        self._heap: list[tuple[float, int, Event]] = []
        self._order = 0
        self._next: tuple[Runner, Invocation | None] | None = None

    # what is to happen

    def after(self, seconds: float, action: Callable[[], None]) -> Event:
        event = Event(action)
        self._order += 1
        heapq.heappush(self._heap, (self.time + seconds, self._order, event))
        return event

    def note(self, *words: object) -> None:
        if self.trace is not None:
            who = f" {self.current}" if self.current else ""
            self.trace.append(f"{self.time - BEGINNING:10.3f}{who} {' '.join(map(str, words))}")

    @property
    def elapsed(self) -> float:
        return self.time - BEGINNING

    def calm(self) -> bool:
        """Whether nothing goes wrong any more: every history comes to rest."""
        return self.elapsed >= self.weather.clears

    def strikes(self, rate: float) -> bool:
        """Whether something goes wrong now that goes wrong so often."""
        return rate > 0 and self.playing and not self.calm() and self.chance.random() < rate

    def latency(self) -> float:
        """Of half a call."""
        if self.strikes(self.weather.slow):
            return self.chance.choice((0.5, 3.0, 20.0, 55.0)) * self.chance.random()
        return 0.002 + 0.02 * self.chance.random()

    # the baton

    def run(self, done: Callable[[], bool]) -> None:
        """Until `done`, or until nothing is to happen any more."""
        self.done = done
        self.playing = True
        try:
            self.pass_on(self.crew.main)
        finally:
            self._end()
            self.playing = False
        if self.fault:
            raise self.fault

    def pass_on(self, me: Runner) -> None:
        while self._next is None:
            self._turn()
        (runner, invocation), self._next = self._next, None
        self.current = invocation
        if runner is me:
            return
        runner.lock.release()
        me.lock.acquire()

    def _turn(self) -> None:
        if self.closing or self.fault or not self._heap or self.done():
            self._next = (self.crew.main, None)
            return
        self.time, _, event = heapq.heappop(self._heap)
        if event.action is None:
            return
        self.events += 1
        self.current = None
        try:
            if self.events > MOST_EVENTS:
                raise Runaway(f"{MOST_EVENTS} events, and no end")
            event.action()
        except BaseException as fault:  # noqa: BLE001  # it is raised again by `run`, in the thread that asked for it
            self.fault = fault

    def _end(self) -> None:
        """Everybody who still waits is killed, so that the threads are free for the next world."""
        self.closing = True
        for invocation in list(self.alive.values()):
            if invocation.worker:
                invocation.dead = "the world ended"
                self._next = (invocation.worker, invocation)
                self.pass_on(self.crew.main)

    # invocations

    def invoke(
        self,
        function: str,
        work: Callable[[], Any],
        told: Callable[[Any, BaseException | None], None],
        seconds: float,
        about: str | None = None,
    ) -> Invocation:
        """`work` begins now, in a thread of its own, and is killed after `seconds`."""
        self.invocations += 1
        invocation = Invocation(self, function, self.invocations, told)
        invocation.job_id = about
        self.alive[invocation.number] = invocation
        worker = self.crew.worker()
        invocation.worker = worker
        worker.job = lambda: self._work(invocation, work)
        invocation.limit = self.after(seconds, lambda: self.kill(invocation, "Sandbox.Timedout"))
        self._next = (worker, invocation)
        return invocation

    def _work(self, invocation: Invocation, work: Callable[[], Any]) -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = work()
            invocation.well = True
        except Killed as killed:
            error = killed
        except Exception as raised:  # noqa: BLE001  # Lambda tells whoever called
            error = raised
            if not isinstance(raised, self.expected):
                self.fault = self.fault or Mistake(f"{invocation.function} ends with {type(raised).__name__}: {raised}")
                self.fault.__cause__ = raised
        except BaseException as fault:  # noqa: BLE001  # raised again by `run`
            self.fault = self.fault or fault
        del self.alive[invocation.number]
        if invocation.limit:
            invocation.limit.cancel()
        if self.closing or self.fault:
            return
        if error is not None and not isinstance(error, Killed):
            self.note("ends with", type(error).__name__, error)
        if not isinstance(error, Killed):
            try:
                invocation.told(result, error)
            except BaseException as fault:  # noqa: BLE001  # raised again by `run`
                self.fault = fault

    def kill(self, invocation: Invocation, why: str) -> None:
        """Whoever called hears of it now; what the invocation has sent arrives nevertheless."""
        if invocation.dead or invocation.number not in self.alive:
            return
        invocation.dead = why
        self.note(invocation, "is killed:", why)
        invocation.told(None, Killed(why))
        worker = invocation.worker
        assert worker is not None
        if invocation is self.current:
            return
        self.after(0, lambda: self._resume(worker, invocation))

    def _resume(self, worker: Worker, invocation: Invocation) -> None:
        if invocation.number in self.alive:
            self._next = (worker, invocation)

    def call(self, what: str, effect: Callable[[], T], *, lasts: float = 0.0, quick: bool = False) -> T:
        """A call of the running invocation to the outside: its effect happens when it arrives there, perhaps after the
        caller was killed; what it answers, or raises, comes some time later.

        `effect` runs outside of every invocation. `quick` is for what is known to be harmless to everybody else.
        """
        me = self.current
        if me is None:  # nobody of this world: whoever prepares it, or looks at what has become of it
            return effect()
        assert me.worker is not None
        if me.dead:
            raise Killed(me.dead)
        self.calls += 1
        if interruption := self.interruptions.pop(self.calls, None):
            self.after(0, interruption)
        me.waits += 1
        turn = me.waits
        crash = self.strikes(self.weather.crash)
        if crash and self.chance.random() < 0.4:
            self.note("is killed before", what)
            self.kill(me, "Runtime.ExitError")
            raise Killed("Runtime.ExitError")
        answer: list[Any] = []

        def wake() -> None:
            if me.number in self.alive and me.waits == turn and not me.dead:
                assert me.worker is not None
                self._next = (me.worker, me)

        def arrive() -> None:
            if self.trace is not None:
                self.trace.append(f"{self.time - BEGINNING:10.3f} {me} {what}{' (it is dead)' if me.dead else ''}")
            try:
                answer.append((effect(), None))
            except Exception as error:  # noqa: BLE001  # the caller's to hear
                answer.append((None, error))
                self.note("  answers", type(error).__name__, error)
            if crash:
                self.kill(me, "Runtime.ExitError")
            elif not me.dead:
                self.after((0.0 if quick else self.latency()) + lasts, wake)

        self.after(self.latency(), arrive)
        self.pass_on(me.worker)
        if me.dead:
            raise Killed(me.dead)
        result, error = answer[0]
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # the effect's own

    def sleep(self, seconds: float) -> None:
        me = self.current
        assert me is not None
        assert me.worker is not None
        if me.dead:
            raise Killed(me.dead)
        me.waits += 1
        turn = me.waits

        def wake() -> None:
            if me.number in self.alive and me.waits == turn and not me.dead:
                assert me.worker is not None
                self._next = (me.worker, me)

        self.after(seconds, wake)
        self.pass_on(me.worker)
        if me.dead:
            raise Killed(me.dead)
