"""The street at its pace: `Life` published by the `Hub`, so many readings a second, each with a number of its own."""

import asyncio
from collections import deque
from time import monotonic

import msgspec

from benchmarks.soak.hub import Hub
from benchmarks.soak.life import Life, Said
from runtime.clock import SystemClock
from schema.instants import Instant, iso

_TURN = 0.02
BOOT = 7
"""Under which the readings are numbered: what else is stored (a hub online) has another."""

_encode = msgspec.json.Encoder().encode


class Street:
    """Publishes until told to end; `seconds` runs from `begin`."""

    def __init__(self, hub: Hub, homes: int, rate: float, seed: int) -> None:
        self._hub = hub
        self._life = Life(homes, seed)
        self._clock = SystemClock()
        self._rate = rate
        self._ending = False
        self._due = 0.0
        self._recent = deque[tuple[float, int]](maxlen=500)  # ten seconds of turns

    @property
    def presses(self) -> int:
        """How many pendants were pressed."""
        return self._life.presses

    @property
    def pace(self) -> float:
        """Readings a second over the last ten."""
        if len(self._recent) < 2:
            return 0.0
        (since, before), (now, after) = self._recent[0], self._recent[-1]
        return (after - before) / (now - since)

    def end(self) -> None:
        """Publish no more."""
        self._ending = True

    async def live(self) -> float:
        """Publish at the pace until `end`; return the seconds it took. What was late is made good, as far as may be."""
        began = monotonic()
        while not self._ending:
            now = monotonic() - began
            self._due = now * self._rate
            self._turn(now)
            self._recent.append((now, self._hub.published))
            await asyncio.sleep(max(0.001, _TURN - (monotonic() - began - now)))
        return monotonic() - began

    def _turn(self, now: float) -> None:
        at = self._clock.now()
        for said in self._life.due(now):
            self._say(said, at)
        for _ in range(min(int(self._due) - self._hub.published, int(self._rate))):
            if self._hub.full:
                return
            self._say(self._life.everyday(now), at)

    def _say(self, said: Said, at: Instant) -> None:
        number = self._hub.published + 1
        reading = {"seq": number, "boot": BOOT, "at": iso(at), "kind": said.kind, "value": said.value}
        if number % 10 == 0:
            reading |= {"battery": 0.5 + number % 50 / 100, "signal": -40 - number % 50}
        self._hub.publish(f"{said.lane}/{said.home}/{said.device}", _encode(reading))
