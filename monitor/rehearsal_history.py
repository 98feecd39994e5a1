"""A person's past as the database holds it: readings from the history, facts from the log, what was raised in fact.

Readings are asked for as columns, packed by the server as it sends arrays: 56,000 of them, four weeks of a home that
says much, come in a tenth of a second. When each came into the log its batch tells, from the log or, once its row is
pruned, from `batch_times`; of batches pruned before that was kept, the time of arrival stands in.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from psycopg import AsyncConnection

from monitor.rehearsal import Past
from monitor.rehearsal_ticks import read_ticks
from schema.entries import AlarmClosed, Entry, HomeSet, PersonAnswered, PersonSet, PlanSet, ReadingEntry, TestModeSet
from schema.instants import Instant, instant, moment
from schema.plans import AnyRule, CarePlan
from schema.readings import VALUES, Samples

_SAID = [(kind, value) for kind, values in VALUES.items() for value in values]
_SAID_TEXTS = [f"{kind}:{value}" for kind, value in _SAID]
_EPOCH_2000 = 946_684_800_000_000  # what PostgreSQL counts instants from
_HEADER = 20  # bytes before the first element of an array as it is sent

_HOME = "select p.home, h.zone from people p join homes h on h.id = p.home where p.id = %s"
_PLAN = """
    select rules from care_plans where person = %s and (starts is null or starts <= %s) order by version desc limit 1
"""
# Rows of facts that hold any of these ids, in which each entry is looked at: a superset, as ids may hold each other.
_FACTS = """
    select committed_at, entries from log
    where kind = 'facts' and committed_at <= %s
      and exists (select from unnest(%s::bytea[]) needle where position(needle in entries) > 0)
    order by position
"""
_READINGS = """
    select count(*),
           array_send(array_agg(r.device)), array_send(array_agg(r.observed_at)), array_send(array_agg(r.received_at)),
           array_send(array_agg(coalesce(l.committed_at, b.committed_at, r.received_at))),
           array_send(array_agg(r.seq)), array_send(array_agg(r.boot)),
           array_send(array_agg(coalesce(array_position(%(said)s, r.kind || ':' || r.value), 0))),
           array_send(array_agg(r.retained::int + 2 * r.clock_doubted::int)),
           array_send(array_agg(coalesce(r.battery, -1)::real)),
           array_send(array_agg(coalesce(r.signal, -32768)::smallint))
    from readings r
    left join log l on l.batch = r.batch
    left join batch_times b on b.batch = r.batch
    where r.device = any(%(devices)s) and r.observed_at >= %(since)s
      and coalesce(l.committed_at, b.committed_at, r.received_at) <= %(until)s
"""
_TYPES = (">i4", ">i8", ">i8", ">i8", ">i8", ">i8", ">i4", ">i4", ">f4", ">i2")
_SAMPLES = """
    select device, observed_at, boot, seq, samples from readings
    where device = any(%s) and observed_at >= %s and samples is not null
"""
_UNSEEN = """
    select began, coalesce(ended, %(until)s) from coverage_gaps
    where what = 'listening' and began < %(until)s and (ended is null or ended > %(since)s) order by began
"""
_RECORDED = "select finding from finding_changes where subject = %s and change = 'raised'"


async def read_past(connection: AsyncConnection, person: str, since: Instant, until: Instant) -> Past | None:
    """Return the person's past from `since` to `until`; None where nobody has this id."""
    found = await (await connection.execute(_HOME, (person,))).fetchone()
    if found is None:
        return None
    facts = await _facts(connection, person, found[0], until)
    homes = {fact.home for _, fact in facts if isinstance(fact, PersonSet) and fact.person == person}
    numbers = {
        each.number for _, fact in facts if isinstance(fact, HomeSet) and fact.home in homes for each in fact.devices
    }
    span = {"since": moment(since), "until": moment(until)}
    ticks = await read_ticks(connection, since, until)
    unseen = await (await connection.execute(_UNSEEN, span)).fetchall()
    recorded = await (await connection.execute(_RECORDED, (person,))).fetchall()
    return Past(
        person=person,
        zone=found[1],
        since=since,
        plan=await _plan(connection, person, until),
        facts=facts,
        readings=await _readings(connection, sorted(numbers), span),
        ticks=ticks.at,
        marked=ticks.marked,
        unseen=[(instant(began), instant(ended)) for began, ended in unseen],
        recorded=frozenset(row[0] for row in recorded),
    )


async def _plan(connection: AsyncConnection, person: str, until: Instant) -> CarePlan | None:
    row = await (await connection.execute(_PLAN, (person, moment(until).date()))).fetchone()
    return None if row is None else CarePlan(rules=msgspec.convert(row[0], tuple[AnyRule, ...]))


async def _facts(connection: AsyncConnection, person: str, home: str, until: Instant) -> list[tuple[Instant, Entry]]:
    """Return the facts about the person, their homes, and whoever lives or lived there."""
    ids, seen = {person, home}, set[str]()
    facts = list[tuple[Instant, Entry]]()
    while ids != seen:
        seen = set(ids)
        needles = [each.encode() for each in sorted(ids)]
        rows = await (await connection.execute(_FACTS, (moment(until), needles), binary=True)).fetchall()
        facts = [(instant(at), fact) for at, packed in rows for fact in _read(packed, needles)]
        homes = {fact.home for _, fact in facts if isinstance(fact, PersonSet) and fact.person == person}
        ids |= homes | {fact.person for _, fact in facts if isinstance(fact, PersonSet) and fact.home in homes}
    return [(at, fact) for at, fact in facts if _concerns(fact, person, ids)]


def _read(packed: bytes, needles: Sequence[bytes]) -> Iterable[Entry]:
    for part in msgspec.msgpack.decode(packed, type=list[msgspec.Raw]):
        raw = bytes(part)
        if any(needle in raw for needle in needles):
            try:
                yield msgspec.msgpack.decode(raw, type=Entry)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the monitor could not read it either, and has said so


def _concerns(fact: Entry, person: str, ids: set[str]) -> bool:
    match fact:
        case HomeSet() | TestModeSet():
            return fact.home in ids
        case PersonSet():
            return fact.person in ids
        case PlanSet() | PersonAnswered():
            return fact.person == person
        case AlarmClosed():
            return fact.subject == person
        case _:
            return False


async def _readings(
    connection: AsyncConnection, devices: list[int], span: dict[str, Any]
) -> list[tuple[Instant, ReadingEntry]]:
    """Return the readings of these devices, in the log's order, each with the log's time."""
    asked = {"said": _SAID_TEXTS, "devices": devices, **span}
    row = await (await connection.execute(_READINGS, asked, binary=True)).fetchone()
    if row is None or not row[0]:
        return []
    columns = [_column(packed, kind) for packed, kind in zip(row[1:], _TYPES, strict=True)]
    device, observed, received, committed, seq, boot, said, flags, battery, signal = columns
    order = np.lexsort((seq, observed, received, committed))
    samples = await _samples(connection, devices, span)
    entries = map(
        _entry,
        device[order].tolist(),
        said[order].tolist(),
        (observed[order] + _EPOCH_2000).tolist(),
        (received[order] + _EPOCH_2000).tolist(),
        seq[order].tolist(),
        boot[order].tolist(),
        flags[order].tolist(),
        battery[order].tolist(),
        signal[order].tolist(),
    )
    read = list(zip((committed[order] + _EPOCH_2000).tolist(), entries, strict=True))
    if not samples:
        return read
    return [(at, _sampled(entry, samples)) for at, entry in read]


def _column(packed: bytes, kind: str) -> Any:
    """Return an array's elements: each stands behind its length."""
    return np.frombuffer(packed, np.dtype([("length", ">i4"), ("value", kind)]), offset=_HEADER)["value"].astype(
        kind[1:]
    )


def _entry(  # noqa: PLR0917 - the columns, in order: 56,000 times in half a second
    device: int, said: int, observed: int, received: int, seq: int, boot: int, flags: int, battery: float, signal: int
) -> ReadingEntry:
    kind, value = _SAID[said - 1]
    return ReadingEntry(
        device, kind, value, observed, received, seq, boot, flags & 1 == 1, flags & 2 == 2,
        None if battery < 0 else round(battery, 6), None if signal == -32768 else signal,
    )  # fmt: skip


async def _samples(
    connection: AsyncConnection, devices: list[int], span: dict[str, Any]
) -> dict[tuple[int, int, int, int], Samples]:
    rows = await connection.execute(_SAMPLES, (devices, span["since"]), binary=True)
    return {
        (device, instant(at), boot, seq): msgspec.msgpack.decode(packed, type=Samples)
        for device, at, boot, seq, packed in await rows.fetchall()
    }


def _sampled(entry: ReadingEntry, samples: dict[tuple[int, int, int, int], Samples]) -> ReadingEntry:
    found = samples.get((entry.device, entry.observed_at, entry.boot, entry.seq))
    return entry if found is None else msgspec.structs.replace(entry, samples=found)
