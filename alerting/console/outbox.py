"""Messages as the outbox shows them: what was to be said to whom, and what became of it."""

from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from schema.instants import Instant

MOST_SHOWN = 200

# Newest first, without what the desk itself was shown. The recipient's name comes from where they are kept.
_MESSAGES = """
    select n.id, n.alarm, (extract(epoch from n.created_at) * 1000000)::bigint as created_at,
           n.recipient, n.recipient_kind, n.channel, n.phone, n.body, n.state, n.attempts, n.reason,
           coalesce(case n.recipient_kind
               when 'contact' then (
                   select c.name from contacts c join people p on p.id = c.person
                   where c.id = n.recipient
                     and (p.id = alarms.person or (alarms.person is null and p.home = alarms.home))
                   limit 1)
               when 'person' then (select p.name from people p where p.id = alarms.person)
               else (select m.name from team_members m where m.id = n.recipient limit 1) end, n.recipient) as name
    from notifications n join alarms on alarms.id = n.alarm
    where n.channel <> 'console'
    order by n.id desc limit %s
"""


class Message(NamedTuple):
    """One notification by SMS or voice."""

    id: int
    alarm: int
    created_at: Instant
    recipient: str
    recipient_kind: str
    channel: str
    phone: str | None
    body: str
    state: str
    attempts: int
    reason: str | None
    name: str


async def messages(connection: AsyncConnection) -> list[Message]:
    """Return the newest 200 messages."""
    async with connection.cursor(row_factory=class_row(Message)) as cursor:
        return await (await cursor.execute(_MESSAGES, (MOST_SHOWN,))).fetchall()
