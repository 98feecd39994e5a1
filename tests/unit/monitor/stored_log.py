"""A stored log and what the monitor made of it, for tests of the shell on the real database."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from psycopg import AsyncConnection

from monitor.changes import number
from monitor.engine import Counts, Monitor
from monitor.fold import Fold
from runtime.log import RowKind, append
from schema.entries import AlarmClosed, Entry, ReadingEntry, Tick, UnregisteredPress, pack
from schema.instants import MINUTE, SECOND, Instant
from tests.unit.monitor.random_logs import Row, steps
from tests.unit.monitor.small_core import SMALL, START, home_set, moves, person_set, plan_set, press, reading

Written = tuple[int, str, int, str, str]
"""A row of finding_changes: position, subject, ordinal, finding, change."""
LIVE, BLIND = Tick(), Tick(blind=True)

# Two homes; presses, a silence that is raised, cleared, raised again and closed, pills, a blind while.
STORY: list[Row] = [
    (1, START, [home_set(), person_set(), plan_set(), home_set("h2", 11), person_set("bob", "h2")]),
    (2, START + SECOND, [moves(START), moves(START, 12), press(START)]),
    (3, START + 2 * SECOND, [LIVE]),
    (4, START + MINUTE, [reading(4, "pill", "opened", START + MINUTE), press(START + MINUTE, 11)]),
    (5, START + 12 * MINUTE, [LIVE]),
    (6, START + 13 * MINUTE, [moves(START + 13 * MINUTE)]),
    (7, START + 14 * MINUTE, [BLIND]),
    (8, START + 30 * MINUTE, [BLIND]),
    (9, START + 31 * MINUTE, [home_set("h3", 21), person_set("cid", "h3")]),
    (10, START + 32 * MINUTE, [press(START + 32 * MINUTE, 21), press(START + 32 * MINUTE, 1)]),
    (11, START + 33 * MINUTE, [LIVE]),
    (12, START + 34 * MINUTE, [AlarmClosed("ada", ("whatever",), START + 34 * MINUTE)]),
    (13, START + 50 * MINUTE, [LIVE]),
]


def small_fold(owns: Callable[[str], bool] = lambda _: True) -> Fold:
    """Give a fold of the small core."""
    return Fold(owns, person=SMALL, home=SMALL)


def small_monitor(connection: AsyncConnection, partitions: Iterable[int] = range(16), **settings: Any) -> Monitor:
    """Give a monitor of the small core that appends no ticks of its own, unless told otherwise."""
    return Monitor(connection, partitions, new_fold=small_fold, **({"blind_after": None} | settings))


async def store(connection: AsyncConnection, at: Instant, *entries: Entry) -> int:
    """Append one row as gateway, desk or loader would; return its position."""
    async with connection.transaction():
        return (
            await append(
                connection, _kind(entries), pack(list(entries)), batch=await _batch(connection, entries), at=at
            )
        ).position


async def store_rows(connection: AsyncConnection, rows: Iterable[Row]) -> None:
    """Append many."""
    for _, at, entries in rows:
        await store(connection, at, *entries)


async def drained(monitor: Monitor, now: Instant = 0) -> list[Counts]:
    """Run the monitor until it finds nothing more to do."""
    done = [await monitor.run_once(now)]
    while any((done[-1].rows, done[-1].busy, done[-1].lost, done[-1].blind_ticks)):
        done.append(await monitor.run_once(now))
    return done


async def written(connection: AsyncConnection) -> list[Written]:
    """Return what is in finding_changes, in order."""
    rows = await connection.execute(
        "select position, subject, ordinal, finding, change from finding_changes order by position, subject, ordinal"
    )
    return cast("list[Written]", await rows.fetchall())


async def cursors(connection: AsyncConnection) -> set[int]:
    """Return the positions the partitions' cursors stand at."""
    return {row[0] for row in await (await connection.execute("select position from monitor_cursors")).fetchall()}


def expected(rows: Iterable[Row], fold: Fold | None = None) -> list[Written]:
    """Return what finding_changes must hold after these rows, by the pure fold alone."""
    fold = fold or small_fold()
    made = [each for row in rows for each in number(row[0], [change for _, change in steps(fold, row)])]
    return sorted((p, subject, o, change.finding.id, change.change) for p, subject, o, change in made)


class CrashError(Exception):
    """The process ended here."""


class Points(NamedTuple):
    """Where to crash: at the nth point that is passed, counted over all."""

    at: int
    passed: list[str]

    def here(self, name: str) -> None:
        """Pass a point, or crash at it."""
        self.passed.append(name)
        if len(self.passed) == self.at:
            raise CrashError(name)


class CrashingConnection:
    """A connection whose user can end before and after each statement, before a commit, and right after it."""

    def __init__(self, connection: AsyncConnection, points: Points) -> None:
        self._connection = connection
        self._points = points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Execute, with a point before and after."""
        self._points.here(f"before {query}")
        result = await self._connection.execute(query, *args, **kwargs)
        self._points.here(f"after {query}")
        return result

    def transaction(self) -> "_CrashingTransaction":
        """Begin a transaction, with a point before its commit and right after."""
        return _CrashingTransaction(self._connection, self._points)


class _CrashingTransaction:
    def __init__(self, connection: AsyncConnection, points: Points) -> None:
        self._transaction = connection.transaction()
        self._points = points

    async def __aenter__(self) -> None:
        await self._transaction.__aenter__()

    async def __aexit__(self, *error: object) -> bool | None:
        if error[0] is None:
            try:
                self._points.here("before commit")
            except CrashError as crash:
                await self._transaction.__aexit__(CrashError, crash, None)
                raise
        handled = await self._transaction.__aexit__(*cast("Any", error))
        self._points.here("after commit")
        return handled


def _kind(entries: tuple[Entry, ...]) -> RowKind:
    if any(isinstance(entry, Tick) for entry in entries):
        return "tick"
    return "readings" if any(isinstance(e, ReadingEntry | UnregisteredPress) for e in entries) else "facts"


async def _batch(connection: AsyncConnection, entries: tuple[Entry, ...]) -> int | None:
    if _kind(entries) != "readings":
        return None
    row = await (await connection.execute("select nextval('batches')")).fetchone()
    assert row
    return int(row[0])
