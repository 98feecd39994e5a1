"""The database away for some minutes while readings go on: the gateway's memory stays flat, the broker holds.

Told afterwards: how much the broker held, how far the gateway's memory rose, how long it took to drain, how many
messages were given out twice, and that no session is stuck: nothing pending, nothing in flight.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.soak.samples import Sample, Samples
from benchmarks.soak.service import Service

MOST_GROWTH = 24.0
"""MB by which the gateway may rise while the database is away: 4,000 messages of each lane, as Python holds them."""
PROMPT = 500
"""The broker holds no more messages than this where the gateway keeps up: half a second's."""
_LOOK_SECONDS = 0.25
_DRAIN_SECONDS = 600.0


class Outage(NamedTuple):
    """How it went."""

    minutes: float
    held_at_most: int
    gateway_before: float
    gateway_highest: float
    drained_after: float | None  # seconds from the database's return
    redelivered: int

    @property
    def faults(self) -> list[str]:
        """What was not as promised."""
        found = []
        rose = self.gateway_highest - self.gateway_before
        if rose > MOST_GROWTH:
            found.append(f"the gateway rose by {rose:.1f} MB while the database was away, more than {MOST_GROWTH:.0f}")
        if self.drained_after is None:
            found.append(f"the broker still held messages {_DRAIN_SECONDS:.0f} s after the database was back")
        return found


async def database_away(service: Service, samples: Samples, minutes: float, seconds: Callable[[], float]) -> Outage:
    """Kill the database, bring it back after so many minutes, and wait until the backlog is drained."""
    before = samples.seen[-1]
    service.database.kill()
    await asyncio.sleep(minutes * 60)
    away = [sample for sample in samples.seen if sample.at > before.at]
    await service.database.restart()
    back = seconds()
    drained = await _drained(samples, back, seconds)
    since = [sample for sample in samples.seen if sample.at > before.at]
    return Outage(
        minutes,
        max(sample.held.messages for sample in since),
        before.uses["gateway"].own,
        max(sample.uses["gateway"].own for sample in (*away, *since)),
        None if drained is None else drained.at - back,
        0 if drained is None else drained.held.redelivered_since(before.held),
    )


async def _drained(samples: Samples, back: float, seconds: Callable[[], float]) -> Sample | None:
    """Return the first sample since then in which the gateway had caught up and the monitor, too; None if none came."""
    while seconds() - back < _DRAIN_SECONDS:
        last = samples.seen[-1]
        if last.at > back and last.held.messages <= PROMPT and last.behind is not None and last.behind <= 10:
            return last
        await asyncio.sleep(_LOOK_SECONDS)
    return None
