"""Makes alarms of findings, and walks the alarms nobody owns down their policies when their time comes.

Promises: an alarm exists in the same transaction in which its finding is marked as taken; each step is committed
together with its messages, its journal and the time of the next; a step that came due while we were down runs
at once. Several engines may run: each alarm is stepped by whoever locks it.
"""

import asyncio

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerting import intake
from alerting.escalation import Due
from alerting.record import locked_due
from alerting.walk import tell
from runtime.clock import Clock
from runtime.database import GONE, Listener, in_words
from schema.alarms import PRIORITIES
from schema.instants import Instant, moment

log = structlog.get_logger()

AT_ONCE = 5
"""Steps in one go: no more of them than a finding that comes meanwhile may wait for."""
_DUE = """
select id from alarms where due_at <= %s and closed_at is null
order by array_position(%s::text[], priority), due_at limit %s
"""


class Engine:
    """The loop around `run_once`."""

    def __init__(self, pool: AsyncConnectionPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def run_once(self, now: Instant) -> tuple[int, int]:
        """Take findings in, then step what is due; returns how many changes and how many steps that were."""
        async with self._pool.connection() as connection:
            return await self._run_once(connection, now)

    async def run(self, listener: Listener) -> None:
        """Run until cancelled, on a connection of its own; while the database is away, keep trying."""
        away = False
        while True:
            try:
                async with self._pool.connection() as connection:
                    if away:
                        log.info("the database answers again", action="engine")
                    away = False
                    await self._keep_on(connection, listener)
            except GONE as error:
                if not away:
                    log.warning("the database does not answer; trying on", action="engine", error=in_words(error))
                away = True
                await asyncio.sleep(0.5)

    async def _keep_on(self, connection: AsyncConnection, listener: Listener) -> None:
        while True:
            taken, stepped = await self._run_once(connection, self._clock.now())
            if not taken and stepped < AT_ONCE:  # else there may be more
                await listener.wait("findings", 1)

    async def _run_once(self, connection: AsyncConnection, now: Instant) -> tuple[int, int]:
        taken = await intake.run_once(self._pool, connection, now)
        return taken, await self._step_due(connection, now)

    async def _step_due(self, connection: AsyncConnection, now: Instant) -> int:
        """Step the most pressing of what is due; several side by side, each on a connection of its own.

        One after another they would wait for one another's commits: two hundred presses heard at once after an
        outage had their second steps 7 s late so.
        """
        cursor = await connection.execute(_DUE, (moment(now), list(PRIORITIES), AT_ONCE))
        numbers = [row[0] for row in await cursor.fetchall()]
        if not numbers:
            return 0
        try:
            async with asyncio.TaskGroup() as group:
                for number in numbers[1:]:
                    group.create_task(self._step_beside(number, now))
                await _step(connection, numbers[0], now)
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return len(numbers)

    async def _step_beside(self, number: int, now: Instant) -> None:
        async with self._pool.connection() as connection:
            await _step(connection, number, now)


async def _step(connection: AsyncConnection, number: int, now: Instant) -> None:
    async with connection.transaction():
        alarm = await locked_due(connection, number, now)
        if alarm is not None:
            await tell(connection, alarm, Due(now), now)
