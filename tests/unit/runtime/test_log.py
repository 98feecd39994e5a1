"""The log gives one order to everything: positions commit in order, time never goes back, no commit is skipped."""

import asyncio
import random
from collections.abc import Iterator
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from runtime import log
from runtime.database import pool
from runtime.embedded import EmbeddedDatabase
from runtime.log import LogRow, Place
from schema.instants import MINUTE, Instant
from tests.conftest import TEMPLATE, fresh_database

APPENDERS = 8
ROWS = 40
SECONDS = 60.0
NOON: Instant = 1_800_000_000_000_000

HELD_UP = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def shared_url(server: EmbeddedDatabase) -> Iterator[str]:
    """Give one database for the many examples of one test, which clear the log themselves."""
    yield from fresh_database(server, TEMPLATE)


async def _append_some(database: AsyncConnectionPool, appender: int) -> None:
    """Append as the gateway does: other work first, the row last, and a commit that sometimes takes its time."""
    chance = random.Random(appender)  # noqa: S311 - a course of events that can be repeated
    for number in range(ROWS):
        async with database.connection() as connection, connection.transaction():
            await connection.execute("select pg_sleep(%s)", (chance.random() * 0.002,))
            await log.append(connection, "facts", f"{appender}/{number}".encode())
            await asyncio.sleep(chance.random() * 0.002)


async def _tail_until(database: AsyncConnectionPool, rows: int) -> list[LogRow]:
    """Follow the log as the monitor does, in bites of its own size, until that many rows were seen."""
    seen: list[LogRow] = []
    chance = random.Random(1)  # noqa: S311 - likewise
    async with asyncio.timeout(SECONDS), database.connection() as connection:
        while len(seen) < rows:
            seen += await log.tail(connection, seen[-1].position if seen else 0, chance.randint(1, 7))
    return seen


async def test_a_tail_sees_every_row_of_eight_appenders_once_and_in_order(database_url: str) -> None:
    async with pool(database_url, name="test", size=APPENDERS + 1) as database:
        tail = asyncio.create_task(_tail_until(database, APPENDERS * ROWS))
        await asyncio.gather(*(_append_some(database, appender) for appender in range(APPENDERS)))
        seen = await tail
    assert [row.position for row in seen] == list(range(1, APPENDERS * ROWS + 1))
    assert all(earlier.committed_at < later.committed_at for earlier, later in pairwise(seen))
    for appender in range(APPENDERS):
        own = [row.entries for row in seen if row.entries.startswith(f"{appender}/".encode())]
        assert own == [f"{appender}/{number}".encode() for number in range(ROWS)]


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_no_row_appears_behind_one_that_is_not_yet_committed(database: AsyncConnectionPool, end: str) -> None:
    async with database.connection() as slow, database.connection() as other, database.connection() as tail:
        await slow.execute("begin")
        assert (await log.append(slow, "facts", b"slow")).position == 1
        appending = asyncio.create_task(log.append(other, "facts", b"other"))
        await _until_held_up(tail)
        assert await log.tail(tail, 0, 10) == []
        await slow.execute(end.encode())
        place = await asyncio.wait_for(appending, SECONDS)
        rows = await log.tail(tail, 0, 10)
    expected = [(1, b"slow"), (2, b"other")] if end == "commit" else [(1, b"other")]
    assert [(row.position, row.entries) for row in rows] == expected
    assert (rows[-1].position, rows[-1].committed_at) == place


async def test_an_appender_that_dies_before_its_commit_holds_nobody_up(database: AsyncConnectionPool) -> None:
    async with database.connection() as other, database.connection() as tail:
        dying = await AsyncConnection.connect(other.info.dsn)
        await log.append(dying, "facts", b"never committed")
        appending = asyncio.create_task(log.append(other, "facts", b"other"))
        await _until_held_up(tail)
        await tail.execute("select pg_terminate_backend(%s)", (dying.info.backend_pid,))
        assert (await asyncio.wait_for(appending, SECONDS)).position == 1
        await dying.close()


async def test_slow_work_before_the_append_holds_nobody_up(database: AsyncConnectionPool) -> None:
    async with database.connection() as slow, database.connection() as other:
        await slow.execute("begin")
        await slow.execute("insert into homes (id, zone) values ('home-0001', 'Europe/London')")
        assert (await asyncio.wait_for(log.append(other, "facts", b"other"), SECONDS)).position == 1
        assert (await log.append(slow, "facts", b"slow")).position == 2
        await slow.execute("commit")


@settings(max_examples=50, deadline=None)
@given(offsets=st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1, max_size=12))
async def test_whatever_a_clock_says_time_in_the_log_never_goes_back(
    shared_url: str, offsets: list[int | None]
) -> None:
    asked = [None if minutes is None else NOON + minutes * MINUTE for minutes in offsets]
    async with await AsyncConnection.connect(shared_url, autocommit=True) as connection:
        await connection.execute("truncate log")
        given_out = [await log.append(connection, "tick", b"", at=at) for at in asked]
        assert await log.head(connection) == given_out[-1]
    assert [place.position for place in given_out] == list(range(1, len(asked) + 1))
    assert all(earlier.committed_at < later.committed_at for earlier, later in pairwise(given_out))
    assert all(at is None or place.committed_at >= at for at, place in zip(asked, given_out, strict=True))


async def test_a_replays_clock_is_taken_at_its_word_unless_it_goes_back(database: AsyncConnectionPool) -> None:
    async with database.connection() as connection:
        places = [await log.append(connection, "tick", b"", at=at) for at in (NOON, NOON + MINUTE, NOON, NOON)]
    assert places == [
        Place(1, NOON),
        Place(2, NOON + MINUTE),
        Place(3, NOON + MINUTE + 1),
        Place(4, NOON + MINUTE + 2),
    ]


async def test_an_empty_log_has_no_head_and_an_empty_tail(database: AsyncConnectionPool) -> None:
    async with database.connection() as connection:
        assert await log.head(connection) is None
        assert await log.tail(connection, 0, 10) == []


async def test_readings_name_the_batch_they_were_stored_in_and_no_batch_counts_twice(
    database: AsyncConnectionPool,
) -> None:
    async with database.connection() as connection:
        await log.append(connection, "readings", b"", batch=7)
        with pytest.raises(psycopg.errors.UniqueViolation):
            await log.append(connection, "readings", b"", batch=7)
        with pytest.raises(psycopg.errors.CheckViolation):
            await log.append(connection, "readings", b"")
        with pytest.raises(psycopg.errors.CheckViolation):
            await log.append(connection, "tick", b"", batch=8)
        assert (await log.append(connection, "tick", b"")).position == 2


async def _until_held_up(connection: AsyncConnection) -> None:
    """Wait until the database shows one of our connections waiting for a lock."""
    async with asyncio.timeout(SECONDS):
        while (await (await connection.execute(HELD_UP)).fetchone()) == (0,):  # noqa: ASYNC110 - the server's to say
            await asyncio.sleep(0.01)
