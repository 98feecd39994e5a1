"""Takes what the monitor found and makes alarms of it: each change once, and a subject's in their order.

A change is marked as taken in the transaction that acts on it, so a crash leaves either both or neither. Several
alerting processes share the work by subject. A change that cannot be taken in blocks nobody behind it and is not
dropped in silence either: it becomes a technical alarm of this service.
"""

import asyncio
from collections.abc import Iterable
from contextlib import nullcontext
from operator import itemgetter
from typing import Any, assert_never

import msgspec
import structlog
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from alerting import canary
from alerting.attached import steps_of
from alerting.escalation import stricter
from alerting.opening import open_or_join
from alerting.record import AlarmRow, locked, write_journal
from runtime.database import GONE
from schema.alarms import more_pressing
from schema.findings import Finding, FindingChange, finding_id
from schema.instants import Instant, moment

log = structlog.get_logger()

SIDE_BY_SIDE = 4
IN_ONE_PASS = 12
"""So many subjects are taken before steps that are due have their turn."""
_LOCK = 20261125
# The most pressing first, and few at a time: a press overtakes a flood of faults, and waits for few of them.
_SUBJECTS = """
select subject from finding_changes where taken_at is null and subject <> all(%s)
group by subject order by min(pressing), min(position) limit %s
"""
# None where another process is at this subject, in order; what it leaves is found next time. Rows are locked
# after that lock is had, so that what was taken meanwhile is not taken again.
_TAKE = """
with mine as materialized (
    select pg_try_advisory_xact_lock(%s, hashtext(%s)) as held
), waiting as materialized (
    select f.position, f.ordinal from finding_changes f join mine on mine.held
    where f.taken_at is null and f.subject = %s order by f.position, f.ordinal limit 20 for update of f
)
update finding_changes f set taken_at = %s from waiting
where (f.position, f.subject, f.ordinal) = (waiting.position, %s, waiting.ordinal)
returning f.position, f.ordinal, f.body
"""
_ALARM_OF = "select alarm from alarm_findings where finding = %s order by alarm desc limit 1"
_REFRESH = "update alarms set reason = %s, evidence = %s, certainty = %s where id = %s"
_CLEAR_FINDING = """
update alarm_findings set cleared_at = %s where alarm = %s and finding = %s and cleared_at is null
"""
# Cleared once all it rests on has cleared; returns the row only if that is so now.
_CLEAR_ALARM = """
update alarms set cleared_at = %(at)s
where id = %(alarm)s and closed_at is null
  and not exists (select from alarm_findings where alarm = %(alarm)s and cleared_at is null)
returning id
"""
_CALLS = frozenset({"pressed", "fallen", "maybe"})


async def run_once(pool: AsyncConnectionPool, connection: AsyncConnection, now: Instant) -> int:
    """Take the most pressing of what is waiting; returns how many changes that were.

    On the connection, which is in autocommit; where several subjects wait, side by side on others of the pool, the next
    begun as soon as one is done: nobody waits for the slowest of those before them. After `IN_ONE_PASS` subjects the
    caller is given his turn, who has steps to run.
    """
    subjects = await _waiting(connection, ())
    if len(subjects) <= 1:
        return await _take_subject(connection, subjects[0], now) if subjects else 0
    begun, taking = dict[str, asyncio.Task[int]](), set[asyncio.Task[int]]()
    try:
        async with asyncio.TaskGroup() as group:
            while subjects and len(begun) < IN_ONE_PASS:
                for subject in subjects[: SIDE_BY_SIDE - len(taking)]:
                    begun[subject] = group.create_task(_take_beside(pool, subject, now))
                    taking.add(begun[subject])
                _, taking = await asyncio.wait(taking, return_when=asyncio.FIRST_COMPLETED)
                subjects = await _waiting(connection, begun)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return sum(each.result() for each in begun.values())


async def _waiting(connection: AsyncConnection, begun: Iterable[str]) -> list[str]:
    """Return whose findings wait, the most pressing first, bar those begun with."""
    cursor = await connection.execute(_SUBJECTS, (list(begun), SIDE_BY_SIDE))
    return [row[0] for row in await cursor.fetchall()]


async def _take_beside(pool: AsyncConnectionPool, subject: str, now: Instant) -> int:
    async with pool.connection() as connection:
        return await _take_subject(connection, subject, now)


async def _take_subject(connection: AsyncConnection, subject: str, now: Instant) -> int:
    """Take what waits of a subject; where any of it fails, take all of it again, each change by itself."""
    try:
        return await _take_all(connection, subject, now, apart=False)
    except GONE:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is met again, and judged then
        return await _take_all(connection, subject, now, apart=True)


async def _take_all(connection: AsyncConnection, subject: str, now: Instant, *, apart: bool) -> int:
    async with connection.transaction():
        cursor = await connection.execute(_TAKE, (_LOCK, subject, subject, moment(now), subject))
        rows = sorted(await cursor.fetchall(), key=itemgetter(0, 1))
        for _, _, body in rows:
            await _take(connection, subject, body, now, apart=apart)
        return len(rows)


async def _take(connection: AsyncConnection, subject: str, body: Any, now: Instant, *, apart: bool) -> None:
    try:
        async with connection.transaction() if apart else nullcontext():
            await _act_on(connection, msgspec.convert(body, FindingChange), now, apart=apart)
    except GONE:
        raise
    except Exception as error:  # whatever it is, the subject's other findings must not wait behind it
        if not apart:
            raise
        log.exception("finding not taken in", action="intake", subject=subject)
        await open_or_join(connection, _unreadable(subject, error, now), "alerting", now)


def _unreadable(subject: str, error: Exception, now: Instant) -> Finding:
    return Finding(
        id=finding_id("alerting", "unreadable_finding", subject, now),
        subject_kind="service",
        subject="alerting",
        home=None,
        rule="unreadable_finding",
        rule_name="unreadable_finding",
        kind="technical",
        device=None,
        onset=now,
        raised_at=now,
        priority="urgent",
        policy=None,
        reason=f"What the monitor found about '{subject}' could not be taken in ({type(error).__name__}): look there",
    )


async def _act_on(connection: AsyncConnection, change: FindingChange, now: Instant, *, apart: bool) -> None:
    match change.change:
        case "raised":
            await _raise(connection, change, now, apart=apart)
        case "updated":
            await _update(connection, change, now)
        case "cleared":
            await _clear(connection, change, now)
        case _:
            assert_never(change.change)


async def _raise(connection: AsyncConnection, change: FindingChange, now: Instant, *, apart: bool = True) -> None:
    await open_or_join(connection, change.finding, "monitor", now, rests=True, apart=apart)


async def _update(connection: AsyncConnection, change: FindingChange, now: Instant) -> None:
    finding = change.finding
    alarm = await _alarm_of(connection, finding.id)
    if alarm is None or (alarm.state == "closed" and _calls_again(finding)):
        await _raise(connection, change, now)
    elif alarm.state == "closed":
        await write_journal(connection, alarm.id, now, "monitor", "updated", f"After closing: {finding.reason}")
    elif await _presses_more(connection, alarm, finding):
        await _raise(connection, change, now)
    else:
        evidence = Jsonb(msgspec.to_builtins(finding.evidence))
        await connection.execute(_REFRESH, (finding.reason, evidence, finding.certainty, alarm.id))
        await write_journal(connection, alarm.id, now, "monitor", "updated", finding.reason, finding=finding.id)


def _calls_again(finding: Finding) -> bool:
    """Tell whether a press or a fall joined what ran: whoever closed the alarm meanwhile could not know of it."""
    return finding.kind in {"button", "fall"} and bool(finding.evidence) and finding.evidence[-1].value in _CALLS


async def _presses_more(connection: AsyncConnection, alarm: AlarmRow, finding: Finding) -> bool:
    if more_pressing(alarm.priority, finding.priority) != alarm.priority or (alarm.test and not finding.test):
        return True
    own, _ = await steps_of(connection, alarm.policy)
    other, _ = await steps_of(connection, finding.policy)
    return stricter(other, own)


async def _clear(connection: AsyncConnection, change: FindingChange, now: Instant) -> None:
    alarm = await _alarm_of(connection, change.finding.id)
    if alarm is None:
        log.warning("cleared a finding no alarm rests on", action="intake", finding=change.finding.id)
        return
    await connection.execute(_CLEAR_FINDING, (moment(change.at), alarm.id, change.finding.id))
    cursor = await connection.execute(_CLEAR_ALARM, {"at": moment(change.at), "alarm": alarm.id})
    whole = await cursor.fetchone() is not None
    what = "Cleared" if whole else "Cleared in part"
    text = f"{what}: {change.why or change.finding.reason}"
    await write_journal(connection, alarm.id, now, "monitor", "cleared", text, finding=change.finding.id, whole=whole)
    if whole and alarm.canary:
        await canary.close(connection, alarm, now)


async def _alarm_of(connection: AsyncConnection, finding: str) -> AlarmRow | None:
    cursor = await connection.execute(_ALARM_OF, (finding,))
    row = await cursor.fetchone()
    return None if row is None else await locked(connection, row[0])
