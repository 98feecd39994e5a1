"""The log, where gateway and monitor meet: append in the caller's transaction, tail in the order of commits.

Promises: positions commit in order, `committed_at` never goes back, and a tail never skips a late commit
(`log_append` in schema/tables.sql holds the lock that makes all three true). What entries mean is not
known here: they are bytes.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from psycopg import AsyncConnection

from schema.instants import Instant, instant, moment

RowKind = Literal["readings", "tick", "facts"]


class Place(NamedTuple):
    """Where in the log a row stands, and when the log says it was committed."""

    position: int
    committed_at: Instant


class LogRow(NamedTuple):
    """One row of the log as its tail sees it."""

    position: int
    committed_at: Instant
    kind: RowKind
    entries: bytes


async def append(
    connection: AsyncConnection,
    kind: RowKind,
    entries: bytes,
    *,
    batch: int | None = None,
    at: Instant | None = None,
) -> Place:
    """Append one row, as the last thing before the caller's commit; `at` only where a replay sets the clock."""
    cursor = await connection.execute(
        "select position, committed_at from log_append(%s, %s, %s, %s)",
        (kind, batch, entries, None if at is None else moment(at)),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Place(row[0], instant(row[1]))


async def tail(connection: AsyncConnection, after: int, limit: int) -> Sequence[LogRow]:
    """Return at most `limit` rows behind position `after`, in order."""
    cursor = await connection.execute(
        "select position, committed_at, kind, entries from log where position > %s order by position limit %s",
        (after, limit),
        binary=True,  # else half of the bytes and of the work were hexadecimal digits
    )
    return [LogRow(row[0], instant(row[1]), row[2], row[3]) for row in await cursor.fetchall()]


async def head(connection: AsyncConnection) -> Place | None:
    """Return the newest place of the log, or None where nothing was ever appended."""
    cursor = await connection.execute("select position, committed_at from log order by position desc limit 1")
    row = await cursor.fetchone()
    return None if row is None else Place(row[0], instant(row[1]))
