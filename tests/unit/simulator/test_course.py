"""The order of the world in a replay: deadlines on whole seconds, before what comes later, and never without end."""

from collections.abc import Sequence

import pytest

from gateway.registry import Directory
from schema.entries import AlarmClosed
from schema.findings import FindingChange
from schema.instants import DAY, HOUR, SECOND, Instant
from simulator.capture.lines import Line
from simulator.replay.closings import Closings
from simulator.replay.course import Course, whole_second
from simulator.replay.pace import AtOnce


class Diary:
    """A world that notes what happens, with one deadline after each line."""

    def __init__(self, *deadlines: Instant, every: Instant | None = None) -> None:
        self.happened: list[tuple[str, Instant]] = []
        self._deadlines = sorted(deadlines)
        self._every = every

    def next_due(self) -> Instant | None:
        """Return the earliest."""
        return self._deadlines[0] if self._deadlines else None

    async def tick(self, at: Instant) -> Sequence[FindingChange]:
        """Note it, and fire."""
        self.happened.append(("tick", at))
        fired = [due for due in self._deadlines if due <= at]
        self._deadlines = [due for due in self._deadlines if due > at]
        if self._every and fired:
            self._deadlines.append(fired[0] + self._every)
        return []

    async def deliver(self, line: Line) -> Sequence[FindingChange]:
        """Note it."""
        self.happened.append(("line", line.at))
        return []

    async def close(self, at: Instant, closed: Sequence[AlarmClosed]) -> Sequence[FindingChange]:
        """Note it."""
        self.happened += [("close", at)] * len(closed)
        return []


async def played(world: Diary, *at: Instant) -> list[tuple[str, Instant]]:
    course = Course(world, Closings(Directory()), AtOnce())
    await course.play([Line(each, "homes/h/d", b"{}") for each in at], lambda: None)
    return world.happened


async def test_a_deadline_fires_on_the_whole_second_before_what_comes_after_it() -> None:
    world = Diary(10 * SECOND + 1)
    assert await played(world, 10 * SECOND, 20 * SECOND) == [
        ("line", 10 * SECOND),
        ("tick", 11 * SECOND),
        ("line", 20 * SECOND),
    ]


async def test_a_deadline_and_a_line_at_one_instant_fire_in_that_order() -> None:
    assert await played(Diary(10 * SECOND), 10 * SECOND) == [("tick", 10 * SECOND), ("line", 10 * SECOND)]


async def test_a_line_between_a_deadline_and_its_tick_comes_first() -> None:
    late = 10 * SECOND + 500_000
    assert await played(Diary(10 * SECOND + 1), late) == [("line", late), ("tick", 11 * SECOND)]


async def test_deadlines_of_one_second_share_a_tick() -> None:
    world = Diary(10 * SECOND + 1, 10 * SECOND + 2, 11 * SECOND)
    assert await played(world, SECOND) == [("line", SECOND), ("tick", 11 * SECOND)]


async def test_the_clock_runs_on_for_a_day_and_no_longer() -> None:
    happened = await played(Diary(HOUR, every=HOUR), 30 * 60 * SECOND)
    assert happened[-1] == ("tick", DAY)
    assert len(happened) == 25


async def test_a_deadline_that_never_goes_away_does_not_hold_the_clock() -> None:
    class Stuck(Diary):
        def next_due(self) -> Instant | None:
            return 5 * SECOND

    world = Stuck()
    course = Course(world, Closings(Directory()), AtOnce())
    await course.play([Line(at, "homes/h/d", b"{}") for at in (4 * SECOND, 8 * SECOND)], lambda: None)
    assert world.happened[:6] == [
        ("line", 4 * SECOND),
        ("tick", 5 * SECOND),
        ("tick", 6 * SECOND),
        ("tick", 7 * SECOND),
        ("tick", 8 * SECOND),
        ("line", 8 * SECOND),
    ]


@pytest.mark.parametrize(("at", "whole"), [(0, 0), (1, SECOND), (SECOND, SECOND), (SECOND + 1, 2 * SECOND)])
def test_a_whole_second_is_never_before_its_deadline(at: Instant, whole: Instant) -> None:
    assert whole_second(at) == whole
