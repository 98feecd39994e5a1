"""A notification is a hint that wakes at once; without one, or without a database, the waiter wakes all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from runtime import log
from runtime.database import GONE, Listener, pool
from runtime.embedded import EmbeddedDatabase, embedded_database
from tests.chaos.house import socket_of
from tests.chaos.proxy import link

SECONDS = 30.0
NEVER = 3600.0


@asynccontextmanager
async def _listening(url: str, *channels: str) -> AsyncIterator[Listener]:
    listener = Listener(url, channels)
    running = asyncio.create_task(listener.run())
    try:
        async with asyncio.timeout(SECONDS):
            for channel in channels:
                await listener.wait(channel, NEVER)  # it wakes everybody once it listens
            yield listener
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_notification_wakes_who_waits_for_its_channel_and_nobody_else(
    database: AsyncConnectionPool, database_url: str
) -> None:
    async with _listening(database_url, "findings", "outbox") as listener, database.connection() as connection:
        await connection.execute("notify findings")
        await listener.wait("findings", NEVER)
        outbox = asyncio.create_task(listener.wait("outbox", NEVER))
        await connection.execute("notify findings")
        await listener.wait("findings", NEVER)
        assert not outbox.done()
        await connection.execute("notify outbox")
        await outbox


async def test_an_append_to_the_log_wakes_its_tail_when_it_commits(
    database: AsyncConnectionPool, database_url: str
) -> None:
    async with _listening(database_url, "log") as listener, database.connection() as connection:
        waiting = asyncio.create_task(listener.wait("log", NEVER))
        async with connection.transaction():
            await log.append(connection, "tick", b"")
            assert not waiting.done()
        await waiting


async def test_a_notification_that_came_before_the_wait_is_not_lost(
    database: AsyncConnectionPool, database_url: str
) -> None:
    async with _listening(database_url, "log", "alarms") as listener, database.connection() as connection:
        await connection.execute("notify log")
        await connection.execute("notify alarms")
        await listener.wait("alarms", NEVER)
        await listener.wait("log", NEVER)


async def test_without_a_notification_the_wait_ends_by_itself(database_url: str) -> None:
    async with _listening(database_url, "log") as listener:
        await listener.wait("log", 0.05)


async def test_a_lost_connection_wakes_everybody_and_is_made_again(
    database: AsyncConnectionPool, database_url: str
) -> None:
    async with _listening(database_url, "log") as listener, database.connection() as connection:
        ended = await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and query = 'listen log'"
        )
        assert await ended.fetchall() == [(True,)]
        await listener.wait("log", NEVER)  # something may have been missed
        await listener.wait("log", NEVER)  # it listens again
        await connection.execute("notify log")
        await listener.wait("log", NEVER)


async def test_a_listener_outlives_a_database_that_is_away_at_start_and_while_it_runs(tmp_path: Path) -> None:
    async with embedded_database(tmp_path) as database:
        url = database.url
        database.kill()
        listener = Listener(url, ["log"])
        running = asyncio.create_task(listener.run())
        await asyncio.wait_for(listener.wait("log", NEVER), SECONDS)
        await database.restart()
        async with await AsyncConnection.connect(url, autocommit=True) as connection, asyncio.timeout(SECONDS):
            while (await _listeners(connection)) == 0:  # noqa: ASYNC110 - the server's to say
                await asyncio.sleep(0.01)
            listener._heard["log"].clear()
            await connection.execute("notify log")
            await listener.wait("log", NEVER)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_pool_names_its_service_and_commits_each_statement(database_url: str) -> None:
    async with pool(database_url, name="gateway") as connections, connections.connection() as connection:
        shown = await (await connection.execute("show application_name")).fetchone()
        await connection.execute("create table seen ()")
        with psycopg.connect(database_url) as other:
            assert other.execute("select to_regclass('seen')").fetchone() == ("seen",)
    assert shown == ("gateway",)


async def test_a_pool_forgets_connections_that_died(database: AsyncConnectionPool) -> None:
    async with database.connection() as connection:
        await connection.execute("select 1")
    async with database.connection() as killer:
        await killer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
    for _ in range(4):
        async with database.connection() as connection:
            assert await (await connection.execute("select 1")).fetchone() == (1,)


async def test_a_pool_is_there_again_as_soon_as_its_database_is(tmp_path: Path) -> None:
    """Away for four seconds: tries that double their distance would come at seven."""
    loop = asyncio.get_running_loop()
    async with embedded_database(tmp_path) as database, pool(database.url, name="test") as connections:
        async with connections.connection() as connection:
            database.kill()
            with suppress(*GONE):  # a session's process may outlive the server for a moment
                while True:
                    await connection.execute("select 1")
        waiting = [asyncio.create_task(_one(connections)) for _ in range(6)]
        await asyncio.sleep(4)
        assert not any(each.done() for each in waiting)
        await database.restart()
        back = loop.time()
        assert await asyncio.gather(*waiting) == [1] * 6
        assert loop.time() - back < 2


async def test_a_pool_given_up_while_its_database_is_away_leaves_no_task_behind(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), pool(f"postgresql://telecare@/telecare?host={tmp_path}", name="gateway"):
            pass
    async with asyncio.timeout(SECONDS):
        while asyncio.all_tasks() - before:  # noqa: ASYNC110 - tasks that end set no event
            await asyncio.sleep(0.01)


async def test_a_server_that_takes_everything_and_answers_nothing_counts_as_gone(
    server: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All connections of a pool at once: eight idle ones, tried one after another, would take eight times as long."""
    monkeypatch.setattr("runtime.database.ANSWERS_WITHIN", 1.0)
    loop = asyncio.get_running_loop()
    async with link("database", socket_of(server.url)) as line:
        url = f"postgresql://telecare@127.0.0.1:{line.port}/telecare?sslmode=disable"
        async with pool(url, name="test", size=8) as connections:
            async with AsyncExitStack() as all_of_them:
                for _ in range(8):
                    await all_of_them.enter_async_context(connections.connection())
            line.drop()
            dropped = loop.time()
            assert await _one(connections) == 1
            assert loop.time() - dropped < 5
            async with connections.connection() as connection:
                line.drop()
                with pytest.raises(GONE):
                    await connection.execute("select 1")


async def test_what_a_broken_connection_leaves_behind_holds_no_lock_for_long(database: AsyncConnectionPool) -> None:
    async with database.connection() as connection:
        shown = await (await connection.execute("show idle_in_transaction_session_timeout")).fetchone()
    assert shown == ("15s",)


async def _one(connections: AsyncConnectionPool) -> int:
    async with connections.connection() as connection:
        row = await (await connection.execute("select 1")).fetchone()
        return int(row[0]) if row else 0


async def _listeners(connection: AsyncConnection) -> int:
    found = await (await connection.execute("select from pg_stat_activity where query = 'listen log'")).fetchall()
    return len(found)
