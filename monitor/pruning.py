"""Pruning the log: readings and ticks go once no restart can need them; facts stay.

The history of readings is its own table; this is only what the monitor tails. When a batch was committed is
kept as its row goes (`batch_times`), as a rehearsal folds the history in the log's order and time.
"""

from psycopg import AsyncConnection

from monitor.rehearsal_ticks import pack_ticks
from monitor.subjects import PARTITIONS
from schema.instants import DAY, Duration, Instant, moment

KEEP: Duration = 3 * DAY
KEEP_TIMES: Duration = 35 * DAY
"""The longest rehearsal, the days it warms up on, and some to spare."""

# As far as every partition has been committed and kept; null where one has not been at all.
_NEEDED_FROM = """
    select case when (select count(*) from monitor_cursors) >= %(partitions)s
                 and (select count(distinct partition) from checkpoints) >= %(partitions)s
           then least((select min(position) from monitor_cursors), (select min(position) from checkpoints)) end
"""
_PRUNE = """
    with pruned as (
        delete from log where position in (
            select position from log
            where kind <> 'facts' and committed_at < %s and position < %s
            order by committed_at limit %s
        )
        returning batch, committed_at
    ), kept as (
        insert into batch_times (batch, committed_at)
        select batch, committed_at from pruned where batch is not null on conflict do nothing
    )
    select count(*) from pruned
"""
_FORGET = """
    delete from batch_times where batch in (
        select batch from batch_times where committed_at < %s order by committed_at limit %s
    )
"""


async def prune_log(connection: AsyncConnection, now: Instant, *, keep: Duration = KEEP, limit: int = 10_000) -> int:
    """Delete at most `limit` rows of readings and ticks older than `keep` that no checkpoint needs; return how many."""
    packed_until = await pack_ticks(connection, now)
    needed = await (await connection.execute(_NEEDED_FROM, {"partitions": PARTITIONS})).fetchone()
    if needed is None or needed[0] is None:
        return 0
    pruned = await (
        await connection.execute(_PRUNE, (moment(min(now - keep, packed_until)), needed[0], limit))
    ).fetchone()
    await connection.execute(_FORGET, (moment(now - KEEP_TIMES), limit))
    return int(pruned[0]) if pruned else 0
