"""Alarms as they are read: the list at the desk, and one alarm whole with everything that happened to it.

Shapes are the JSON API's (msgspec Structs, ready for `msgspec.json.encode`): times are ISO 8601 with `Z`,
spans are seconds. Nothing here changes anything; `alerting.desk` holds what humans do.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from schema.alarms import PRIORITIES, Certainty, Kind, Outcome, Priority, State, SubjectKind
from schema.findings import Evidence
from schema.instants import instant, iso


class SeenEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One fact an alarm rests on."""

    at: str
    device: str
    kind: str
    value: str
    room: str | None


class ListedAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the desk's list: what `GET /api/alarms` answers for each alarm."""

    id: int
    subject: str
    person: str | None
    home: str | None
    kind: Kind
    rule: str
    priority: Priority
    state: State
    owner: str | None
    test: bool
    raised_at: str
    late_by: float  # seconds
    cleared_at: str | None
    due_at: str | None  # of the next escalation step; None while somebody owns it
    reason: str
    evidence: list[SeenEvidence]


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an alarm."""

    id: int
    at: str
    actor: str
    action: str
    text: str
    detail: dict[str, Any]


class SeenReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider said about one attempt."""

    status: str
    error_code: str
    received_at: str


class SeenAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at sending a notification."""

    id: int
    number: int
    started_at: str
    ended_at: str | None
    result: str | None  # sent, try_later, refused, ambiguous; None while under way
    reason: str | None
    provider_id: str | None
    receipts: list[SeenReceipt]


class SeenNotification(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient, with every try at sending it."""

    id: int
    alarm: int
    step: int
    round: int
    target: str
    recipient: str
    recipient_kind: str
    channel: str
    body: str
    code: str | None
    created_at: str
    not_before: str
    state: str
    reason: str | None
    attempts: list[SeenAttempt]


class SeenReply(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody answered by SMS."""

    id: int
    notification: int | None
    body: str
    received_at: str
    understood: str


class WholeAlarm(ListedAlarm, frozen=True, kw_only=True):
    """An alarm with its journal, oldest line first: what `GET /api/alarms/{id}` answers."""

    subject_kind: SubjectKind
    canary: bool  # of a home of the service's own: a press that only proves the way
    device: str | None
    certainty: Certainty
    policy: str | None
    onset: str
    recorded_at: str
    acknowledged_at: str | None
    closed_at: str | None
    outcome: Outcome | None
    outcome_cause: str | None
    findings: list[str]
    journal: list[JournalLine]
    notifications: list[SeenNotification]
    replies: list[SeenReply]


# Most pressing first: by priority, then what nobody owns, then what has waited longest.
_OPEN = """
select * from alarms
where closed_at is null and case when canary then %(canary)s else %(others)s end
order by array_position(%(priorities)s::text[], priority), (owner is not null), raised_at, id
"""

# Closed ones, newest first.
_CLOSED = """
select * from alarms
where closed_at is not null and not canary and (%(person)s::text is null or person = %(person)s)
order by closed_at desc limit %(limit)s
"""

_WHOLE = ("subject_kind", "canary", "device", "certainty", "policy", "outcome", "outcome_cause")
_JOURNAL = "select id, at, actor, action, text, detail from journal where alarm = %s order by id"
_FINDINGS = "select finding from alarm_findings where alarm = %s order by raised_at, finding"
_NOTIFICATIONS = "select * from notifications where alarm = %s order by id"
_ATTEMPTS = """
select a.* from attempts a join notifications n on n.id = a.notification where n.alarm = %s order by a.id
"""
_RECEIPTS = """
select r.* from receipts r join attempts a on a.id = r.attempt join notifications n on n.id = a.notification
where n.alarm = %s order by r.received_at
"""
_REPLIES = """
select r.* from replies r join notifications n on n.id = r.notification where n.alarm = %s order by r.id
"""

# The outbox page: what went to nobody, or is still on its way, newest first.
_OUTBOX = """
select * from notifications
where channel <> 'console' and (%(state)s::text is null or state = %(state)s)
order by id desc limit %(limit)s
"""


async def open_alarms(connection: AsyncConnection, *, canary: bool = False, others: bool = True) -> list[ListedAlarm]:
    """Return the alarms that are not closed, most pressing first; canaries' too, or without all others, if asked."""
    asked = {"canary": canary, "others": others, "priorities": list(PRIORITIES)}
    rows = await _rows(connection, _OPEN, asked)
    return [ListedAlarm(**_listed(row)) for row in rows]


async def listed_alarms(connection: AsyncConnection, numbers: Iterable[int]) -> list[ListedAlarm]:
    """Return these alarms as the list shows them, closed ones too, in the order asked for."""
    wanted = list(numbers)
    found = {row["id"]: row for row in await _rows(connection, "select * from alarms where id = any(%s)", (wanted,))}
    return [ListedAlarm(**_listed(found[number])) for number in wanted if number in found]


async def closed_alarms(
    connection: AsyncConnection, *, person: str | None = None, limit: int = 100
) -> list[ListedAlarm]:
    """Return closed alarms, the last closed first."""
    rows = await _rows(connection, _CLOSED, {"person": person, "limit": limit})
    return [ListedAlarm(**_listed(row)) for row in rows]


async def alarm(connection: AsyncConnection, number: int) -> WholeAlarm | None:
    """Return the alarm with its whole story, or None where there is none of that id."""
    found = await _rows(connection, "select * from alarms where id = %s", (number,))
    if not found:
        return None
    row = found[0]
    return WholeAlarm(
        **_listed(row),
        **{name: row[name] for name in _WHOLE},
        onset=_time(row["onset"]),
        recorded_at=_time(row["recorded_at"]),
        acknowledged_at=_maybe(row["acknowledged_at"]),
        closed_at=_maybe(row["closed_at"]),
        findings=[line["finding"] for line in await _rows(connection, _FINDINGS, (number,))],
        journal=[JournalLine(**_shown(line)) for line in await _rows(connection, _JOURNAL, (number,))],
        notifications=await _notifications(connection, number),
        replies=[_picked(SeenReply, line) for line in await _rows(connection, _REPLIES, (number,))],
    )


async def outbox(connection: AsyncConnection, *, state: str | None = None, limit: int = 200) -> list[SeenNotification]:
    """Return messages to people, newest first (`state='not_sent'`: those kept back for want of an account).

    Attempts are left out here: `alarm` shows them.
    """
    rows = await _rows(connection, _OUTBOX, {"state": state, "limit": limit})
    return [_picked(SeenNotification, {**row, "attempts": []}) for row in rows]


async def _notifications(connection: AsyncConnection, number: int) -> list[SeenNotification]:
    receipts: dict[int, list[SeenReceipt]] = {}
    for row in await _rows(connection, _RECEIPTS, (number,)):
        receipts.setdefault(row["attempt"], []).append(_picked(SeenReceipt, row))
    attempts: dict[int, list[SeenAttempt]] = {}
    for row in await _rows(connection, _ATTEMPTS, (number,)):
        attempt = _picked(SeenAttempt, {**row, "receipts": receipts.get(row["id"], [])})
        attempts.setdefault(row["notification"], []).append(attempt)
    rows = await _rows(connection, _NOTIFICATIONS, (number,))
    return [_picked(SeenNotification, {**row, "attempts": attempts.get(row["id"], [])}) for row in rows]


async def _rows(connection: AsyncConnection, query: str, parameters: Any) -> Sequence[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    plain = ("id", "subject", "person", "home", "kind", "rule", "priority", "state", "owner", "test", "reason")
    late: timedelta = row["late_by"]
    return {
        **{name: row[name] for name in plain},
        "raised_at": _time(row["raised_at"]),
        "late_by": late.total_seconds(),
        "cleared_at": _maybe(row["cleared_at"]),
        "due_at": _maybe(row["due_at"]),
        "evidence": [_evidence(item) for item in msgspec.convert(row["evidence"], list[Evidence])],
    }


def _evidence(item: Evidence) -> SeenEvidence:
    return SeenEvidence(at=iso(item.at), device=item.device, kind=item.kind, value=item.value, room=item.room)


def _picked(shape: type[Any], row: dict[str, Any]) -> Any:
    return shape(**_shown({name: row[name] for name in shape.__struct_fields__}))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _time(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _time(value: datetime) -> str:
    return iso(instant(value))


def _maybe(value: datetime | None) -> str | None:
    return None if value is None else _time(value)
