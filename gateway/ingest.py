"""A lane: receive, store as one batch, commit, then acknowledge. This is where promise 1 is kept.

- A batch is whatever arrived while the last commit was under way, 1,000 messages or 1 MB at most.
- A message is acknowledged when the transaction that holds it has committed, and at no other place.
- The database away: the same batch is tried until it answers. Away for more than 5 s, the session disconnects
  cleanly and the broker holds what comes; it returns when the database answers. An idle lane notices as well.
- A batch that the database refuses is split until the culprit is found, which is kept as bytes.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

import psycopg
import structlog
from psycopg import AsyncConnection

from gateway import metrics
from gateway.cap import Cap
from gateway.marks import Marks
from gateway.message import Message
from gateway.prepare import Prepared, poisoned, prepare, read, unknown_home
from gateway.registry import Registry
from gateway.sightings import Sightings
from gateway.steady import Connect, RefusedError, SteadyConnection, Watcher
from gateway.store import Stored, Transaction, ready
from gateway.usual import usual
from schema.instants import moment
from schema.readings import Lane

log = structlog.get_logger()

MOST_MESSAGES = 1000
MOST_BYTES = 1_000_000
FULL_MESSAGES = 6000  # above the 4000 that NATS gives out unacknowledged: what it repeats behind them is known at once
FULL_BYTES = 32_000_000


class Link(Watcher, Protocol):
    """What a lane asks of its session with the broker: to stay away and return (`Watcher`), and this."""

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that the message is stored."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read again."""


class Ingest:
    """One lane's way from received to stored and acknowledged, on a database connection of its own."""

    def __init__(
        self,
        lane: Lane,
        connect: Connect,
        link: Link,
        registry: Registry,
        *,
        marks: Marks,
        sightings: Sightings,
        cap: Cap,
    ) -> None:
        self._lane = lane
        self._link = link
        self._database = SteadyConnection(connect, lane, link)
        self._registry = registry
        self._marks = marks
        self._sightings = sightings
        self._cap = cap
        self._queue: deque[Message] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._repeats = False  # the last batch held readings that were stored already: the next may, too

    def receive(self, message: Message) -> None:
        """Take a message from the session, which is asked to pause where too many wait."""
        self._queue.append(message)
        self._bytes += len(message.payload)
        self._arrived.set()
        if self._full:
            self._link.pause()

    async def run(self) -> None:
        """Store and acknowledge for ever; the session connects once the database has answered."""
        try:
            await self._database.surely(ready)
            while True:
                await self._arrived.wait()
                await self.run_once()
        finally:
            await self._database.close()

    async def run_once(self) -> int:
        """Store and acknowledge one batch; return how many messages it had."""
        batch = self._take()
        marks = [message for message in batch if message.topic == self._marks.topic]
        started = perf_counter()
        prepared = await self._prepare([message for message in batch if message not in marks] if marks else batch)
        if prepared:
            await self._store(prepared)
        else:  # marks come every second: an idle lane learns from them that the database is gone
            await self._database.surely(ready)
        metrics.COMMIT.labels(self._lane).observe(perf_counter() - started)
        for message in batch:
            self._link.acknowledge(message)
        for mark in marks:
            self._marks.came_back(mark.payload)
        if not self._full:
            self._link.resume()
        metrics.RECEIVED.labels(self._lane).inc(len(batch))
        metrics.WAITING.labels(self._lane).set(len(self._queue))
        return len(batch)

    @property
    def _full(self) -> bool:
        return len(self._queue) >= FULL_MESSAGES or self._bytes >= FULL_BYTES

    def _take(self) -> list[Message]:
        """Take what arrived, within the bounds of a batch; at least one message where there is any."""
        batch: list[Message] = []
        size = 0
        while self._queue and len(batch) < MOST_MESSAGES and (not batch or size < MOST_BYTES):
            message = self._queue.popleft()
            size += len(message.payload)
            batch.append(message)
        self._bytes -= size
        if not self._queue:
            self._arrived.clear()
        return batch

    async def _prepare(self, batch: Sequence[Message]) -> list[Prepared]:
        """Decode and find devices; the database is asked before one is called unregistered."""
        directory = self._registry.directory
        found = [usual(message, directory) for message in batch]
        decoded = {nth: read(batch[nth]) for nth, each in enumerate(found) if each is None}
        if not decoded:
            return [each for each in found if each is not None]
        long = {nth: prepare(batch[nth], said, directory) for nth, said in decoded.items()}
        doubtful = [nth for nth, each in long.items() if each.refusal is not None or not each.candidates]
        homes = {
            home for nth in doubtful if (home := unknown_home(decoded[nth], batch[nth].topic, directory)) is not None
        }
        if homes:
            await self._database.surely(lambda connection, _: self._registry.ask(connection, homes))
            for nth in doubtful:
                long[nth] = prepare(batch[nth], decoded[nth], directory)
        prepared = [each or long[nth] for nth, each in enumerate(found)]
        return [each for each in prepared if each.candidates or not each.empty]

    async def _store(self, batch: list[Prepared], *, days_made: bool = False) -> None:
        """Store the batch whole, or in halves where the database refuses it, down to the culprit."""
        try:
            await self._store_whole(batch)
        except RefusedError as error:
            if _no_day(error) and not days_made:  # the clock ran past the partitions made ahead
                await self._database.surely(lambda connection, _: _make_days(connection, batch))
                await self._store(batch, days_made=True)
            elif len(batch) > 1:
                middle = len(batch) // 2
                await self._store(batch[:middle], days_made=days_made)
                await self._store(batch[middle:], days_made=days_made)
            else:
                await self._store_culprit(batch[0], error)

    async def _store_whole(self, batch: list[Prepared]) -> None:
        """Store the batch as if all of it were new, where nothing speaks against it; with care where something does."""
        knows = self._registry.directory.knows
        repeats = self._repeats or any(each.message.redelivered for each in batch)

        async def work(connection: AsyncConnection, again: bool) -> Stored:  # noqa: FBT001 - a connection's work
            all_new = not (again or repeats)
            return await Transaction(connection, self._cap, knows, again=again, all_new=all_new).store(batch)

        try:
            stored = await self._database.surely(work)
        except RefusedError as error:
            if repeats or not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                raise
            repeats = True  # a broker that was killed repeats itself without saying so
            stored = await self._database.surely(work)
        self._repeats = stored.duplicates > 0
        self._count(stored)

    async def _store_culprit(self, culprit: Prepared, error: RefusedError) -> None:
        log.warning("the database refused a message", action="poison", lane=self._lane, why=str(error))
        try:
            await self._store_whole([poisoned(culprit, f"the database refused it: {error}")])
        except RefusedError:  # not even as bytes: a fault of ours, and no reason to hold up everybody behind it
            topic = culprit.message.topic
            log.exception("a message could not be kept", action="lost", lane=self._lane, topic=topic)

    def _count(self, stored: Stored) -> None:
        metrics.STORED.labels(self._lane).inc(len(stored.new))
        metrics.DUPLICATES.labels(self._lane).inc(stored.duplicates)
        metrics.REFUSED.labels(self._lane).inc(stored.refused)
        metrics.PRESSES.inc(stored.presses)
        self._sightings.note(stored.new)


async def _make_days(connection: AsyncConnection, batch: list[Prepared]) -> None:
    """Make the partitions that these readings need; the stamp keeps them within 33 days of receiving."""
    days = {moment(each.entry.observed_at).date() for prepared in batch for each in prepared.candidates}
    for day in sorted(days):
        await connection.execute("select readings_ensure_days(%s, %s)", (day, day))


def _no_day(error: RefusedError) -> bool:
    return isinstance(error.__cause__, psycopg.errors.CheckViolation) and "no partition" in str(error)
