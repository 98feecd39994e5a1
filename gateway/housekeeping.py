"""What the gateway does beside its lanes, each at its own pace: follow the registry, write sightings, adopt, prune.

None of it holds up a message, and a database that is away is simply waited for.
"""

import asyncio

import structlog
from psycopg import AsyncConnection

from gateway.identity import REMEMBERED
from gateway.readopt import AT_ONCE, readopt
from gateway.registry import Registry
from gateway.sightings import Sightings, write
from gateway.steady import RefusedError, SteadyConnection
from gateway.store import ready
from runtime.clock import Clock
from runtime.database import Listener
from schema.instants import DAY, HOUR, SECOND, Instant, moment

log = structlog.get_logger()

FOLLOW_SECONDS = 1.0
SIGHT_EVERY = SECOND
ADOPT_EVERY_SECONDS = 10.0
_BACK, _AHEAD = 31 * DAY, 3 * DAY

_ENSURE_DAYS = "select readings_ensure_days(%s, %s)"
_FORGET = "delete from undated_readings where received_at < %s"


class Housekeeping:
    """Small works on one connection, one after another."""

    def __init__(
        self, database: SteadyConnection, registry: Registry, sightings: Sightings, listener: Listener, clock: Clock
    ) -> None:
        self._database = database
        self._registry = registry
        self._sightings = sightings
        self._listener = listener
        self._clock = clock
        self._sight_at: Instant = 0
        self._adopt_at: Instant = 0
        self._prune_at: Instant = 0

    async def run(self) -> None:
        """Keep house until cancelled."""
        await self._database.surely(ready)
        while True:
            await self.run_once()
            await self._listener.wait("log", FOLLOW_SECONDS)
            await asyncio.sleep(0.3)  # a hint comes with every batch: look three times a second at most

    async def run_once(self) -> None:
        """Do what is due."""
        now = self._clock.now()
        followed = await self._database.once(lambda connection, _: self._registry.follow(connection))
        if now >= self._sight_at:
            self._sight_at = now + SIGHT_EVERY
            await self._sight()
        if followed or now >= self._adopt_at:
            self._adopt_at = now + int(ADOPT_EVERY_SECONDS * 1_000_000)
            await self._adopt(now)
        if now >= self._prune_at and await self._database.once(lambda connection, _: prune(connection, now)):
            self._prune_at = now + HOUR

    async def _adopt(self, now: Instant) -> None:
        directory = self._registry.directory
        try:
            while adopted := await self._database.once(lambda connection, _: readopt(connection, directory, now)):
                log.info("messages of newly registered devices became readings", action="adopted", messages=adopted)
                if adopted < AT_ONCE:
                    return
        except RefusedError as error:
            log.warning("waiting messages could not be adopted", action="adopt_refused", why=str(error))

    async def _sight(self) -> None:
        seen = self._sightings.take()
        if seen:
            await self._database.once(lambda connection, _: write(connection, seen))


async def prune(connection: AsyncConnection, now: Instant) -> bool:
    """Make the coming days' partitions, and forget identities past their 7 days."""
    await connection.execute(_ENSURE_DAYS, (moment(now - _BACK).date(), moment(now + _AHEAD).date()))
    await connection.execute(_FORGET, (moment(now - REMEMBERED),))
    return True
