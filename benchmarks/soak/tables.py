"""What the tables say: whether each acknowledged reading stands once, whether each press is an alarm, what grows.

A connection of our own, opened anew where the database was away.
"""

from typing import Any, NamedTuple

from psycopg import AsyncConnection

from benchmarks.soak.street import BOOT
from runtime.database import GONE
from schema.entries import ReadingEntry, unpack

_STORED = "select count(*), count(distinct seq), coalesce(max(seq), 0) from readings where boot = %s"
_LOGGED = "select entries from log where kind = 'readings'"
_ALARMS = """
    select count(*) filter (where kind = 'button'),
           count(*) filter (where kind = 'button' and state = 'closed'),
           count(*), count(*) filter (where state = 'closed'), count(*) filter (where cleared_at is not null)
    from alarms
"""
_SENT = "select count(*) from attempts where result = 'sent'"
_BEHIND = """
    select coalesce((select max(position) from log), 0) - coalesce((select min(position) from monitor_cursors), 0)
"""
_BACKENDS = "select pid, coalesce(nullif(application_name, ''), backend_type) from pg_stat_activity"
_RELATIONS = """
    select case when relname ~ '^readings_\\d+$' then 'readings' else relname end,
           sum(n_tup_ins - n_tup_del)::bigint, sum(pg_total_relation_size(relid))::bigint
    from pg_stat_user_tables group by 1
"""


class Stored(NamedTuple):
    """The readings in the history, and those that the log tells the monitor."""

    rows: int
    numbers: int
    highest: int
    logged: int


class Alarms(NamedTuple):
    """The alarms of the run."""

    pressed: int
    pressed_closed: int
    all: int
    closed: int
    cleared: int


class Relation(NamedTuple):
    """A table: rows by what was inserted and deleted, and bytes with its indexes."""

    rows: int
    bytes: int


class Tables:
    """What the run asks of the database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AsyncConnection | None = None

    async def stored(self) -> Stored:
        """Count the readings in the history and in the log."""
        rows, numbers, highest = (await self._ask(_STORED, BOOT))[0]
        return Stored(rows, numbers, highest, await self._logged())

    async def alarms(self) -> Alarms:
        """Count the alarms."""
        return Alarms(*(await self._ask(_ALARMS))[0])

    async def sent(self) -> int:
        """Count the messages that alerting knows to be sent."""
        return int((await self._ask(_SENT))[0][0])

    async def behind(self) -> int:
        """Return how many log rows the monitor has still to read."""
        return int((await self._ask(_BEHIND))[0][0])

    async def backends(self) -> dict[int, str]:
        """Return who each of the database's processes serves, or {} while it is away."""
        try:
            return dict(await self._ask(_BACKENDS))
        except GONE:
            return {}

    async def relations(self) -> dict[str, Relation]:
        """Return rows and bytes of each table, partitions together."""
        return {name: Relation(int(rows), int(size)) for name, rows, size in await self._ask(_RELATIONS)}

    async def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _logged(self) -> int:
        connection = await self._connect()
        number = 0
        async with connection.transaction(), connection.cursor("logged") as cursor:
            await cursor.execute(_LOGGED)
            async for (entries,) in cursor:
                number += sum(isinstance(entry, ReadingEntry) and entry.boot == BOOT for entry in unpack(entries))
        return number

    async def _ask(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        connection = await self._connect()
        try:
            return await (await connection.execute(query.encode(), arguments or None)).fetchall()
        except GONE:
            await self.close()
            raise

    async def _connect(self) -> AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._url, autocommit=True, application_name="soak's own", connect_timeout=5
            )
        return self._connection
