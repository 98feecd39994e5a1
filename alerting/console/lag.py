"""How far behind the service is: alerting behind the monitor, and the log behind the time.

While gateway or monitor live, something is appended each second, a tick at the least. A log that stands
still is a desk that is blind: that is told to operators, as an empty list must never pass for quiet.
"""

from typing import NamedTuple

from psycopg import AsyncConnection

from schema.instants import MINUTE, Duration, Instant, instant

BLIND_AFTER: Duration = MINUTE

_LAG = """
    select (select committed_at from log order by position desc limit 1),
           (select count(*) from finding_changes where taken_at is null)
"""


class Lag(NamedTuple):
    """How far behind."""

    log: Duration | None  # since anything was appended; None: nothing ever was
    findings: int  # said by the monitor, not yet taken by alerting


async def lag(connection: AsyncConnection, now: Instant) -> Lag:
    """Measure it."""
    row = await (await connection.execute(_LAG)).fetchone()
    assert row is not None
    return Lag(None if row[0] is None else max(now - instant(row[0]), 0), row[1])


async def blind_for(connection: AsyncConnection, now: Instant) -> Duration | None:
    """Return for how long nothing has come in, or None while the log moves (or has never begun)."""
    behind = (await lag(connection, now)).log
    return behind if behind is not None and behind > BLIND_AFTER else None
