"""A recorded home lived through the real engine, and taken up again at any moment of it.

The gateway's decoding and the monitor's fold are those of `telecare replay --in-memory`; what is lived through once
is forked from the packed states of a checkpoint at each planted moment, so that 500 moments cost one replay and not
500. A fork is told readings and ticks as the log would be, and says what the monitor then says.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from benchmarks.detection.recorded import Home
from monitor.fold import Fold
from monitor.subjects import Kept
from schema.entries import AlarmClosed, Entry, Tick
from schema.findings import Finding, FindingChange
from schema.instants import SECOND, Instant
from schema.people_entries import Numbered, entries
from schema.plans import CarePlan
from simulator.capture.lines import Line
from simulator.replay.closings import Closings
from simulator.replay.course import Course, whole_second
from simulator.replay.memory import Memory, directory
from simulator.replay.pace import AtOnce


class Fork(NamedTuple):
    """The monitor's whole memory at a moment, as a checkpoint keeps it, and what ran then."""

    at: Instant
    position: int
    log_at: Instant
    kept: tuple[tuple[Kept, int], ...]
    running: tuple[Finding, ...]


class Life(NamedTuple):
    """What came of living through a recording."""

    home: Home
    facts: Numbered
    said: Sequence[FindingChange]
    forks: dict[Instant, Fork]


class _Watched(Memory):
    """The world in memory, whose state is kept at each of these moments, before anything later happens."""

    def __init__(self, home: Home, plan: CarePlan, moments: Iterable[Instant]) -> None:
        super().__init__(home.people(plan), home.lines[0].at - SECOND)
        self.forks: dict[Instant, Fork] = {}
        self._moments = sorted(set(moments), reverse=True)
        self._running: dict[str, Finding] = {}

    async def tick(self, at: Instant) -> list[FindingChange]:
        self._keep_until(at)
        return self._heed(await super().tick(at))

    async def close(self, at: Instant, closed: Sequence[AlarmClosed]) -> list[FindingChange]:
        self._keep_until(at)
        return self._heed(await super().close(at, closed))

    async def deliver(self, line: Line) -> list[FindingChange]:
        self._keep_until(line.at)
        return self._heed(await super().deliver(line))

    def _heed(self, said: list[FindingChange]) -> list[FindingChange]:
        for change in said:
            if change.change == "cleared":
                self._running.pop(change.finding.id, None)
            else:
                self._running[change.finding.id] = change.finding
        return said

    def _keep_until(self, at: Instant) -> None:
        while self._moments and self._moments[-1] < at:
            moment, fold = self._moments.pop(), self._fold
            kept = tuple((each, fold.position) for chunk in fold.chunks() for each in fold.keep(*chunk))
            self.forks[moment] = Fork(moment, fold.position, fold.at, kept, tuple(self._running.values()))


async def live(home: Home, plan: CarePlan, moments: Iterable[Instant], played: Callable[[], None]) -> Life:
    """Live through the recording with the plan in force from its beginning; fork it at the moments."""
    facts = entries(home.people(plan))
    world = _Watched(home, plan, moments)
    course = Course(world, Closings(directory(home.people(plan), facts.numbers)), AtOnce())
    await course.play(home.lines, played)
    return Life(home, facts, course.said, world.forks)


class Goes:
    """A fork that goes on: readings are told, time passes."""

    def __init__(self, life: Life, fork: Fork) -> None:
        self.said: list[FindingChange] = []
        self._fold = Fold()
        self._fold.resume(fork.position, fork.log_at, None, life.facts.entries, fork.kept)  # type: ignore[arg-type]
        self._position = fork.position
        self._at = max(fork.log_at, fork.at)
        self._append(self._at, Tick())  # all of it wakes

    def tell(self, at: Instant, entry: Entry) -> None:
        """Let an entry arrive; what is due before fires first."""
        self.pass_until(at)
        self._append(at, entry)

    def pass_until(self, at: Instant) -> None:
        """Let time pass: each deadline fires at a tick of its own, on the whole second, as the gateway's are."""
        ticked = self._at
        while (due := self._fold.next_due()) is not None:
            tick = max(whole_second(due), ticked + SECOND)
            if tick > at:
                return
            self._append(tick, Tick())
            ticked = tick

    def _append(self, at: Instant, entry: Entry) -> None:
        self._position += 1
        self._at = max(at, self._at + 1)
        self.said += self._fold.step(self._position, self._at, entry)
