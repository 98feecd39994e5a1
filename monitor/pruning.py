"""Pruning the log: readings and ticks go once no restart can need them; facts stay.

The history of readings is its own table; this is only what the monitor tails.
"""

from psycopg import AsyncConnection

from monitor.subjects import PARTITIONS
from schema.instants import DAY, Duration, Instant, moment

KEEP: Duration = 3 * DAY

# As far as every partition has been committed and kept; null where one has not been at all.
_NEEDED_FROM = """
    select case when (select count(*) from monitor_cursors) >= %(partitions)s
                 and (select count(distinct partition) from checkpoints) >= %(partitions)s
           then least((select min(position) from monitor_cursors), (select min(position) from checkpoints)) end
"""
_PRUNE = """
    delete from log where position in (
        select position from log
        where kind <> 'facts' and committed_at < %s and position < %s
        order by committed_at limit %s
    )
"""


async def prune_log(connection: AsyncConnection, now: Instant, *, keep: Duration = KEEP, limit: int = 10_000) -> int:
    """Delete at most `limit` rows of readings and ticks older than `keep` that no checkpoint needs; return how many."""
    needed = await (await connection.execute(_NEEDED_FROM, {"partitions": PARTITIONS})).fetchone()
    if needed is None or needed[0] is None:
        return 0
    pruned = await connection.execute(_PRUNE, (moment(now - keep), needed[0], limit))
    return pruned.rowcount
