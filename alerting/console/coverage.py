"""Coverage as the console reads it: the monitor's gaps, and what of them each rule about a person rests on.

While the monitor is down nobody writes gaps: that it has not looked for a while is one, of its own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerting.console import coverage_words, words
from alerting.console.coverage_models import GapSaid, NotRunning, NotTold, PersonCovered, RuleCovered
from alerting.console.coverage_words import Clock, Named
from alerting.console.models import Person
from schema.coverage import Cause, Gap, Rests, What, coverage, cut, in_force, rests_on
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant, instant, moment
from schema.people import Device
from schema.plans import AnyRule, SilenceRule

MOST_HOURS = 168
LOOKS_WITHIN: Duration = 5 * SECOND
"""The monitor looks twice a second; not for so long, and it is down."""
DAILY = frozenset({"bed", "chair", "door", "motion", "hub"})  # as monitor.coverage_devices judges them

_DEVICES = """
    select d.number, d.id, d.kind, d.room, d.exit, r.device is not null as beats
    from devices d left join device_rhythms r on r.device = d.number
    where d.home = %s and (d.person is null or d.person = %s) and d.retired_at is null order by d.id
"""
_GAPS = """
    select g.what, g.cause, g.began, g.ended, d.id as device
    from coverage_gaps g left join devices d on d.number = g.device
    where (g.home is null or g.home = %s) and g.began < %s and (g.ended is null or g.ended > %s)
"""
_PROGRESS = "select begun_at, looked_at from coverage_progress"


class _Device(NamedTuple):
    number: int
    id: str
    kind: str
    room: str | None
    exit: bool
    beats: bool


class _Row(NamedTuple):
    what: What
    cause: Cause
    began: datetime
    ended: datetime | None
    device: str | None


class _Known(NamedTuple):
    """Everything that was read, for one person and one span of time."""

    start: Instant
    clock: Clock
    devices: list[_Device]
    named: dict[str, Named]
    service: list[Gap]
    home: list[Gap]
    by_device: dict[str, list[Gap]]


async def of_person(connection: AsyncConnection, person: Person, hours: int, now: Instant) -> PersonCovered:
    """Return what each rule about the person could not see in the last hours, what cannot see now first."""
    start = now - hours * HOUR
    kept_since = await _kept_since(connection)
    known = await _read(connection, person, start, now)
    rules, idle = list[RuleCovered](), list[NotRunning]()
    written = _rules(person)
    for name, rule in in_force(written):
        rests = rests_on(rule, _fitted(known), _covers(person), written)
        if isinstance(rests, Rests):
            rules.append(_covered(name, rule, rests, known, written))
        elif any(each.stable_id == name for each in written):  # a rule of our own that has no device is no loss
            idle.append(NotRunning(rule=name, kind=rule.alarm_kind, says=words.rule_sentence(rule), why=rests))
    rules.sort(key=lambda each: not (each.gaps and each.gaps[-1].until is None))
    return PersonCovered(
        person=person.id,
        hours=hours,
        from_=moment(start),
        until=moment(now),
        kept_since=kept_since,
        rules=rules,
        not_running=idle,
        unknown=_unknown_said(rules, known),
    )


async def of_alarm(
    connection: AsyncConnection, person: Person, rule: str, span: tuple[Instant, Instant], now: Instant
) -> list[str]:
    """Return in words what the rule of an alarm could not see in the span: from its onset until it was over."""
    began, ended = span
    known = await _read(connection, person, began, ended, now)
    written = _rules(person)
    found = dict(in_force(written)).get(rule.removesuffix(":unseen"))
    rests = None if found is None else rests_on(found, _fitted(known), _covers(person), written)
    if not isinstance(rests, Rests):
        return []
    seen = coverage(rests, known.service, known.home, known.by_device, ended)
    return [coverage_words.said(gap, known.named, known.clock) for gap in sorted((*seen.gaps, *seen.partly))]


def _covered(name: str, rule: AnyRule, rests: Rests, known: _Known, written: Sequence[AnyRule]) -> RuleCovered:
    now = known.clock.now
    found = coverage(rests, known.service, known.home, known.by_device, now)
    unseen = found.unseen(known.start, now)
    return RuleCovered(
        rule=name,
        kind=rule.alarm_kind,
        says=words.rule_sentence(rule),
        minutes_unseen=round(unseen / MINUTE, 2),
        seconds_unseen=round(unseen / SECOND, 3),
        gaps=[_said(gap, known) for gap in found.gaps],
        partly=[_said(gap, known) for gap in found.partly],
        unknown=_unknown(rests, known, {each.device for each in written if isinstance(each, SilenceRule)}),
    )


def _said(gap: Gap, known: _Known) -> GapSaid:
    return GapSaid(
        from_=moment(gap.began),
        until=None if gap.ended is None else moment(gap.ended),
        cause=gap.cause,
        device=gap.devices[0] if len(gap.devices) == 1 else None,
        words=coverage_words.said(gap, known.named, known.clock),
    )


def _unknown(rests: Rests, known: _Known, told: set[str | None]) -> list[NotTold]:
    """Return what shows no heartbeat, and has no `silence` rule to say how long is too long."""
    return [
        NotTold(
            device=each.id,
            words=coverage_words.unknown([each.id], known.named, daily=each.kind in DAILY),
            daily=each.kind in DAILY,
        )
        for each in known.devices
        if each.id in (*rests.each, *rests.one_of) and not each.beats and each.id not in told
    ]


def _unknown_said(rules: list[RuleCovered], known: _Known) -> list[str]:
    """Say of all rules together what is not known, in a sentence or two."""
    told = {each.device: each.daily for rule in rules for each in rule.unknown}
    kinds = {daily: sorted(name for name, each in told.items() if each == daily) for daily in (True, False)}
    return [coverage_words.unknown(names, known.named, daily=daily) for daily, names in kinds.items() if names]


async def _read(
    connection: AsyncConnection, person: Person, start: Instant, end: Instant, now: Instant | None = None
) -> _Known:
    home = person.home
    async with connection.cursor(row_factory=class_row(_Device)) as cursor:
        devices = await (await cursor.execute(_DEVICES, (home.id, person.id))).fetchall()
    async with connection.cursor(row_factory=class_row(_Row)) as rows:
        found = await (await rows.execute(_GAPS, (home.id, moment(end), moment(start)))).fetchall()
    service = [_gap(row) for row in found if row.what in ("listening", "watching")]
    service += await _unlooked(connection, end)
    by_device: dict[str, list[Gap]] = {}
    for row in found:
        if row.device is not None:
            by_device.setdefault(row.device, []).append(_gap(row))
    return _Known(
        start=start,
        clock=Clock(home.zone, end if now is None else now),
        devices=devices,
        named={each.id: Named(each.kind, each.room) for each in devices},
        service=cut(service, start, end),
        home=cut((_gap(row) for row in found if row.what == "home"), start, end),
        by_device={name: cut(gaps, start, end) for name, gaps in by_device.items()},
    )


async def _kept_since(connection: AsyncConnection) -> datetime | None:
    row = await (await connection.execute(_PROGRESS)).fetchone()
    return row[0] if row else None


async def _unlooked(connection: AsyncConnection, now: Instant) -> list[Gap]:
    row = await (await connection.execute(_PROGRESS)).fetchone()
    if row is None or now - instant(row[1]) <= LOOKS_WITHIN:
        return []
    return [Gap(instant(row[1]), None, "monitor")]


def _gap(row: _Row) -> Gap:
    ended = None if row.ended is None else instant(row.ended)
    return Gap(instant(row.began), ended, row.cause, (row.device,) if row.device else ())


def _rules(person: Person) -> Sequence[AnyRule]:
    """Return the plan's rules, as far as this version knows them."""
    known = []
    for written in person.care_plan.rules if person.care_plan else ():
        try:
            known.append(msgspec.convert(written, AnyRule))
        except msgspec.ValidationError:
            continue
    return known


def _covers(person: Person) -> list[str] | None:
    return None if person.consent is None else list(person.consent.get("covers", ()))


def _fitted(known: _Known) -> list[Device]:
    return [
        msgspec.convert({"id": each.id, "kind": each.kind, "room": each.room, "exit": each.exit}, Device)
        for each in known.devices
    ]
