"""How the monitor is, for /ready and /metrics on its own port: how far behind the log, and what is overdue.

How far it has read is asked of the tables, on a connection of its own, so that a monitor that hangs cannot hide it;
deadlines are derived from state and stand nowhere but in its memory.
"""

from datetime import datetime
from typing import Protocol

import psycopg
from prometheus_client import Gauge
from psycopg import AsyncConnection

from runtime.clock import Clock
from schema.instants import SECOND, Duration, Instant, in_words, instant

LATE: Duration = 15 * SECOND

LAG_ROWS = Gauge("telecare_monitor_lag_rows", "Rows of the log that the monitor has not committed yet.")
LAG = Gauge("telecare_monitor_lag_seconds", "Age of the oldest of them.")
OVERDUE = Gauge("telecare_monitor_overdue_seconds", "Of the deadline that should have fired first; none is 0.")

_READ = """
    select (select position from log order by position desc limit 1), (select min(position) from monitor_cursors),
           (select committed_at from log where position > (select coalesce(min(position), 0) from monitor_cursors)
            order by position limit 1)
"""


class HasDeadlines(Protocol):
    """What is asked of a monitor's memory."""

    @property
    def next_due(self) -> Instant | None:
        """When the next deadline is due; None where none is, or while nothing can be seen."""
        ...


class Vitals:
    """Measures the monitor; `monitor` is whichever works just now."""

    def __init__(self, database_url: str, clock: Clock) -> None:
        self._url = database_url
        self._clock = clock
        self.monitor: HasDeadlines | None = None

    async def reasons(self) -> list[str]:
        """Measure, and return why the monitor is not ready."""
        now = self._clock.now()
        due = self.monitor.next_due if self.monitor else None
        overdue = 0 if due is None else max(now - due, 0)
        OVERDUE.set(overdue / SECOND)
        said = [f"a deadline is {in_words(overdue)} overdue"] if overdue > LATE else []
        try:
            async with await AsyncConnection.connect(self._url, connect_timeout=2, autocommit=True) as connection:
                row = await (await connection.execute(_READ)).fetchone()
        except psycopg.Error:
            return ["the database does not answer", *said]
        assert row is not None
        return [*self._behind(row[0], row[1], row[2], now), *said]

    def _behind(self, head: int | None, cursor: int | None, since: datetime | None, now: Instant) -> list[str]:
        rows = (head or 0) - (cursor or 0)
        lag = 0 if since is None else max(now - instant(since), 0)
        LAG_ROWS.set(rows)
        LAG.set(lag / SECOND)
        return [f"the monitor is {in_words(lag)} behind ({rows} rows of the log)"] if lag > LATE else []
