"""An alarm opens, or what is new joins the one that is open: inside the caller's transaction.

One alarm is open for a subject and kind. What joins raises it to the higher priority and the stricter policy;
an alarm that somebody had is nobody's again, as what they took on is not what it is now.
"""

from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from alerting.attached import steps_of
from alerting.escalation import Due, EscalationState, Resumed, Tightened, stricter
from alerting.ownership import let_go
from alerting.record import AlarmRow, locked_open, write_journal
from alerting.walk import tell
from schema.alarms import more_pressing
from schema.canaries import is_canary
from schema.findings import Finding
from schema.instants import SECOND, Instant, in_words, moment

_OPEN = """
with open as (
    select id from alarms
    where subject_kind = %(subject_kind)s and subject = %(subject)s and kind = %(kind)s and closed_at is null
), opened as (
    insert into alarms (subject_kind, subject, person, home, kind, rule, device, priority, certainty, policy, test,
                        canary, reason, evidence, onset, raised_at, late_by, escalation, due_at)
    select %(subject_kind)s, %(subject)s, (select id from people where id = %(person)s),
           (select id from homes where id = %(home)s), %(kind)s, %(rule)s, %(device)s, %(priority)s, %(certainty)s,
           %(policy)s, %(test)s, %(canary)s, %(reason)s, %(evidence)s, %(onset)s, %(raised_at)s, %(late_by)s,
           %(escalation)s, %(due)s
    where not exists (select from open)
    on conflict do nothing
    returning id, person, home
), written as (
    insert into journal (alarm, at, actor, action, text, detail)
    select id, %(at)s, %(by)s, 'raised', %(text)s, %(detail)s from opened
), rests as (
    insert into alarm_findings (alarm, finding, raised_at)
    select id, %(finding)s, %(raised_at)s from opened where %(rests)s
)
select id, person, home, pg_notify('alarms', id::text) from opened
"""
_AS_FOUND = ("subject_kind", "subject", "kind", "priority", "policy", "test", "canary")
_RESTS_ON = """
insert into alarm_findings (alarm, finding, raised_at) values (%s, %s, %s)
on conflict (alarm, finding) do update set cleared_at = null
"""
# The reason shown is that of what is most pressing, and of those the latest (`tells`).
_JOIN = """
update alarms set priority = %(priority)s, policy = %(policy)s, test = %(test)s, cleared_at = null,
                  reason = case when %(tells)s then %(reason)s else reason end,
                  evidence = case when %(tells)s then %(evidence)s else evidence end,
                  certainty = case when %(tells)s then %(certainty)s else certainty end
where id = %(alarm)s
"""


async def open_or_join(
    connection: AsyncConnection, finding: Finding, by: str, at: Instant, *, rests: bool = False, apart: bool = True
) -> int:
    """Open an alarm for the finding, or join it to the one open; return the alarm's number.

    With `rests` the alarm rests on the finding: it counts as cleared only once that has cleared. `apart`: as `tell`
    has it, for the first step.
    """
    while True:
        number = await _open(connection, finding, by, at, rests=rests, apart=apart)
        if number is not None:
            return number
        alarm = await locked_open(connection, finding.kind, finding.subject_kind, finding.subject)
        if alarm is not None:
            await _join(connection, alarm, finding, by, at)
            if rests:
                await connection.execute(_RESTS_ON, (alarm.id, finding.id, moment(finding.raised_at)))
            return alarm.id


async def _open(
    connection: AsyncConnection, finding: Finding, by: str, at: Instant, *, rests: bool, apart: bool
) -> int | None:
    """Open it and take its first step; return its number, or None where one is open."""
    due = min(finding.raised_at, at)  # a clock that is ahead elsewhere must not delay the first step
    escalation = EscalationState(raised_at=due)
    parameters: dict[str, Any] = {
        **{name: getattr(finding, name) for name in ("subject_kind", "subject", "home", "kind", "rule", "device")},
        **{name: getattr(finding, name) for name in ("priority", "certainty", "policy", "test", "reason")},
        "person": finding.subject if finding.subject_kind == "person" else None,
        "canary": finding.subject_kind != "person" and is_canary(finding.subject),
        "evidence": Jsonb(msgspec.to_builtins(finding.evidence)),
        "onset": moment(finding.onset),
        "raised_at": moment(finding.raised_at),
        "late_by": f"{finding.late_by} microseconds",
        "escalation": Jsonb(msgspec.to_builtins(escalation)),
        "due": moment(due),
        "at": moment(at),
        "by": by,
        "text": _raised(finding),
        "finding": finding.id,
        "rests": rests,
        "detail": Jsonb({"finding": finding.id, "rule": finding.rule}),
    }
    cursor = await connection.execute(_OPEN, parameters)
    row = await cursor.fetchone()
    if row is None:
        return None
    opened = AlarmRow(
        id=row[0],
        person=row[1],
        home=row[2],
        **{name: parameters[name] for name in _AS_FOUND},
        state="raised",
        owner=None,
        raised_at=finding.raised_at,
        cleared=False,
        escalation=escalation,
    )
    await tell(connection, opened, Due(at), at, apart=apart)
    return opened.id


def _raised(finding: Finding) -> str:
    late = f" Raised {in_words(finding.late_by)} late." if finding.late_by >= SECOND else ""
    test = " An installer is testing." if finding.test else ""
    return f"Raised as {finding.priority}: {finding.reason}.{late}{test}".replace("..", ".")


async def _join(connection: AsyncConnection, alarm: AlarmRow, finding: Finding, by: str, at: Instant) -> None:
    priority = more_pressing(alarm.priority, finding.priority)
    stronger, policy = await _stricter_policy(connection, alarm, finding)
    joined = msgspec.structs.replace(alarm, priority=priority, policy=policy, test=alarm.test and finding.test)
    parameters = {
        "alarm": alarm.id,
        "tells": priority == finding.priority,
        "priority": priority,
        "policy": policy,
        "test": joined.test,
        "reason": finding.reason,
        "evidence": Jsonb(msgspec.to_builtins(finding.evidence)),
        "certainty": finding.certainty,
    }
    await connection.execute(_JOIN, parameters)
    await write_journal(
        connection, alarm.id, at, by, "joined", f"Joined: {finding.reason}.".replace("..", "."), finding=finding.id
    )
    await _go_on(connection, joined, alarm, at, tightened=stronger or joined.test != alarm.test)


async def _go_on(
    connection: AsyncConnection, joined: AlarmRow, before: AlarmRow, at: Instant, *, tightened: bool
) -> None:
    """Resume at the step now due: of the stricter policy, or of its own where somebody had the alarm."""
    tightened = tightened or (before.priority == "notice" != joined.priority)
    if before.owner is not None:
        text = f"Raised again: {before.owner} had it ({before.state}) when something new joined it."
        await write_journal(connection, joined.id, at, "escalation", "raised_again", text, owner=before.owner)
        await let_go(connection, joined, Tightened(at) if tightened else Resumed(at))
    elif tightened:
        text = f"Now follows the policy '{joined.policy or 'of the service'}', priority {joined.priority}."
        await write_journal(connection, joined.id, at, "escalation", "tightened", text, policy=joined.policy)
        await tell(connection, joined, Tightened(at), at)


async def _stricter_policy(connection: AsyncConnection, alarm: AlarmRow, finding: Finding) -> tuple[bool, str | None]:
    if alarm.policy == finding.policy:
        return False, alarm.policy
    own, _ = await steps_of(connection, alarm.policy)
    other, _ = await steps_of(connection, finding.policy)
    return (True, finding.policy) if stricter(other, own) else (False, alarm.policy)
