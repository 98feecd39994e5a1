"""LISTEN and NOTIFY as they can be relied on: a hint that comes late, or never; the poll is the guarantee."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from random import Random

from tests.simulation.weather import Pace, Weather


class SimulatedListener:
    """What `runtime.database.Listener` is to a service: wakes at a hint, or after its time."""

    def __init__(self, hints: "Hints", channels: Iterable[str], *, deaf: bool = False) -> None:
        self._hints = hints
        self.deaf = deaf  # hears nothing, and looks by its own time alone
        self.heard = {channel: asyncio.Event() for channel in channels}

    async def run(self) -> None:
        """Listen until cancelled."""
        self._hints.listeners.append(self)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._hints.listeners.remove(self)

    async def wait(self, channel: str, seconds: float) -> None:
        """Return when the channel was notified since the last wait, or when it is time to look."""
        heard = self.heard[channel]
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, self._hints.pace.poll_seconds) if seconds >= 1 else seconds):
                await heard.wait()
        heard.clear()


class Hints:
    """Hands what transactions notified to who listens, as the weather allows."""

    def __init__(self, loop: asyncio.AbstractEventLoop, weather: Weather, pace: Pace, draw: Random) -> None:
        self.pace = pace
        self.listeners: list[SimulatedListener] = []
        self._loop = loop
        self._weather = weather
        self._draw = draw

    def notify(self, channels: frozenset[str]) -> None:
        """Let each listener hear of each channel, soon or never."""
        for channel in sorted(channels):
            for listener in self.listeners:
                heard = listener.heard.get(channel)
                if heard is not None and not listener.deaf and self._draw.random() >= self._weather.chances.hint_lost:
                    self._loop.call_later(0.001 + 0.02 * self._draw.random(), heard.set)
