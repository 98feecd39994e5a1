"""Keeps the record of what could not be seen: reads the log behind everybody else, and writes gaps as they come.

A task of the monitor's service with a connection of its own: nothing here is on the way of a press. Twice a second
it looks, reads what is new in the log, and commits how far it read together with the gaps that follow; so a gap is
in the table seconds after it shows, and survives the log. One keeper works at a time, by an advisory lock held for
as long as its connection; one that another overtook takes everything up anew. Whatever goes wrong in here is
logged and begun again: it must not take the monitor down with it.
"""

import asyncio

import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from monitor import coverage_rows as rows
from monitor.coverage import Change, Sight
from monitor.coverage_devices import Hearing
from monitor.coverage_rows import Progress
from monitor.rows import read_row
from runtime.clock import Clock
from runtime.database import GONE, PATIENCE, Connection
from runtime.log import LogRow, tail
from schema.entries import HomeSet, PersonSet, PlanSet, Tick
from schema.instants import HOUR, SECOND, Duration, Instant

log = structlog.get_logger()

LOOK_SECONDS = 0.5
LOOK_LOST_SECONDS = 0.1  # while sight is lost: its return is told to a tenth of a second
ROWS = 64
_SCAN_EVERY: Duration = 5 * SECOND
_RETRY_SECONDS = 0.2
_AFRESH_SECONDS = 5.0
_LOCK = 20261126
_TRY = "select pg_try_advisory_lock(%s)"


class OvertakenError(Exception):
    """Another keeper has moved on from where this one was."""


class Keeper:
    """What is known of the gaps, kept over connections for as long as nobody else moved on."""

    def __init__(self) -> None:
        self.sight = Sight()
        self.hearing = Hearing()
        self._at: Progress | None = None
        self._found: list[Change] = []  # and not committed yet: rows read again after a failure say nothing twice
        self._scanned_at: Instant = 0
        self._pruned_at: Instant = 0

    async def run_once(self, connection: AsyncConnection) -> bool:
        """Look, read what is new, and commit what follows; tell whether there may be more to read."""
        before = self._at or await self._begin(connection)
        look = await rows.look(connection, self.sight.seen)
        self.sight.suspect(look)
        read = await tail(connection, before.position, ROWS)
        for row in read:
            await self._take(connection, row)
        if len(read) < ROWS:
            self._found += self.sight.look(look)
            self._found += self._listen(look.at)
        position = read[-1].position if read else before.position
        await self._commit(connection, before.position, Progress(position, look.at, self.sight.seen))
        await self._prune(connection, look.at)
        return len(read) == ROWS

    def away(self, since: Instant, until: Instant) -> None:
        """Learn that the database did not answer between the two."""
        self.sight.away(since, until)

    # --- one pass ---------------------------------------------------------------------------------------

    async def _begin(self, connection: AsyncConnection) -> Progress:
        """Take up where the last keeper was: what is fitted, what was heard up to there, which gaps were open."""
        at, there = await rows.progress(connection)
        now = (await rows.look(connection, at.seen_at)).at
        gaps = await rows.open_gaps(connection)
        async for home, devices in rows.fitted(connection, await rows.all_homes(connection)):
            self.hearing.fit(home, devices, there)
            await asyncio.sleep(0)
        self._found = [*self.hearing.resume(gaps, there), *self.sight.resume(at.seen_at, at.looked_at, now, gaps)]
        await self._commit(connection, at.position, at)
        log.info("coverage is kept", action="restore", position=at.position, open=len(gaps))
        return at

    async def _take(self, connection: AsyncConnection, row: LogRow) -> None:
        entries, _ = read_row(row.entries)
        self._found += self.hearing.words(entries, self.sight.spans(row.committed_at))
        homes, people = set[str](), set[str]()
        for entry in entries if row.kind != "readings" else ():
            match entry:
                case Tick():
                    self._found += self.sight.tick(row.committed_at, entry)
                case HomeSet(home=home) | PersonSet(home=home):
                    homes.add(home)
                case PlanSet(person=person):
                    people.add(person)
                case _:
                    pass
        if people:
            homes |= await rows.homes_of(connection, people)
        async for home, devices in rows.fitted(connection, sorted(homes)):
            self._found += self.hearing.fit(home, devices, row.committed_at)
        await asyncio.sleep(0)  # what shares our loop must not wait for a backlog

    def _listen(self, now: Instant) -> list[Change]:
        """Ask now and then who is silent, while we would hear them."""
        if self.sight.lost_since is not None or 0 <= now - self._scanned_at < _SCAN_EVERY:
            return []
        self._scanned_at = now
        return self.hearing.silent(min(now, self.sight.seen or now), self.sight.gaps)

    async def _commit(self, connection: AsyncConnection, before: int, now: Progress) -> None:
        async with connection.transaction():
            if not await rows.move(connection, before, now):
                raise OvertakenError
            await rows.write(connection, self._found)
            await rows.learn(connection, self.hearing.learned)
        for change in self._found:
            if change.what in ("listening", "watching"):
                log.info("sight", action="sight_back" if change.ended else "sight_lost", cause=change.cause)
        self._at, self._found = now, []
        self.hearing.learned.clear()

    async def _prune(self, connection: AsyncConnection, now: Instant) -> None:
        if now - self._pruned_at >= HOUR or now < self._pruned_at:
            self._pruned_at = now
            await rows.prune(connection, now)


async def keep(url: str, clock: Clock) -> None:
    """Keep coverage until cancelled, through every loss of the database."""
    address = make_conninfo(url, application_name="coverage", **PATIENCE)
    keeper = Keeper()
    lost_at: Instant | None = None
    while True:
        try:
            async with await Connection.connect(address, autocommit=True) as connection:
                if lost_at is not None:
                    keeper.away(lost_at, clock.now())
                    lost_at = None
                await _keep_on(keeper, connection)
        except GONE:
            lost_at = lost_at or clock.now()
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        except OvertakenError:
            log.info("another keeper has moved on; taking it up anew", action="lost_race")
        except Exception:
            log.exception("coverage could not be kept on; beginning anew", action="coverage_failed")
            await asyncio.sleep(_AFRESH_SECONDS)
        keeper, lost_at = Keeper(), None


async def _keep_on(keeper: Keeper, connection: AsyncConnection) -> None:
    while not await _alone(connection):  # noqa: ASYNC110 - another process's keeper: there is no event to await
        await asyncio.sleep(LOOK_SECONDS)
    while True:
        more = await keeper.run_once(connection)
        if not more:
            await asyncio.sleep(LOOK_LOST_SECONDS if keeper.sight.lost_since is not None else LOOK_SECONDS)


async def _alone(connection: AsyncConnection) -> bool:
    row = await (await connection.execute(_TRY, (_LOCK,))).fetchone()
    return row is not None and bool(row[0])
