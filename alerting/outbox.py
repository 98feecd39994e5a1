"""The outbox: messages committed with the step that decided them, withdrawn when no longer wanted.

Every function works inside the caller's transaction, which holds the alarm's row.
"""

from psycopg import AsyncConnection

from alerting import texts
from alerting.channels import console
from alerting.codes import code_for
from alerting.escalation import Notify
from alerting.reach import BETWEEN_CONTACTS, Page
from alerting.record import AlarmRow
from schema.instants import MINUTE, Duration, Instant, moment

RECEIPT_WITHIN: Duration = MINUTE
"""How long a message has to be delivered before escalation no longer counts on it."""

_INSERT = """
insert into notifications (alarm, step, round, target, recipient, recipient_kind, channel, phone, body, code,
                           created_at, not_before, state, receipt_by)
values (%(alarm)s, %(step)s, %(round)s, %(target)s, %(recipient)s, %(kind)s, %(channel)s, %(phone)s, %(body)s, %(code)s,
        %(at)s, %(not_before)s, %(state)s, %(receipt_by)s)
on conflict do nothing
"""
_WITHDRAW = """
update notifications set state = 'withdrawn', reason = %(why)s
where alarm = %(alarm)s and state = 'waiting' returning id
"""
# The contacts of a run who still wait their turn all come nearer by as much as the first of them can. Those held
# back by their quiet hours, beyond any turn, stay; and nobody comes nearer while one who was told may yet answer.
_BRING_FORWARD = """
with run as (
    select n.*, (count(*) over () - 1) * %(turn)s::interval + created_at as last_turn
    from notifications n
    where alarm = %(alarm)s and step = %(step)s and round = %(round)s and target = 'contacts'
), next as (
    select min(not_before) - %(at)s::timestamptz as by from run
    where state = 'waiting' and not_before > %(at)s and not_before <= last_turn
      and not exists (select from run where not_before <= %(at)s and given_up_at is null
                                        and state in ('waiting', 'sending', 'sent', 'delivered'))
)
update notifications n
set not_before = n.not_before - next.by, receipt_by = n.receipt_by - next.by
from run, next
where n.id = run.id and next.by is not null
  and run.state = 'waiting' and run.not_before > %(at)s and run.not_before <= run.last_turn
returning n.id
"""


async def put(connection: AsyncConnection, alarm: AlarmRow, notify: Notify, zone: str, at: Instant) -> None:
    """Commit the messages of one run of a step, with the caller's transaction."""
    codes = await _codes(connection, alarm, notify, at)
    for page in notify.pages:
        code = codes.get(page.phone or "")
        parameters = {
            "alarm": alarm.id,
            "step": notify.step,
            "round": notify.round,
            "target": page.target,
            "recipient": page.recipient,
            "kind": page.kind,
            "channel": page.channel,
            "phone": page.phone,
            "body": _body(alarm, page, zone, code),
            "code": code,
            "at": moment(at),
            "not_before": moment(page.not_before),
            "state": console.STATE if page.kind == "desk" else "waiting",
            "receipt_by": None if page.kind == "desk" else moment(page.not_before + RECEIPT_WITHIN),
        }
        await connection.execute(_INSERT, parameters)
    if codes:
        await connection.execute("notify outbox")


async def withdraw(connection: AsyncConnection, alarm: int, why: str) -> int:
    """Withdraw what has not gone out yet; returns how many messages that were."""
    cursor = await connection.execute(_WITHDRAW, {"alarm": alarm, "why": why})
    return len(await cursor.fetchall())


async def bring_forward(connection: AsyncConnection, alarm: int, step: int, round_: int, at: Instant) -> bool:
    """Give the next contact of the run their turn now, unless one who was told may yet answer."""
    parameters = {
        "alarm": alarm,
        "step": step,
        "round": round_,
        "at": moment(at),
        "turn": f"{BETWEEN_CONTACTS} microseconds",
    }
    cursor = await connection.execute(_BRING_FORWARD, parameters)
    brought = len(await cursor.fetchall()) > 0
    if brought:
        await connection.execute("notify outbox")
    return brought


async def _codes(connection: AsyncConnection, alarm: AlarmRow, notify: Notify, at: Instant) -> dict[str, str]:
    phones = sorted({page.phone for page in notify.pages if page.phone})
    return {phone: await code_for(connection, alarm.id, phone, alarm.home, at) for phone in phones}


def _body(alarm: AlarmRow, page: Page, zone: str, code: str | None) -> str:
    if page.kind == "desk":
        return texts.desk(
            alarm=alarm.id, kind=alarm.kind, priority=alarm.priority, raised_at=alarm.raised_at, zone=zone
        )
    assert code is not None, "whoever has a telephone was given a code"
    return texts.page(
        alarm=alarm.id,
        kind=alarm.kind,
        priority=alarm.priority,
        raised_at=alarm.raised_at,
        zone=zone,
        code=code,
        recipient=page.kind,
    )
