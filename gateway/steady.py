"""A database connection that is there again as soon as the database is, and tells refusal from absence.

Promises: work is done and committed, or refused by the database (`RefusedError`: the data is at fault, and
nothing of it was written), or tried again for as long as the database is away. An answer to a commit can be
lost after it took effect: work tried again is told so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Protocol, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection

from runtime.database import GONE, in_words

log = structlog.get_logger()

T = TypeVar("T")
Connect = Callable[[], Awaitable[AsyncConnection]]
Work = Callable[[AsyncConnection, bool], Awaitable[T]]
"""What to do in one transaction; the second argument says that it may have been done already."""

AWAY_SECONDS = 5.0
RETRY_SECONDS = 0.2
_DATA_AT_FAULT = ("21", "22", "23", "54")  # cardinality, data, integrity, program limits (an index entry too large)


class RefusedError(Exception):
    """The database refuses this data; the message says why, `__cause__` holds what it said."""


class Watcher(Protocol):
    """Somebody who must know that the database stays away."""

    def hold(self) -> None:
        """Learn that it has been away for more than 5 s."""

    def release(self) -> None:
        """Learn that it answers."""


class SteadyConnection:
    """One connection, opened when it is needed and opened anew when it is lost."""

    def __init__(self, connect: Connect, name: str, watcher: Watcher | None = None) -> None:
        self._connect = connect
        self._name = name
        self._watcher = watcher
        self._connection: AsyncConnection | None = None
        self._away_since: float | None = None

    async def surely(self, work: Work[T]) -> T:
        """Do the work in a transaction and commit it, however long that takes; RefusedError where the data is bad."""
        again = False
        while True:
            try:
                done = await self._attempt(work, again=again)
            except GONE as error:
                again = True
                await self._lost(error)
            else:
                self._answers()
                return done

    async def once(self, work: Work[T]) -> T | None:
        """Do the work in a transaction and commit it, or None where the database is away just now."""
        try:
            done = await self._attempt(work, again=False)
        except GONE:
            await self.close()
            return None
        self._answers()
        return done

    async def close(self) -> None:
        """Let go of the database; what was not committed is not done."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()

    async def _attempt(self, work: Work[T], *, again: bool) -> T:
        if self._connection is None:
            self._connection = await self._connect()
        connection = self._connection
        try:
            done = await work(connection, again)
            await connection.commit()
        except (psycopg.Error, ValueError, OverflowError, TypeError) as error:
            if not at_fault(error):
                raise
            await connection.rollback()
            raise RefusedError(str(error).splitlines()[0]) from error
        else:
            return done

    async def _lost(self, error: Exception) -> None:
        await self.close()
        now = monotonic()
        if self._away_since is None:
            self._away_since = now
            log.warning("the database is away", action="database_away", connection=self._name, why=in_words(error))
        elif now - self._away_since >= AWAY_SECONDS and self._watcher is not None:
            self._watcher.hold()
        await asyncio.sleep(RETRY_SECONDS)

    def _answers(self) -> None:
        if self._away_since is not None:
            self._away_since = None
            log.info("the database is back", action="database_back", connection=self._name)
        if self._watcher is not None:
            self._watcher.release()


def at_fault(error: Exception) -> bool:
    """Tell whether the data is at fault, by what psycopg or the database says of it."""
    if not isinstance(error, psycopg.Error) or isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return True
    return error.sqlstate is not None and error.sqlstate.startswith(_DATA_AT_FAULT)
