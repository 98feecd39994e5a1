"""Whose alarm it is: the two moves that everything else is made of, inside the caller's transaction.

Holding stops the escalation and withdraws what has not gone out; letting go starts it again. The caller has
locked the alarm's row, so of two who want it at once the second sees that the first has it.
"""

from typing import Literal

from psycopg import AsyncConnection

from alerting.escalation import Escalated, Held, Resumed, Tightened
from alerting.outbox import withdraw
from alerting.record import AlarmRow, write_journal
from alerting.walk import tell
from schema.instants import Instant, moment

_HOLD = """
update alarms set state = %s, owner = %s, acknowledged_at = coalesce(acknowledged_at, %s) where id = %s
"""
_LET_GO = "update alarms set state = 'raised', owner = null, due_at = %s where id = %s"


async def hold(
    connection: AsyncConnection,
    alarm: AlarmRow,
    by: str,
    at: Instant,
    state: Literal["acknowledged", "dispatched"] = "acknowledged",
) -> None:
    """Make the alarm somebody's: nothing more is due, nothing more goes out."""
    await connection.execute(_HOLD, (state, by, moment(at), alarm.id))
    withdrawn = await withdraw(connection, alarm.id, f"{by} has the alarm")
    if withdrawn:
        text = f"Withdrew {withdrawn} message{'' if withdrawn == 1 else 's'} that had not gone out yet."
        await write_journal(connection, alarm.id, at, "escalation", "withdrawn", text, messages=withdrawn)
    await tell(connection, alarm, Held(), at)


async def let_go(connection: AsyncConnection, alarm: AlarmRow, how: Resumed | Tightened | Escalated) -> None:
    """Make the alarm nobody's: the escalation goes on from here."""
    await connection.execute(_LET_GO, (moment(how.at), alarm.id))
    await tell(connection, alarm, how, how.at)
