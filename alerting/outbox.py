"""The outbox: messages committed with the step that decided them, withdrawn when no longer wanted.

Every function works inside the caller's transaction, which holds the alarm's row.
"""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from alerting import texts
from alerting.channels import console
from alerting.codes import codes_for
from alerting.escalation import Notify
from alerting.reach import BETWEEN_CONTACTS, Page
from alerting.record import AlarmRow
from schema.instants import MINUTE, Duration, Instant, moment

RECEIPT_WITHIN: Duration = MINUTE
"""How long a message has to be delivered before escalation no longer counts on it."""

_INSERT = """
with written as (
    insert into notifications (alarm, step, round, target, recipient, recipient_kind, channel, phone, body, code,
                               created_at, not_before, state, receipt_by)
    select %(alarm)s, %(step)s, %(round)s, page.target, recipient, kind, channel, phone, body, code,
           %(at)s, not_before, state, receipt_by
    from unnest(%(target)s::text[], %(recipient)s::text[], %(kind)s::text[], %(channel)s::text[], %(phone)s::text[],
                %(body)s::text[], %(code)s::text[], %(not_before)s::timestamptz[], %(state)s::text[],
                %(receipt_by)s::timestamptz[])
      as page (target, recipient, kind, channel, phone, body, code, not_before, state, receipt_by)
    on conflict do nothing
    returning phone
)
select pg_notify('outbox', '') where exists (select from written where phone is not null)
"""
_OF_PAGES = ("target", "recipient", "kind", "channel", "phone")
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
    phones = {page.phone for page in notify.pages if page.phone}
    codes = await codes_for(connection, alarm.id, phones, alarm.home, at)
    columns: dict[str, list[Any]] = {name: [getattr(page, name) for page in notify.pages] for name in _OF_PAGES}
    parameters = columns | {
        "alarm": alarm.id,
        "step": notify.step,
        "round": notify.round,
        "at": moment(at),
        "body": [_body(alarm, page, zone, codes.get(page.phone or "")) for page in notify.pages],
        "code": [codes.get(page.phone or "") for page in notify.pages],
        "not_before": [moment(page.not_before) for page in notify.pages],
        "state": [console.STATE if page.kind == "desk" else "waiting" for page in notify.pages],
        "receipt_by": [_receipt_by(page) for page in notify.pages],
    }
    await connection.execute(_INSERT, parameters)


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


def _receipt_by(page: Page) -> datetime | None:
    return None if page.kind == "desk" else moment(page.not_before + RECEIPT_WITHIN)


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
