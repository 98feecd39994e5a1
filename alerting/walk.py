"""One step of an alarm's escalation, with everything it entails, in the caller's transaction.

The pure core decides; this loads what it decides on, and commits together what it decided: the messages, the
journal, the state and the time of the next step. Whatever goes wrong in between, bar the database itself, is
undone, written down and tried again soon: an alarm never strands on what somebody configured, or on a fault of ours.
"""

from contextlib import nullcontext
from typing import Any, NamedTuple, assert_never

import msgspec
import structlog
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from alerting import outbox
from alerting.attached import attached
from alerting.escalation import Effect, Notify, PassedOver, Stimulus, step, timers
from alerting.record import AlarmRow, write_journal
from runtime.database import GONE
from schema.instants import SECOND, Duration, Instant, moment

TRIED_AGAIN_AFTER: Duration = 10 * SECOND

_STORE = """
with stored as (
    update alarms set escalation = %(escalation)s, due_at = %(due)s where id = %(alarm)s
), put as (
    insert into notifications (alarm, step, round, target, recipient, recipient_kind, channel, phone, body, code,
                               created_at, not_before, state, receipt_by)
    select %(alarm)s, page.step, page.round, page.target, recipient, kind, channel, phone, body, code,
           %(at)s, not_before, state, receipt_by
    from unnest(%(step)s::int[], %(round)s::int[], %(target)s::text[], %(recipient)s::text[], %(kind)s::text[],
                %(channel)s::text[], %(phone)s::text[], %(body)s::text[], %(code)s::text[],
                %(not_before)s::timestamptz[], %(state)s::text[], %(receipt_by)s::timestamptz[])
      as page (step, round, target, recipient, kind, channel, phone, body, code, not_before, state, receipt_by)
    on conflict do nothing
    returning phone
), written as (
    insert into journal (alarm, at, actor, action, text, detail)
    select %(alarm)s, %(at)s, 'escalation', action, text, detail
    from unnest(%(actions)s::text[], %(texts)s::text[], %(details)s::jsonb[])
      with ordinality as line (action, text, detail, nth)
    order by nth
)
select pg_notify('alarms', %(alarm)s::text),
       (select pg_notify('outbox', '') where exists (select from put where phone is not null))
"""
_AGAIN = "update alarms set due_at = %s where id = %s and owner is null and closed_at is null"

log = structlog.get_logger()


async def tell(
    connection: AsyncConnection, alarm: AlarmRow, stimulus: Stimulus, at: Instant, *, apart: bool = True
) -> None:
    """Step the escalation of an alarm whose row the caller has locked; `at` is when it happens.

    Without `apart` what goes wrong is raised, for a caller who then undoes everything and does it again.
    """
    try:
        async with connection.transaction() if apart else nullcontext():
            await _step(connection, alarm, stimulus, at)
    except GONE:
        raise
    except Exception as error:  # whatever it is, the alarm must go on
        if not apart:
            raise
        log.exception("escalation failed", action="escalate", alarm_id=alarm.id)
        text = f"The escalation could not be stepped ({type(error).__name__}); it is tried again in 10 s."
        await write_journal(connection, alarm.id, at, "escalation", "step_failed", text, error=str(error))
        await connection.execute(_AGAIN, (moment(at + TRIED_AGAIN_AFTER), alarm.id))


async def _step(connection: AsyncConnection, alarm: AlarmRow, stimulus: Stimulus, at: Instant) -> None:
    now = await attached(connection, alarm)
    state, effects = step(alarm.escalation, stimulus, now.plan)
    runs = [effect for effect in effects if isinstance(effect, Notify)]
    messages = await outbox.written(connection, alarm, runs, now.plan.roster.zone, at)
    lines = [_line(effect, now.remark) for effect in effects]
    due = min(timers(state, now.plan).values(), default=None)
    parameters = {
        **outbox.columns(messages),
        "escalation": Jsonb(msgspec.to_builtins(state)),
        "due": None if due is None else moment(due),
        "alarm": alarm.id,
        "at": moment(at),
        "actions": [line.action for line in lines],
        "texts": [line.text for line in lines],
        "details": [Jsonb(line.detail) for line in lines],
    }
    await connection.execute(_STORE, parameters)


class _Line(NamedTuple):
    action: str
    text: str
    detail: dict[str, Any]


def _line(effect: Effect, remark: str) -> _Line:
    """Return what the journal says of an effect."""
    where = {"step": effect.step, "round": effect.round}
    match effect:
        case Notify():
            return _Line("step", _sentence(effect, remark), where | {"told": [each.recipient for each in effect.pages]})
        case PassedOver():
            text = f"Passed over {effect.who} (step {effect.step + 1}): {effect.why}."
            return _Line("passed_over", text, where | {"who": effect.who, "why": effect.why})
        case _:
            assert_never(effect)


def _sentence(effect: Notify, remark: str) -> str:
    told = ", ".join("the desk" if page.kind == "desk" else f"{page.recipient} by SMS" for page in effect.pages)
    why = effect.why[0].upper() + effect.why[1:]
    return f"{why}: told {told}." + (f" {remark[0].upper()}{remark[1:]}." if remark else "")
