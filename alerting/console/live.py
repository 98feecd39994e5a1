"""Alarms as they change: one look at the database for all who watch, and a heartbeat that means something.

A look is taken at each NOTIFY and every 2 seconds at the latest, compared with the one before, and what
changed is read and handed to every watcher. A look itself reads only marks that move, so that a desk with a
thousand open alarms delays none that is being raised. A heartbeat goes out only while looks succeed: a page
that hears none knows that it is not live, whichever part of the way has failed. A watcher too slow to keep up
is let go, and comes back with a fresh look of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from alerting.console.alarm_reading import Mark, listed_by_id, open_marks
from alerting.console.models import AlarmListed
from runtime.clock import Clock
from runtime.database import GONE, Listener
from schema.instants import SECOND, Instant, iso

log = structlog.get_logger()

POLL_S = 2.0
HEARTBEAT_S = 3.0  # the page misses them after 7 s (console.js): one may be lost
PAUSE_S = 0.03
BLIND_S = 1.0  # while blind, a heartbeat is tried for this often
STALE = 8 * SECOND
MOST_WAITING = 1000


class Said(NamedTuple):
    """One message to a watcher."""

    event: Literal["alarm", "heartbeat"]
    data: str


class Live:
    """Looks at the open alarms and tells watchers what changed."""

    def __init__(self, pool: AsyncConnectionPool, listener: Listener, clock: Clock) -> None:
        self._pool = pool
        self._listener = listener
        self._clock = clock
        self._known: dict[int, Mark] | None = None
        self._watchers: set[asyncio.Queue[Said | None]] = set()
        self.looked_at: Instant | None = None

    async def run(self) -> None:
        """Look until cancelled; a database that is away is said once, and looked for again."""
        away = False
        while True:
            try:
                await self.look()
                away = False
            except (*GONE, PoolTimeout) as error:
                if not away:
                    log.warning("the desk cannot see the alarms", action="live_look", error=str(error))
                away = True
            await asyncio.sleep(PAUSE_S)  # what changes in quick succession is told in one
            await self._listener.wait("alarms", POLL_S)

    async def look(self) -> None:
        """Take one look, and tell every watcher what is not as it was."""
        async with self._pool.connection(timeout=5) as connection:
            seen = await open_marks(connection)
            known, self._known = self._known, seen
            if known is not None and self._watchers:
                changed = [number for number, mark in seen.items() if known.get(number) != mark]
                gone = known.keys() - seen.keys()
                if changed or gone:
                    self._tell(await listed_by_id(connection, [*changed, *sorted(gone)]))
        self.looked_at = self._clock.now()

    @property
    def is_live(self) -> bool:
        """Tell whether the last look is fresh."""
        return self.looked_at is not None and self._clock.now() - self.looked_at < STALE

    def heartbeat(self) -> Said | None:
        """Return a heartbeat, or None while looks fail."""
        return Said("heartbeat", f'{{"at": "{iso(self._clock.now())}"}}') if self.is_live else None

    async def watch(self) -> AsyncIterator[Said | None]:
        """Yield what changes, a heartbeat at once and every 3 seconds, or None in its place while blind."""
        with self._watching() as queue:
            while True:
                beat = self.heartbeat()
                yield beat
                async for said in _within(queue, HEARTBEAT_S if beat else BLIND_S):
                    if said is None:
                        return
                    yield said

    @contextmanager
    def _watching(self) -> Iterator[asyncio.Queue[Said | None]]:
        queue: asyncio.Queue[Said | None] = asyncio.Queue(MOST_WAITING)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    def _tell(self, changed: list[AlarmListed]) -> None:
        for alarm in changed:
            said = Said("alarm", alarm.model_dump_json())
            for queue in tuple(self._watchers):
                if queue.qsize() >= MOST_WAITING - 1:
                    self._watchers.discard(queue)
                    queue.put_nowait(None)
                else:
                    queue.put_nowait(said)


async def _within(queue: asyncio.Queue[Said | None], seconds: float) -> AsyncIterator[Said | None]:
    """Yield what the queue holds until so many seconds have passed."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        try:
            # Not asyncio.wait_for: before Python 3.12 it can swallow a cancellation, and lose what it had got.
            async with asyncio.timeout(left):
                said = await queue.get()
        except TimeoutError:
            return
        yield said
