"""The monitor's shell on the real database: what is found is written exactly once, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from monitor import changes, engine, faults, roster
from monitor.changes import Numbered
from monitor.checkpoint import restore
from monitor.engine import Monitor
from monitor.fold import Fold
from schema.entries import UnregisteredPress, pack
from schema.instants import DAY, HOUR, MINUTE, SECOND, Instant
from tests.unit.monitor.random_logs import Row
from tests.unit.monitor.small_core import START, home_set, moves, press
from tests.unit.monitor.stored_log import (
    BLIND,
    LIVE,
    STORY,
    CrashError,
    CrashingConnection,
    Points,
    cursors,
    drained,
    expected,
    small_fold,
    small_monitor,
    store,
    store_rows,
    written,
)

# A press in a home whose name no table takes, beside one of Ada's.
_AT = START + 51 * MINUTE
REFUSED: Row = (14, _AT, [press(_AT), UnregisteredPress("h\x00", "p", "button", _AT, _AT, "no such home")])


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches, chunks and checkpoints, so that few rows pass through every seam."""
    monkeypatch.setattr(engine, "ROWS", 2)
    monkeypatch.setattr(engine, "CHECKPOINT_ENTRIES", 4)
    monkeypatch.setattr(roster, "CHUNK", 1)


async def test_what_is_found_is_written_as_the_pure_fold_says_it(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY)
    await drained(small_monitor(connection))
    assert len(expected(STORY)) == 11
    assert await written(connection) == expected(STORY)
    assert await cursors(connection) == {13}


async def test_a_replay_of_the_log_writes_what_was_written_live_to_the_id(connection: AsyncConnection) -> None:
    monitor = small_monitor(connection)
    for _, at, entries in STORY:
        await store(connection, at, *entries)
        await monitor.run_once(at)
    live = await written(connection)
    await connection.execute("truncate finding_changes, monitor_cursors, checkpoints")
    await drained(small_monitor(connection))
    assert await written(connection) == live == expected(STORY)


@pytest.mark.usefixtures("_small_batches")
@pytest.mark.parametrize("who", ["another", "the same"])
async def test_killed_at_any_point_each_finding_is_written_exactly_once(connection: AsyncConnection, who: str) -> None:
    """Killed at each point in turn, another monitor goes on, or the same one: what it believed must not count."""
    await store_rows(connection, [*STORY, REFUSED])
    await drained(small_monitor(connection))
    said, passed = await written(connection), set[str]()
    assert said[:-2] == expected(STORY)
    for crash_at in range(1, 1000):
        await connection.execute("truncate finding_changes, monitor_cursors, checkpoints")
        points = Points(crash_at, [])
        monitor = small_monitor(CrashingConnection(connection, points))  # type: ignore[arg-type]
        try:
            await drained(monitor)
            break
        except CrashError as crash:
            passed.add(str(crash).partition("\n")[0])
        await drained(monitor if who == "the same" else small_monitor(connection))
        assert await written(connection) == said, points.passed[crash_at - 1]
    assert 80 < crash_at < 999
    assert {"before commit", "after commit"} <= passed


@pytest.mark.usefixtures("_small_batches")
@pytest.mark.parametrize("seed", range(4))
async def test_of_two_monitors_one_wins_each_batch_and_nothing_is_written_twice_or_lost(
    connection: AsyncConnection, other: AsyncConnection, database_url: str, seed: int
) -> None:
    async with await AsyncConnection.connect(database_url, autocommit=True) as gateway:
        monitors = [small_monitor(each, patience=0) for each in (connection, other)]
        lost = 0
        for _, at, entries in STORY:
            await store(gateway, at, *entries)
            both = await asyncio.gather(*(monitor.run_once(seed * at) for monitor in monitors))
            lost += sum(counts.lost for counts in both)
        await drained(monitors[seed % 2])
    assert await written(connection) == expected(STORY)
    assert lost


async def test_monitors_that_divide_the_partitions_write_together_what_one_would(
    connection: AsyncConnection, other: AsyncConnection
) -> None:
    await store_rows(connection, STORY)
    one, two = small_monitor(connection, range(9)), small_monitor(other, range(9, 16))
    await asyncio.gather(drained(one), drained(two))
    assert await written(connection) == expected(STORY)


async def test_partitions_that_change_hands_at_different_positions_are_taken_up_where_each_was(
    connection: AsyncConnection, other: AsyncConnection
) -> None:
    await store_rows(connection, STORY[:5])
    await drained(small_monitor(connection, range(9)))
    await store_rows(connection, STORY[5:9])
    await drained(small_monitor(other, range(9, 16)))
    await store_rows(connection, STORY[9:])
    await drained(small_monitor(connection))
    assert await written(connection) == expected(STORY)


async def test_where_one_cursor_of_several_stands_elsewhere_none_moves_and_nothing_is_written(
    connection: AsyncConnection,
) -> None:
    await store_rows(connection, STORY[:2])
    await drained(small_monitor(connection))
    await connection.execute("update monitor_cursors set position = 1 where partition < 9")
    found = [Numbered(7, "ada", 0, faults.unreadable_row(7, START, "x"))]
    believed = dict.fromkeys(range(16), 2)
    assert not await changes.commit(connection, believed, 7, found)
    assert await cursors(connection) == {1, 2}
    assert await written(connection) == expected(STORY[:2])
    believed |= dict.fromkeys(range(9), 1)
    assert await changes.commit(connection, believed, 7, found)
    assert await cursors(connection) == {7}
    assert len(await written(connection)) == len(expected(STORY[:2])) + 1


async def test_who_lost_a_batch_follows_quietly_and_takes_over_when_the_winner_stands_still(
    connection: AsyncConnection, other: AsyncConnection
) -> None:
    winner, standby = small_monitor(connection), small_monitor(other)
    now = START
    await winner.run_once(now)
    await standby.run_once(now)
    await store_rows(connection, STORY[:3])
    await winner.run_once(now)
    assert (await standby.run_once(now)).lost
    for _, at, entries in STORY[3:8]:
        await store(connection, at, *entries)
        assert not (await standby.run_once(now)).lost
        assert (await winner.run_once(now)).rows == 1
    await store_rows(connection, STORY[8:])
    assert (await standby.run_once(now)).changes == 0
    assert (await standby.run_once(now + SECOND)).changes == 0
    assert (await standby.run_once(now + 4 * SECOND)).changes > 0
    assert await written(connection) == expected(STORY)
    assert (await winner.run_once(now + 5 * SECOND)).lost


async def test_a_clean_stop_leaves_nothing_to_replay(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY)
    monitor = small_monitor(connection)
    await drained(monitor)
    assert await monitor.save() >= 16
    again = await restore(connection, list(range(16)), small_fold)
    assert again.position == 13


@pytest.mark.usefixtures("_small_batches")
async def test_a_batch_that_was_not_committed_is_in_no_checkpoint(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY)
    monitor = small_monitor(CrashingConnection(connection, Points(0, [])))  # type: ignore[arg-type]
    for _ in STORY:
        await monitor.run_once(START)
        row = await (await connection.execute("select max(position) from checkpoints")).fetchone()
        assert row
        assert (row[0] or 0) <= min(await cursors(connection))


async def test_after_an_outage_deadlines_fire_only_after_the_backlog_and_say_how_late(
    connection: AsyncConnection,
) -> None:
    """Everything was down from 08:00 to 10:00; Ada's readings of that time come with the backlog, Bob's do not."""
    back = START + 2 * HOUR
    await store_rows(connection, STORY[:1])
    await store(connection, START, moves(START), moves(START, 12))
    await store(connection, back, moves(START + 60 * MINUTE))
    await store(connection, back + SECOND, moves(back))
    await drained(small_monitor(connection))
    assert await written(connection) == []
    last = await store(connection, back + 2 * SECOND, LIVE)
    await drained(small_monitor(connection))
    rows = await (await connection.execute("select position, body -> 'finding' from finding_changes")).fetchall()
    ((position, finding),) = rows
    assert (position, finding["subject"]) == (last, "bob")
    assert finding["late_by"] == 2 * HOUR + 2 * SECOND - 10 * MINUTE


async def test_findings_are_announced(connection: AsyncConnection, other: AsyncConnection) -> None:
    await other.execute("listen findings")
    await store_rows(connection, STORY[:2])
    await drained(small_monitor(connection))
    heard = [notice.channel async for notice in other.notifies(timeout=5, stop_after=1)]
    assert heard == ["findings"]


# --- while no gateway lives --------------------------------------------------------------------------


async def _ticks(connection: AsyncConnection) -> list[bool]:
    rows = await connection.execute(
        "select entries = %s from log where kind = 'tick' order by position", (pack([BLIND]),)
    )
    return [row[0] for row in await rows.fetchall()]


async def _appended(monitor: Monitor, now: Instant) -> int:
    return sum([each.blind_ticks for each in await drained(monitor, now)])


async def test_five_seconds_after_the_last_sign_of_a_gateway_the_monitors_ticks_take_over_one_a_second(
    connection: AsyncConnection,
) -> None:
    monitor = small_monitor(connection, blind_after=5 * SECOND)
    await store(connection, START, LIVE)
    await drained(monitor, START)
    for tenths in range(50):
        await drained(monitor, START + tenths * SECOND // 10)
    assert await _ticks(connection) == [False]
    for tenths in range(50, 100):
        await drained(monitor, START + tenths * SECOND // 10)
    assert await _ticks(connection) == [False] + [True] * 6


async def test_facts_are_no_sign_of_a_gateway_but_readings_and_ticks_are(connection: AsyncConnection) -> None:
    monitor = small_monitor(connection, blind_after=5 * SECOND)
    await store(connection, START, moves(START))
    await drained(monitor, START)
    await store(connection, START, home_set())
    await drained(monitor, START + 4 * SECOND)
    assert await _appended(monitor, START + 5 * SECOND) == 1
    await store(connection, START, LIVE)
    assert await _appended(monitor, START + 9 * SECOND) == 0
    assert await _appended(monitor, START + 13 * SECOND) == 0
    assert await _appended(monitor, START + 14 * SECOND) == 1


async def test_of_two_monitors_one_appends_the_blind_tick(connection: AsyncConnection, other: AsyncConnection) -> None:
    one = small_monitor(connection, range(9), blind_after=5 * SECOND)
    two = small_monitor(other, range(9, 16), blind_after=5 * SECOND)
    for now in range(START, START + 10 * SECOND, SECOND // 4):
        await asyncio.gather(one.run_once(now), two.run_once(now))
    assert 4 <= len(await _ticks(connection)) <= 6


async def test_a_gateway_heard_at_the_last_moment_keeps_the_blind_tick_back(
    connection: AsyncConnection, other: AsyncConnection
) -> None:
    """Its tick is stored after the monitor read the log, and before it could append its own."""

    class Overtaken:
        def __getattr__(self, name: str) -> Any:
            return getattr(connection, name)

        async def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            if "try_advisory" in query:
                await store(other, START, LIVE)
            return await connection.execute(query, *args, **kwargs)

    monitor = small_monitor(Overtaken(), blind_after=5 * SECOND)  # type: ignore[arg-type]
    await monitor.run_once(START)
    assert (await monitor.run_once(START + 6 * SECOND)).blind_ticks == 0
    assert await _ticks(connection) == [False]


async def test_a_monitor_with_a_backlog_appends_no_tick_as_it_cannot_know(connection: AsyncConnection) -> None:
    monitor = small_monitor(connection, blind_after=5 * SECOND)
    await monitor.run_once(START)
    await store_rows(connection, STORY[:6])
    assert (await monitor.run_once(START + HOUR)).blind_ticks == 0


async def test_a_clock_put_back_neither_blinds_nor_stops_the_monitor(connection: AsyncConnection) -> None:
    monitor = small_monitor(connection, blind_after=5 * SECOND)
    await store(connection, START, LIVE)
    await drained(monitor, START)
    assert await _appended(monitor, START - HOUR) == 0
    assert await _appended(monitor, START - HOUR + 4 * SECOND) == 0
    assert await _appended(monitor, START - HOUR + 5 * SECOND) == 1
    await store_rows(connection, STORY[:2])
    assert sum(each.changes for each in await drained(monitor, START - 2 * HOUR)) == 1


async def test_a_log_that_was_never_written_is_blind_too(connection: AsyncConnection) -> None:
    monitor = small_monitor(connection, blind_after=5 * SECOND)
    await monitor.run_once(START)
    assert (await monitor.run_once(START + 5 * SECOND)).blind_ticks == 1


# --- what cannot be read or stored -------------------------------------------------------------------


async def _poison(connection: AsyncConnection, packed: bytes) -> None:
    await connection.execute("select log_append('facts', null, %s)", (packed,))


async def _reasons(connection: AsyncConnection) -> list[str]:
    rows = await connection.execute("select body -> 'finding' ->> 'reason' from finding_changes order by position")
    return [row[0] for row in await rows.fetchall()]


async def test_a_row_that_cannot_be_read_is_set_aside_and_said_and_the_rest_is_watched(
    connection: AsyncConnection,
) -> None:
    await store_rows(connection, STORY[:1])
    await _poison(connection, b"\xc1 no msgpack")
    at = START + 400 * DAY
    await store(connection, at, press(at))
    await drained(small_monitor(connection))
    reasons = await _reasons(connection)
    assert reasons[0].startswith("row 2 of the log cannot be read (its 12 bytes are no list of entries)")
    assert reasons[1:] == ["button"]


async def test_a_press_beside_an_entry_that_cannot_be_read_is_said(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY[:1])
    packed = pack([press(START), press(START + 1, 11)])
    broken = packed[:1] + b"\x92\x63\x00" + packed[1:]  # a third entry, of tag 99
    await _poison(connection, b"\x93" + broken[1:])
    await drained(small_monitor(connection))
    reasons = await _reasons(connection)
    assert sorted(reasons)[:2] == ["button", "button"]
    assert "1 of 3 entries" in sorted(reasons)[2]


async def test_a_finding_the_database_refuses_is_said_and_takes_no_other_with_it(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY[:1])
    hostile = UnregisteredPress("h\x00", "p", "button", START, START, "no such home")
    await store(connection, START + SECOND, press(START), hostile, press(START, 11))
    await drained(small_monitor(connection))
    assert [row[1] for row in await written(connection)] == ["ada", "bob", "service:log"]
    assert any("could not be stored" in reason for reason in await _reasons(connection))


async def test_what_a_rule_raises_again_is_written_once(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY[:1])
    await store(connection, START + SECOND, press(START))
    await store(connection, START + 2 * SECOND, press(START))
    await drained(small_monitor(connection))
    assert len(await written(connection)) == 1


async def test_the_database_going_away_is_raised_to_the_service_and_memory_is_dropped(
    connection: AsyncConnection, other: AsyncConnection
) -> None:
    await store_rows(connection, STORY[:4])
    monitor = small_monitor(other)
    await drained(monitor)
    await connection.execute("select pg_terminate_backend(%s)", (other.info.backend_pid,))
    await store_rows(connection, STORY[4:])
    with pytest.raises(psycopg.OperationalError):
        await monitor.run_once(START)
    assert await monitor.save() == 0
    await drained(small_monitor(connection))
    assert await written(connection) == expected(STORY)


def test_the_default_fold_is_the_real_one() -> None:
    assert Fold is engine.Fold
