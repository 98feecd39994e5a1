"""The order of the world in a replay: which deadline fires before which message, at which instant.

Before each line of the capture, every deadline that comes due fires at a tick of its own, on the whole second
as the gateway's ticks are; then the line arrives. What falls on the same instant fires first. After the last
line the clock runs on until no deadline is left, 24 hours at most.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from schema.instants import DAY, SECOND, Instant
from simulator.capture.lines import Line

RUNS_ON = DAY
"""How long the clock runs on after the last line, at most."""


class World(Protocol):
    """Something in which messages arrive and time passes."""

    def next_due(self) -> Instant | None:
        """Return when the next deadline is due; None where none runs."""
        ...

    async def tick(self, at: Instant) -> None:
        """Let the log's time be `at`: what is due by then fires."""
        ...

    async def deliver(self, line: Line) -> None:
        """Let the message arrive at its time, be stored and be folded."""
        ...


class Pace(Protocol):
    """How long the replay waits before it lets something happen."""

    async def until(self, at: Instant) -> None:
        """Return when `at` may happen."""
        ...


async def play(lines: Sequence[Line], world: World, pace: Pace, played: Callable[[], None]) -> None:
    """Play the lines, which are in order of time, and what they leave running; `played` is called after each."""
    clock = _Clock(world, pace, began=lines[0].at)
    for line in lines:
        await clock.pass_until(line.at)
        await pace.until(line.at)
        await world.deliver(line)
        played()
    await clock.pass_until(lines[-1].at + RUNS_ON)


class _Clock:
    """Fires deadlines as time passes; each tick is later than the one before, whatever a deadline claims."""

    def __init__(self, world: World, pace: Pace, began: Instant) -> None:
        self._world = world
        self._pace = pace
        self._ticked_at = began - SECOND

    async def pass_until(self, at: Instant) -> None:
        """Fire every deadline that a tick not later than `at` finds due."""
        while (due := self._world.next_due()) is not None:
            tick = max(whole_second(due), self._ticked_at + SECOND)
            if tick > at:
                return
            await self._pace.until(tick)
            await self._world.tick(tick)
            self._ticked_at = tick


def whole_second(at: Instant) -> Instant:
    """Return the first whole second not before `at`."""
    return -(-at // SECOND) * SECOND
