"""Checkpoints on the real database: taken up again, the monitor goes on as if it had never stopped."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from monitor import chunks, engine, roster
from monitor.checkpoint import chunks_of, restore, save
from monitor.engine import CHECKPOINT_EVERY
from monitor.fold import Fold
from schema.entries import Tick
from schema.instants import MINUTE, SECOND
from tests.unit.monitor.random_logs import Make, Row, folded, random_logs, steps
from tests.unit.monitor.small_core import START, home_set, moves, person_set
from tests.unit.monitor.stored_log import drained, small_fold, small_monitor, store, store_rows, written

ALL = list(range(16))


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "CHUNK", 2)


@pytest.mark.usefixtures("_small_chunks")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=random_logs(25), data=st.data())
def test_chunks_saved_at_random_and_the_log_behind_them_are_the_uninterrupted_fold(
    database_url: str, log: list[tuple[int, list[Make]]], data: st.DataObject
) -> None:
    """At random rows random chunks are saved, as a checkpoint under way would leave them; then the process ends."""
    fold = Fold()
    rows, said = folded(log, fold, list[Row]().append)
    first = data.draw(st.integers(1, len(rows)))
    later = {position: data.draw(st.integers(0, 15)) for position in range(first + 1, len(rows) + 1)}

    async def story() -> None:
        async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
            await connection.execute("truncate log, checkpoints")
            await store_rows(connection, rows)
            kept = Fold()
            for row in rows:
                steps(kept, row)
                for partition, chunk in chunks_of(kept, ALL):
                    if row[0] == first or later.get(row[0]) == partition:
                        await save(connection, kept, partition, chunk)
            again = await restore(connection, ALL, Fold)
            assert again.position in {0, first}
            rest = [each for row in rows[again.position :] for each in steps(again, row)]
            assert [each for each in said if each in rest] == rest
            assert {key: again.keep(*key) for key in again.chunks()} == {key: fold.keep(*key) for key in fold.chunks()}

    asyncio.run(story())


async def test_an_older_chunk_never_replaces_a_newer_one(connection: AsyncConnection) -> None:
    """A worker that was thought dead wakes up and goes on with its checkpoint."""
    old, new = small_fold(), small_fold()
    for at, fold in ((3, old), (9, new)):
        fold.step(1, START, home_set())
        fold.step(at, START + at, Tick())
    await save(connection, new, 12, 0)
    await save(connection, old, 12, 0)
    row = await (await connection.execute("select position, people from checkpoints")).fetchone()
    assert row
    assert row[0] == 9
    assert chunks.decode(row[1]).at == START + 9


async def _kept_story(connection: AsyncConnection) -> None:
    await store(connection, START, home_set(), person_set())
    await store(connection, START + SECOND, moves(START))
    monitor = small_monitor(connection)
    await drained(monitor)
    await monitor.save()
    await store(connection, START + 11 * MINUTE, Tick())


@pytest.mark.parametrize(
    "spoil",
    [
        "delete from checkpoints where partition = 8",
        "update checkpoints set people = '\\x93'::bytea where partition = 8",
        "update checkpoints set people = '\\x94636363c090'::bytea where partition = 8",
        "update checkpoints set people = substr(people, 1, octet_length(people) - 20) where partition = 8",
    ],
    ids=["a partition is missing", "no chunk", "of another make", "cut short"],
)
async def test_a_checkpoint_that_cannot_be_taken_up_is_replaced_by_the_whole_log(
    connection: AsyncConnection, spoil: str
) -> None:
    await _kept_story(connection)
    assert (await restore(connection, ALL, small_fold)).position == 2
    await connection.execute(spoil.encode())
    assert (await restore(connection, ALL, small_fold)).position == 0
    await drained(small_monitor(connection))
    assert [row[4] for row in await written(connection)] == ["raised"]


async def test_a_checkpoint_is_saved_each_minute_and_not_more_often(connection: AsyncConnection) -> None:
    monitor = small_monitor(connection)
    await store(connection, START, home_set())
    assert sum([each.chunks for each in await drained(monitor, START)]) == 0
    assert sum([each.chunks for each in await drained(monitor, START + CHECKPOINT_EVERY - 1)]) == 0
    assert await _chunks(monitor, START + CHECKPOINT_EVERY) == 16 + 1  # one a partition, and one with the home
    assert await _chunks(monitor, START + CHECKPOINT_EVERY + SECOND) == 0


async def _chunks(monitor: engine.Monitor, now: int) -> int:
    return sum([(await monitor.run_once(now)).chunks for _ in range(10)])


async def test_a_checkpoint_is_saved_after_so_many_entries(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CHECKPOINT_ENTRIES", 10)
    monitor = small_monitor(connection)
    await store(connection, START, *[home_set()] * 9)
    assert await _chunks(monitor, START) == 0
    await store(connection, START, home_set())
    assert await _chunks(monitor, START) == 16 + 1


@pytest.mark.usefixtures("_small_chunks")
async def test_a_checkpoint_is_saved_a_few_chunks_at_a_time_between_batches(connection: AsyncConnection) -> None:
    """A press that comes while a hundred thousand people are saved waits for a thousand at most."""
    monitor = small_monitor(connection)
    await store(connection, START, *(home_set(f"h{n}", n * 10) for n in range(100)))
    await drained(monitor, START)
    saved = [(await monitor.run_once(START + CHECKPOINT_EVERY)).chunks for _ in range(30)]
    assert max(saved) == 4
    assert sum(saved) > 50


@pytest.mark.usefixtures("_small_chunks")
async def test_who_came_while_a_checkpoint_was_under_way_is_saved_before_the_rest_goes_on(
    connection: AsyncConnection,
) -> None:
    """Else the rest would stand behind their beginning, and the whole checkpoint could not be taken up."""
    monitor = small_monitor(connection)
    await store(connection, START, *(home_set(f"h{n}", n * 10) for n in range(100)))
    await drained(monitor, START)
    while (await monitor.run_once(START + CHECKPOINT_EVERY)).chunks:
        pass
    await monitor.run_once(START + 3 * CHECKPOINT_EVERY)
    await store(connection, START + 1, *(home_set(f"n{n}", 5000 + n * 10) for n in range(100)))
    for turn in range(80):
        await monitor.run_once(START + (3 + turn // 40) * CHECKPOINT_EVERY)
        assert (await restore(connection, ALL, small_fold)).position > 0
