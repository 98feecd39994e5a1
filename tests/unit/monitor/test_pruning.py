"""Pruning the log on the real database: what no restart needs is taken, and what a rehearsal needs of it is kept."""

from psycopg import AsyncConnection

from monitor.pruning import prune_log
from schema.instants import DAY, instant
from tests.unit.monitor.small_core import START
from tests.unit.monitor.stored_log import STORY, drained, expected, small_monitor, store_rows, written


async def _positions(connection: AsyncConnection) -> list[int]:
    rows = await connection.execute("select position from log order by position")
    return [row[0] for row in await rows.fetchall()]


async def test_pruning_takes_old_readings_and_ticks_that_no_restart_needs_and_leaves_facts(
    connection: AsyncConnection,
) -> None:
    await store_rows(connection, STORY[:6])
    monitor = small_monitor(connection)
    await drained(monitor)
    await monitor.save()
    await store_rows(connection, STORY[6:])
    await drained(monitor)
    assert await prune_log(connection, START + 3 * DAY) == 0
    assert await prune_log(connection, START + 4 * DAY) == 4
    assert await _positions(connection) == [1, 6, 7, 8, 9, 10, 11, 12, 13]
    times = await (await connection.execute("select committed_at from batch_times order by batch")).fetchall()
    assert [instant(row[0]) for row in times] == [at for _, at, _ in (STORY[1], STORY[3])], "the history's own order"
    await drained(small_monitor(connection))
    assert await written(connection) == expected(STORY)


async def test_nothing_is_pruned_before_every_partition_has_a_checkpoint(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY)
    monitor = small_monitor(connection, range(15))
    await drained(monitor)
    await monitor.save()
    assert await prune_log(connection, START + 4 * DAY) == 0


async def test_pruning_is_bounded(connection: AsyncConnection) -> None:
    await store_rows(connection, STORY)
    monitor = small_monitor(connection)
    await drained(monitor)
    await monitor.save()
    assert [await prune_log(connection, START + 4 * DAY, limit=4) for _ in range(3)] == [4, 4, 1]
