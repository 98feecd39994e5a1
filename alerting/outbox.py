"""The outbox: messages committed with the step that decided them, withdrawn when no longer wanted.

Every function works inside the caller's transaction, which holds the alarm's row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from alerting import texts
from alerting.channels import console
from alerting.codes import codes_for
from alerting.escalation import Notify
from alerting.reach import BETWEEN_CONTACTS, Page, RecipientKind
from alerting.record import AlarmRow
from schema.instants import MINUTE, Duration, Instant, moment

RECEIPT_WITHIN: Duration = MINUTE
"""How long a message has to be delivered before escalation no longer counts on it."""

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


class Written(NamedTuple):
    """A message as the outbox holds it."""

    step: int
    round: int
    target: str
    recipient: str
    kind: RecipientKind
    channel: str
    phone: str | None
    body: str
    code: str | None
    not_before: datetime
    state: str
    receipt_by: datetime | None


async def written(
    connection: AsyncConnection, alarm: AlarmRow, runs: Sequence[Notify], zone: str, at: Instant
) -> list[Written]:
    """Return the messages of these runs of steps, each with its code; whoever stores the step stores them with it."""
    codes: dict[str, str] = {}
    return [each for notify in runs for each in await _of_run(connection, alarm, notify, codes, zone, at)]


async def _of_run(  # noqa: PLR0917 - a run, and what is known by now
    connection: AsyncConnection, alarm: AlarmRow, notify: Notify, codes: dict[str, str], zone: str, at: Instant
) -> list[Written]:
    """Return one run's messages; `codes` grows, so that whom two runs reach is given one code."""
    phones = {page.phone for page in notify.pages if page.phone}
    codes |= await codes_for(connection, alarm.id, phones - codes.keys(), alarm.home, at)
    return [_written(alarm, notify, page, zone, codes.get(page.phone or "")) for page in notify.pages]


def columns(messages: Sequence[Written]) -> dict[str, list[Any]]:
    """Return the messages by column, as parameters."""
    return {name: [getattr(each, name) for each in messages] for name in Written._fields}


def _written(alarm: AlarmRow, notify: Notify, page: Page, zone: str, code: str | None) -> Written:
    desk = page.kind == "desk"
    return Written(
        notify.step,
        notify.round,
        page.target,
        page.recipient,
        page.kind,
        page.channel,
        page.phone,
        _body(alarm, page, zone, code),
        code,
        moment(page.not_before),
        console.STATE if desk else "waiting",
        None if desk else moment(page.not_before + RECEIPT_WITHIN),
    )


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
