"""The order of the world in a replay: which deadline fires before which message, at which instant.

Before each line of the capture, every deadline that comes due fires at a tick of its own, on the whole second
as the gateway's ticks are; then the line arrives. What falls on the same instant fires first. After the last
line the clock runs on until no deadline is left, 24 hours at most. What only a human ends is closed before it
could hide the next (`closings`).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from schema.entries import AlarmClosed
from schema.findings import FindingChange
from schema.instants import DAY, SECOND, Instant
from simulator.capture.lines import Line
from simulator.replay.closings import Closings

RUNS_ON = DAY
"""How long the clock runs on after the last line, at most."""


class World(Protocol):
    """Something in which messages arrive and time passes. Each returns what the monitor then said."""

    def next_due(self) -> Instant | None:
        """Return when the next deadline is due; None where none runs."""
        ...

    async def tick(self, at: Instant) -> Sequence[FindingChange]:
        """Let the log's time be `at`: what is due by then fires."""
        ...

    async def deliver(self, line: Line) -> Sequence[FindingChange]:
        """Let the message arrive at its time, be stored and be folded."""
        ...

    async def close(self, at: Instant, closed: Sequence[AlarmClosed]) -> Sequence[FindingChange]:
        """Let alarms be closed by a human."""
        ...


class Pace(Protocol):
    """How long the replay waits before it lets something happen."""

    async def until(self, at: Instant) -> None:
        """Return when `at` may happen."""
        ...


class Course:
    """One playing of a capture; `said` is everything the monitor said, in order."""

    def __init__(self, world: World, closings: Closings, pace: Pace) -> None:
        self.said = list[FindingChange]()
        self._world = world
        self._closings = closings
        self._pace = pace
        self._ticked_at: Instant = 0

    async def play(self, lines: Sequence[Line], played: Callable[[], None]) -> None:
        """Play the lines, which are in order of time, and what they leave running; call `played` after each."""
        for line in lines:
            await self._pass_until(line.at)
            await self._pace.until(line.at)
            await self._close(line.at, self._closings.before(line))
            self._heed(await self._world.deliver(line))
            played()
        await self._pass_until(lines[-1].at + RUNS_ON)

    async def _pass_until(self, at: Instant) -> None:
        """Fire every deadline that a tick not later than `at` finds due, each tick later than the one before."""
        while (due := self._next_due()) is not None:
            tick = max(whole_second(due), self._ticked_at + SECOND)
            if tick > at:
                return
            await self._pace.until(tick)
            await self._close(tick, self._closings.due(tick))
            self._heed(await self._world.tick(tick))
            self._ticked_at = tick

    def _next_due(self) -> Instant | None:
        dues = (self._world.next_due(), self._closings.next_due())
        return min((due for due in dues if due is not None), default=None)

    async def _close(self, at: Instant, closed: Sequence[AlarmClosed]) -> None:
        if closed:
            self._heed(await self._world.close(at, closed))

    def _heed(self, changes: Sequence[FindingChange]) -> None:
        self.said += changes
        self._closings.heed(changes)


def whole_second(at: Instant) -> Instant:
    """Return the first whole second not before `at`."""
    return -(-at // SECOND) * SECOND
