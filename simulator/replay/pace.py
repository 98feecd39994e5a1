"""How fast a replay goes: as fast as it can, or so many times as fast as it was."""

import asyncio

from schema.instants import SECOND, Instant


class AtOnce:
    """As fast as it can; what shares the loop gets its turn now and then."""

    def __init__(self) -> None:
        self._steps = 0

    async def until(self, at: Instant) -> None:  # noqa: ARG002 - every instant may happen now
        """Return at once."""
        self._steps += 1
        if self._steps % 256 == 0:
            await asyncio.sleep(0)


class InRealTime:
    """`speed` times as fast as it was, counted from the first instant, so that no delay adds up."""

    def __init__(self, begins: Instant, speed: float) -> None:
        self._begins = begins
        self._speed = speed
        self._started = asyncio.get_running_loop().time()

    async def until(self, at: Instant) -> None:
        """Return when the instant has come."""
        due = self._started + (at - self._begins) / SECOND / self._speed
        await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))
