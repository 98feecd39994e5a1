"""A room is judged by what it has done, so that alive and stuck is not healthy."""

from pathlib import Path

from psycopg_pool import AsyncConnectionPool

from runtime.clock import SystemClock
from runtime.log import append
from runtime.settings import Settings
from schema.entries import Tick, pack
from schema.instants import MINUTE
from telecare.healthy import ill
from telecare.watcher.judgement import Known, Outage
from telecare.watcher.memory import Memory, file_of


async def test_a_gateway_that_ticks_is_at_work_and_one_the_monitor_ticks_for_is_not(
    database: AsyncConnectionPool, database_url: str
) -> None:
    settings = Settings(database_url=database_url)
    assert await ill("gateway", settings), "nothing was ever appended"
    async with database.connection() as connection:
        await append(connection, "tick", pack([Tick(blind=True)]))
    assert await ill("gateway", settings), "a blind tick is the monitor's word that no gateway lives"
    async with database.connection() as connection:
        await append(connection, "tick", pack([Tick()]))
    assert await ill("gateway", settings) is None


async def test_a_monitor_is_at_work_when_its_cursors_follow_the_log(
    database: AsyncConnectionPool, database_url: str
) -> None:
    settings = Settings(database_url=database_url)
    assert await ill("monitor", settings), "it has no cursor yet"
    async with database.connection() as connection:
        await connection.execute("insert into monitor_cursors values (0, 0)")
        assert await ill("monitor", settings) is None
        await connection.execute(
            "insert into log (position, committed_at, kind, entries)"
            " values (1, clock_timestamp() - interval '1 minute', 'tick', %s)",
            (pack([Tick()]),),
        )
    assert await ill("monitor", settings), "a row has waited for a minute"


async def test_a_database_that_is_away_is_named() -> None:
    fault = await ill("gateway", Settings(database_url="postgresql://127.0.0.1:1/nowhere"))
    assert fault
    assert "cannot be reached" in fault


async def test_a_console_that_does_not_answer_is_named() -> None:
    fault = await ill("alerting", Settings(http_port=1))
    assert fault
    assert "does not answer" in fault


async def test_a_watcher_is_at_work_while_it_makes_its_rounds_and_one_that_tells_of_an_outage_is_too(
    tmp_path: Path,
) -> None:
    settings, now = Settings(data_dir=tmp_path), SystemClock().now()
    assert await ill("watcher", settings) == "no press has been made yet"
    outage = Outage(since=now, where="way", why="not within 30 s")
    Memory(file_of(tmp_path)).keep(Known(looked_at=now, outage=outage))
    assert await ill("watcher", settings) is None
    Memory(file_of(tmp_path)).keep(Known(looked_at=now - 10 * MINUTE))
    assert await ill("watcher", settings) == "no press was made for 10 min"
