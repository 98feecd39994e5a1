"""The alarm's row as those who change it see it: locked, and no wider than their decisions need."""

from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from alerting.escalation import EscalationState
from schema.alarms import Kind, Priority, State, SubjectKind
from schema.instants import Instant, instant, moment


class AlarmRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm, locked until the caller's transaction ends."""

    id: int
    subject_kind: SubjectKind
    subject: str
    person: str | None
    home: str | None
    kind: Kind
    priority: Priority
    policy: str | None
    state: State
    owner: str | None
    test: bool
    canary: bool
    raised_at: Instant
    cleared: bool
    escalation: EscalationState


_COLUMNS = """
select id, subject_kind, subject, person, home, kind, priority, policy, state, owner, test, canary, raised_at,
       cleared_at is not null as cleared, escalation
from alarms
"""
_BY_NUMBER = _COLUMNS + " where id = %s for update"
_OF_MESSAGE = _COLUMNS + " where id = (select alarm from notifications where id = %s) for update"  # noqa: S608 - constants
# Who escalates by the clock does not wait for who holds the alarm just now: it comes round again.
_DUE = _COLUMNS + " where id = %s and due_at <= %s and closed_at is null for update skip locked"
_OPEN = _COLUMNS + " where subject_kind = %s and subject = %s and kind = %s and closed_at is null for update"


# Whoever shows the alarm hears of it on commit.
_LINE = """
with line as (insert into journal (alarm, at, actor, action, text, detail) values (%s, %s, %s, %s, %s, %s))
select pg_notify('alarms', %s)
"""


async def locked(connection: AsyncConnection, number: int) -> AlarmRow | None:
    """Return the alarm, waiting for whoever is changing it; None where there is none."""
    return await _one(connection, _BY_NUMBER, (number,))


async def locked_of_message(connection: AsyncConnection, notification: int) -> AlarmRow | None:
    """Return the alarm that this message is of, waiting for whoever is changing it; None where there is none."""
    return await _one(connection, _OF_MESSAGE, (notification,))


async def locked_due(connection: AsyncConnection, number: int, at: Instant) -> AlarmRow | None:
    """Return the alarm if its escalation is still due at `at` and nobody is changing it, else None."""
    return await _one(connection, _DUE, (number, moment(at)))


async def locked_open(
    connection: AsyncConnection, kind: Kind, subject_kind: SubjectKind, subject: str
) -> AlarmRow | None:
    """Return the one open alarm of this kind about this subject, if there is one."""
    return await _one(connection, _OPEN, (subject_kind, subject, kind))


async def write_journal(  # noqa: PLR0917 - a line reads in this order: when, who, what, in words
    connection: AsyncConnection, number: int, at: Instant, actor: str, action: str, text: str, **detail: Any
) -> None:
    """Add a line to the alarm's journal (a sentence, and figures for whoever computes from it), and tell of it."""
    await connection.execute(_LINE, (number, moment(at), actor, action, text, Jsonb(detail), str(number)))


async def _one(connection: AsyncConnection, query: str, parameters: tuple[Any, ...]) -> AlarmRow | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), parameters)
        row = await cursor.fetchone()
    if row is None:
        return None
    row["raised_at"] = instant(row["raised_at"])
    row["escalation"] = _escalation(row)
    return msgspec.convert(row, AlarmRow)


def _escalation(row: dict[str, Any]) -> EscalationState:
    """Read where the escalation stands; an alarm whose state cannot be read starts its policy anew."""
    try:
        return msgspec.convert(row["escalation"], EscalationState)
    except msgspec.ValidationError:
        return EscalationState(raised_at=row["raised_at"])
