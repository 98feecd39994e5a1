"""What humans do with an alarm, each in one transaction on the connection it is given.

Promises: of two who press at once one wins, and the other is told who did; every act stands in the journal
with a sentence; whatever is not owned by a human has a next escalation step with a time; closing tells the
monitor in the same transaction, so that the rule's clock starts anew. All may raise NoSuchAlarmError, and
all but `note` AlreadyClosedError.
"""

from psycopg import AsyncConnection

from alerting.escalation import Ended, Escalated, Resumed
from alerting.opening import open_or_join
from alerting.outbox import withdraw
from alerting.ownership import hold, let_go
from alerting.record import AlarmRow, locked, write_journal
from alerting.walk import tell
from runtime import log as facts
from schema.alarms import OUTCOMES, Kind
from schema.entries import AlarmClosed, pack
from schema.findings import Finding, finding_id
from schema.instants import Instant, moment

LASTING: frozenset[Kind] = frozenset(
    {"bed", "inactivity", "door", "pills", "night", "environment", "visit", "technical"}
)
"""Kinds whose cause goes on until it clears; a press or a fall is over as soon as it has happened."""

_DISPATCHED = "update alarms set state = 'dispatched' where id = %s"
_TAKE_OVER = "update alarms set owner = %s where id = %s"
_CLOSE = """
update alarms set state = 'closed', owner = coalesce(owner, %(by)s), closed_at = %(at)s,
                  acknowledged_at = coalesce(acknowledged_at, %(at)s), outcome = %(outcome)s, outcome_cause = %(text)s
where id = %(alarm)s
"""
_FINDINGS = "select finding from alarm_findings where alarm = %s order by finding"
_NOT_CLEARED = "select cleared_at is null and kind = any(%s) from alarms where id = %s"
# The home of the person, and the policy of the press in the plan they have: being asked for by telephone is no less.
_PERSON = """
select p.home, (
    select jsonb_path_query_first(c.rules, '$[*] ? (@.rule == "button")') ->> 'policy'
    from care_plans c
    where c.person = p.id and (c.starts is null or c.starts <= %s::date)
    order by c.version desc limit 1)
from people p where p.id = %s
"""


class DeskError(Exception):
    """An act on an alarm was refused; nothing was changed. The message is a sentence for the operator."""


class NoSuchAlarmError(DeskError):
    """There is no alarm of that number."""


class NoSuchPersonError(DeskError):
    """There is no person of that id."""


class AlreadyClosedError(DeskError):
    """The alarm has been closed."""


class BadOutcomeError(DeskError):
    """The outcome is none of ours, or needs a text that was not given."""


class MissingTextError(DeskError):
    """The act needs a sentence that was not given."""


class OwnedByAnotherError(DeskError):
    """Somebody else has the alarm: `owner` says who."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner} already has this alarm.")
        self.owner = owner


async def acknowledge(connection: AsyncConnection, alarm: int, by: str, at: Instant) -> None:
    """Take the alarm; escalation stops. One's own again is fine; another's raises OwnedByAnotherError."""
    async with connection.transaction():
        row = await _mine_or_nobodys(connection, alarm, by)
        if row.owner is None:
            await hold(connection, row, by, at)
            await write_journal(connection, alarm, at, by, "acknowledged", f"{by} has the alarm.")


async def release(connection: AsyncConnection, alarm: int, by: str, at: Instant, reason: str = "") -> None:
    """Give the alarm back: escalation resumes at the step now due. What nobody has is left as it is."""
    async with connection.transaction():
        row = await _mine_or_nobodys(connection, alarm, by)
        if row.owner is not None:
            await write_journal(connection, alarm, at, by, "released", _because(f"{by} gave the alarm back", reason))
            await let_go(connection, row, Resumed(at))


async def take_over(connection: AsyncConnection, alarm: int, by: str, at: Instant, reason: str) -> None:
    """Take the alarm from whoever has it, saying why; MissingTextError without a reason."""
    async with connection.transaction():
        row = await _open(connection, alarm)
        if row.owner == by:
            return
        if row.owner is None:
            await hold(connection, row, by, at)
        elif not reason.strip():
            raise MissingTextError(f"{row.owner} has this alarm: say why you take it over.")
        else:
            await connection.execute(_TAKE_OVER, (by, alarm))
        text = _because(f"{by} took the alarm over" + (f" from {row.owner}" if row.owner else ""), reason)
        await write_journal(connection, alarm, at, by, "taken_over", text)


async def note(connection: AsyncConnection, alarm: int, by: str, at: Instant, text: str) -> None:
    """Add a note to the journal: anybody, at any time, even after closing; MissingTextError for an empty one."""
    async with connection.transaction():
        await _any(connection, alarm)
        if not text.strip():
            raise MissingTextError("There is nothing in the note.")
        await write_journal(connection, alarm, at, by, "note", text.strip())


async def dispatch(connection: AsyncConnection, alarm: int, by: str, at: Instant, text: str = "") -> None:
    """Record that somebody was sent to the home; who does so owns the alarm."""
    async with connection.transaction():
        row = await _mine_or_nobodys(connection, alarm, by)
        if row.owner is None:
            await hold(connection, row, by, at, "dispatched")
        await connection.execute(_DISPATCHED, (alarm,))
        await write_journal(connection, alarm, at, by, "dispatched", _because(f"{by} sent somebody to the home", text))


async def escalate(connection: AsyncConnection, alarm: int, by: str, at: Instant, reason: str = "") -> None:
    """Run the next step at once; an alarm one owns is nobody's again until the next acknowledges it."""
    async with connection.transaction():
        row = await _mine_or_nobodys(connection, alarm, by)
        await write_journal(connection, alarm, at, by, "escalated", _because(f"{by} wants the next step now", reason))
        await let_go(connection, row, Escalated(at))


async def close(  # noqa: PLR0917 - the acts of the desk all begin with the same four
    connection: AsyncConnection, alarm: int, by: str, at: Instant, outcome: str, text: str = ""
) -> None:
    """Close with an outcome of `schema.alarms.OUTCOMES`; BadOutcomeError where a needed text is missing.

    `false_alarm` needs its cause, `other` a text, and so does closing what lasts and has not cleared.
    """
    async with connection.transaction():
        row = await _mine_or_nobodys(connection, alarm, by)
        await _check_outcome(connection, alarm, outcome, text.strip())
        parameters = {"alarm": alarm, "by": by, "at": moment(at), "outcome": outcome, "text": text.strip() or None}
        await connection.execute(_CLOSE, parameters)
        await withdraw(connection, alarm, f"{by} closed the alarm")
        await tell(connection, row, Ended(), at)
        sentence = _because(f"{by} closed the alarm: {outcome.replace('_', ' ')}", text)
        await write_journal(connection, alarm, at, by, "closed", sentence, outcome=outcome)
        await _tell_the_monitor(connection, row, at)


async def raise_by_hand(connection: AsyncConnection, person: str, by: str, at: Instant, reason: str) -> int:
    """Raise an alarm of kind `manual` for the person, or join the open one; returns its number."""
    async with connection.transaction():
        cursor = await connection.execute(_PERSON, (moment(at), person))
        found = await cursor.fetchone()
        if found is None:
            raise NoSuchPersonError(f"There is no person '{person}'. No alarm was raised.")
        number = await open_or_join(connection, _by_hand(person, found[0], found[1], reason, at), by, at)
        await connection.execute("notify findings")  # wakes who takes the first step
        return number


def _by_hand(person: str, home: str, policy: str | None, reason: str, at: Instant) -> Finding:
    return Finding(
        id=finding_id(person, "manual", None, at),
        subject_kind="person",
        subject=person,
        home=home,
        rule="manual",
        rule_name="manual",
        kind="manual",
        device=None,
        onset=at,
        raised_at=at,
        priority="urgent",
        policy=policy,
        reason=reason.strip() or "raised by hand",
    )


async def _any(connection: AsyncConnection, alarm: int) -> AlarmRow:
    row = await locked(connection, alarm)
    if row is None:
        raise NoSuchAlarmError(f"There is no alarm {alarm}.")
    return row


async def _open(connection: AsyncConnection, alarm: int) -> AlarmRow:
    row = await _any(connection, alarm)
    if row.state == "closed":
        raise AlreadyClosedError(f"Alarm {alarm} has been closed.")
    return row


async def _mine_or_nobodys(connection: AsyncConnection, alarm: int, by: str) -> AlarmRow:
    row = await _open(connection, alarm)
    if row.owner not in {None, by}:
        raise OwnedByAnotherError(str(row.owner))
    return row


async def _check_outcome(connection: AsyncConnection, alarm: int, outcome: str, text: str) -> None:
    if outcome not in OUTCOMES:
        raise BadOutcomeError(f"'{outcome}' is no outcome; expected one of {', '.join(OUTCOMES)}.")
    if text:
        return
    if outcome == "false_alarm":
        raise BadOutcomeError("A false alarm needs its cause: say what set it off.")
    if outcome == "other":
        raise BadOutcomeError("Say in a sentence what the outcome was.")
    cursor = await connection.execute(_NOT_CLEARED, (list(LASTING), alarm))
    row = await cursor.fetchone()
    if row is not None and row[0]:
        raise BadOutcomeError("What raised this alarm has not cleared: say why it can be closed.")


async def _tell_the_monitor(connection: AsyncConnection, row: AlarmRow, at: Instant) -> None:
    cursor = await connection.execute(_FINDINGS, (row.id,))
    findings = tuple(line[0] for line in await cursor.fetchall())
    if findings:  # what was raised by hand rests on none, and no rule's clock hangs on it
        await facts.append(connection, "facts", pack([AlarmClosed(row.subject, findings, at)]))


def _because(what: str, why: str) -> str:
    return f"{what}: {why.strip()}" if why.strip() else f"{what}."
