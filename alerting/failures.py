"""What follows when a message will not bring anybody: the next contact, or the next step, at once.

Inside the caller's transaction, which holds the alarm's row. A message is given up once: when it failed for good,
when no receipt came in time, or when who got it cannot go. A message kept back for want of an account is none of
these, and leaves the steps at their times.
"""

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerting.escalation import Failed
from alerting.outbox import bring_forward
from alerting.record import AlarmRow, locked_of_message, write_journal
from alerting.walk import tell
from schema.instants import Instant, moment


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A notification to somebody's telephone, as far as its failing matters."""

    id: int
    alarm: int
    step: int
    round: int
    recipient: str
    code: str | None
    state: str
    attempts: int
    given_up: bool


_MESSAGE = """
select id, alarm, step, round, recipient, code, state, attempts, given_up_at is not null as given_up
from notifications where id = %s for update
"""
_GIVE_UP = "update notifications set given_up_at = coalesce(given_up_at, %s) where id = %s"
# Of one run of a step: is anything still counted on, and does any contact wait for their turn?
_LEFT = """
select count(*) filter (where given_up_at is null),
       count(*) filter (where target = 'contacts' and state = 'waiting' and not_before > %(at)s)
from notifications
where alarm = %(alarm)s and step = %(step)s and round = %(round)s and recipient_kind <> 'desk'
"""


async def lock_message(connection: AsyncConnection, notification: int) -> tuple[AlarmRow, Message]:
    """Lock a message and, before it, its alarm: always in this order."""
    alarm = await locked_of_message(connection, notification)
    assert alarm is not None, "messages are never deleted while they matter, and each has an alarm"
    async with connection.cursor(row_factory=class_row(Message)) as messages:
        await messages.execute(_MESSAGE, (notification,))
        message = await messages.fetchone()
    assert message is not None
    return alarm, message


async def give_up(
    connection: AsyncConnection, alarm: AlarmRow, message: Message, at: Instant, *, declined: bool = False
) -> None:
    """Count on the message no longer; whoever is next is told now, if anybody is still needed."""
    await connection.execute(_GIVE_UP, (moment(at), message.id))
    if alarm.owner is not None or alarm.state == "closed":
        return
    if await bring_forward(connection, alarm.id, message.step, message.round, at):
        text = f"{message.recipient} cannot be counted on: the next contact is told now."
        await write_journal(connection, alarm.id, at, "escalation", "brought_forward", text, step=message.step)
        return
    parameters = {"alarm": alarm.id, "step": message.step, "round": message.round, "at": moment(at)}
    cursor = await connection.execute(_LEFT, parameters)
    row = await cursor.fetchone()
    assert row is not None
    counted_on, in_turn = row
    if counted_on == 0 or (declined and in_turn == 0):
        await tell(connection, alarm, Failed(at, message.step, message.round), at)
