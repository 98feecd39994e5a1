"""A canary home's alarm ends by itself: once what it rests on has cleared it is closed, with the outcome `test`.

So the watcher's next press is a new occurrence. The monitor is told nothing, as no rule's clock hangs on what
has cleared, and facts are kept for ever. Old canary alarms go, with all that was written of them: they come each
minute, and no figure is computed from them.
"""

from psycopg import AsyncConnection

from alerting.escalation import Ended
from alerting.outbox import withdraw
from alerting.record import AlarmRow, write_journal
from alerting.walk import tell
from schema.instants import DAY, Duration, Instant, moment

BY = "canary"
KEPT: Duration = DAY
_AT_ONCE = 20

_CLOSE = """
update alarms set state = 'closed', owner = coalesce(owner, %(by)s), closed_at = %(at)s,
                  acknowledged_at = coalesce(acknowledged_at, %(at)s), outcome = 'test'
where id = %(alarm)s
"""
_OLD = """
select id from alarms where canary and recorded_at < %s and closed_at is not null order by recorded_at limit %s
"""
# Messages to the desk alone: a canary's alarm has no attempts, receipts or replies.
_FORGET = (
    "delete from finding_changes where finding in (select finding from alarm_findings where alarm = any(%s))",
    "delete from alarm_findings where alarm = any(%s)",
    "delete from journal where alarm = any(%s)",
    "delete from notifications where alarm = any(%s)",
    "delete from alarms where id = any(%s)",
)


async def close(connection: AsyncConnection, alarm: AlarmRow, at: Instant) -> None:
    """Close the alarm, whose row the caller has locked, and forget a few that are older than a day."""
    await connection.execute(_CLOSE, {"alarm": alarm.id, "by": BY, "at": moment(at)})
    await withdraw(connection, alarm.id, "it was a canary's")
    await tell(connection, alarm, Ended(), at)
    await write_journal(connection, alarm.id, at, BY, "closed", "A canary's press: closed as a test.", outcome="test")
    await _forget_old(connection, at)


async def _forget_old(connection: AsyncConnection, at: Instant) -> None:
    cursor = await connection.execute(_OLD, (moment(at - KEPT), _AT_ONCE))
    old = [row[0] for row in await cursor.fetchall()]
    if old:
        for statement in _FORGET:
            await connection.execute(statement, (old,))
