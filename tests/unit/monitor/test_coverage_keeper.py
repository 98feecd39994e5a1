"""The keeper on a real database: what it wrote is as if it had never been interrupted."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import AsyncConnection

from monitor.coverage_keeper import Keeper, OvertakenError
from runtime.clock import SystemClock
from schema.entries import ReadingEntry, Tick
from schema.instants import HOUR, MINUTE, SECOND, Instant, moment
from tests.unit.monitor.stored_log import store

FIT = """
    insert into homes (id, zone) values ('h1', 'Europe/London');
    insert into people (id, home, name) values ('ada', 'h1', 'Ada Example');
    insert into devices (home, id, kind) values ('h1', 'hub', 'hub'), ('h1', 'bed-1', 'bed');
    insert into care_plans (person, version, rules)
        values ('ada', 1, '[{"rule": "silence", "device": "bed-1", "longer_than": "10m"}]');
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(FIT)
        yield connection


async def pass_over(keeper: Keeper, connection: AsyncConnection) -> None:
    """Let it read all there is."""
    while await keeper.run_once(connection):
        pass


async def gaps(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    rows = await connection.execute("select what, cause, began, ended from coverage_gaps order by began, what")
    return await rows.fetchall()


def bed(at: Instant) -> ReadingEntry:
    return ReadingEntry(2, "heartbeat", "alive", at, at)


async def ticks(connection: AsyncConnection, first: Instant, last: Instant, **of: Any) -> None:
    for at in range(first, last, SECOND):
        await store(connection, at, Tick(**of))


async def test_a_mat_that_falls_silent_is_a_gap_that_goes_on_over_a_restart_and_ends_with_its_next_word(
    connection: AsyncConnection,
) -> None:
    now = SystemClock().now() - 2 * HOUR
    await store(connection, now, Tick())
    await pass_over(Keeper(), connection)
    await store(connection, now + SECOND, bed(now + SECOND))
    await store(connection, now + 12 * MINUTE, Tick(hearing_since=now + 12 * MINUTE - SECOND))
    before = Keeper()
    await pass_over(before, connection)
    silent = ("device", "device", moment(now + SECOND), None)
    heard = SystemClock().now() - SECOND
    await ticks(connection, heard - 5 * SECOND, heard)
    await pass_over(before, connection)
    assert silent in await gaps(connection)
    await store(connection, heard, bed(heard))
    await pass_over(Keeper(), connection)
    assert (*silent[:3], moment(heard)) in await gaps(connection)


async def test_a_monitor_that_was_away_is_a_gap_from_its_last_look(connection: AsyncConnection) -> None:
    await pass_over(Keeper(), connection)
    looked = SystemClock().now() - 10 * MINUTE
    await connection.execute("update coverage_progress set looked_at = %s", (moment(looked),))
    await pass_over(Keeper(), connection)
    ((what, cause, began, ended),) = await gaps(connection)
    assert (what, cause) == ("watching", "monitor")
    assert abs((began - moment(looked)).total_seconds()) <= 0.5
    assert abs((ended - moment(SystemClock().now())).total_seconds()) <= 5


async def test_no_tick_for_long_is_a_gap_at_once_and_ends_when_the_gateway_heard_the_broker(
    connection: AsyncConnection,
) -> None:
    now = SystemClock().now()
    keeper = Keeper()
    await pass_over(keeper, connection)
    await store(connection, now - 60 * SECOND, Tick())
    await pass_over(keeper, connection)
    ((what, cause, began, ended),) = await gaps(connection)
    assert (what, ended) == ("listening", None)
    assert cause in {"gateway", "database"}, "the tests' own database may be younger than the gap"
    assert began == moment(now - 60 * SECOND + SECOND // 2)
    await store(connection, now, Tick(hearing_since=now - 5 * SECOND))
    await pass_over(keeper, connection)
    assert await gaps(connection) == [(what, cause, began, moment(now - 5 * SECOND))]


async def test_a_gateway_that_outlived_the_loss_tells_that_the_broker_is_away(
    connection: AsyncConnection, database_url: str
) -> None:
    async with await AsyncConnection.connect(database_url, application_name="gateway ordinary"):
        keeper = Keeper()
        await pass_over(keeper, connection)
        await store(connection, SystemClock().now() + 2 * SECOND, Tick())  # after the gateway came
        await connection.execute("select pg_sleep(6.5)")
        await pass_over(keeper, connection)
    ((what, cause, _, ended),) = await gaps(connection)
    assert (what, cause, ended) == ("listening", "broker", None)


async def test_a_pass_that_fails_before_its_commit_loses_no_gap_and_writes_none_twice(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = SystemClock().now()
    keeper = Keeper()
    await store(connection, now - HOUR, Tick())
    await pass_over(keeper, connection)
    await store(connection, now - 30 * MINUTE, Tick())
    await store(connection, now - SECOND, Tick())

    async def fail(*_: object) -> bool:
        raise ConnectionResetError

    with monkeypatch.context() as broken:
        broken.setattr("monitor.coverage_rows.move", fail)
        with pytest.raises(ConnectionResetError):
            await keeper.run_once(connection)
    await pass_over(keeper, connection)
    ours = [each for each in await gaps(connection) if each[0] == "listening"]
    assert len(ours) == 1, "one proof stood before the keeper began; between the two others lies a gap"


async def test_a_keeper_that_another_overtook_gives_up_and_writes_nothing(connection: AsyncConnection) -> None:
    slow, quick = Keeper(), Keeper()
    await pass_over(slow, connection)
    await pass_over(quick, connection)
    await store(connection, SystemClock().now(), Tick())
    await pass_over(quick, connection)
    with pytest.raises(OvertakenError):
        await slow.run_once(connection)
