"""A history of lived days in the database, as it is once the log's rows are pruned: what a rehearsal reads.

One home of the demo's, lived by the simulator and decoded by the gateway's own code, each message a batch of its own;
told again, under other numbers, for as many homes as are asked for. Seeded, so that every run reads the same.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection

import simulator
from gateway import prepare
from gateway.message import message
from gateway.rows import COPY, copied
from schema.entries import ReadingEntry
from schema.instants import MILLISECOND, Instant, moment, parse_instant
from schema.people import Home, Person
from schema.people_entries import entries
from schema.people_file import read
from schema.people_load import load
from schema.people_records import PeopleFile, PersonRecord
from simulator.homes.life import Manner, household
from simulator.replay.memory import Kept, directory

BEGINS = parse_instant("2026-10-20T09:00:00Z")
HOME = "home-01"
_STORED_IN = 40 * MILLISECOND  # from arrival to commit
_ASIDE = 1_000_000
_DEMO = Path(simulator.__file__).with_name("demo.yaml")


class Lived(NamedTuple):
    """A home's people, and what its devices said: (when it was committed, the readings), device by place from 1."""

    people: PeopleFile
    rows: Sequence[tuple[Instant, tuple[ReadingEntry, ...]]]

    @property
    def readings(self) -> int:
        """How many there are."""
        return sum(len(row) for _, row in self.rows)


def lived(until: Instant, *, seed: int = 1, home: str = HOME, mishaps: bool = False) -> Lived:
    """Let a home of the demo live from `BEGINS` until then."""
    people = only(read(_DEMO), home)
    known, kept = directory(people, entries(people).numbers), Kept()
    rows = list[tuple[Instant, tuple[ReadingEntry, ...]]]()
    last = 0
    for at, topic, payload in household(people.homes[0], people.people, BEGINS, Manner(seed, 1, mishaps)):
        if at >= until:
            return Lived(people, rows)
        arrived = message(topic, payload if isinstance(payload, bytes) else msgspec.json.encode(payload), at)
        prepared = prepare.prepare(arrived, prepare.read(arrived), known)
        told = tuple(each.entry for each in prepared.candidates if kept.put(each) == "new")
        if told:
            last = max(at + _STORED_IN, last + 1)
            rows.append((last, told))
    raise AssertionError("a life has no end")


def only(people: PeopleFile, home: str, name: str = "") -> PeopleFile:
    """Return one home of a file and who lives there, called `name` where that is given; policies stay."""
    name = name or home
    homes = [each for each in people.homes if each.id == home]
    residents = [each for each in people.people if each.home == home]
    ids = {each.id: f"{each.id}{name.removeprefix(home)}" for each in residents}
    devices = tuple(
        msgspec.structs.replace(each, person=ids.get(each.person or "", each.person)) for each in homes[0].devices
    )
    return msgspec.structs.replace(
        people,
        homes=(_named(homes[0], name, devices),),
        people=tuple(_called(each, ids[each.id], name) for each in residents),
    )


def _named(home: Home, name: str, devices: tuple[object, ...]) -> Home:
    return msgspec.structs.replace(home, id=name, devices=devices)


def _called(person: PersonRecord, name: str, home: str) -> Person:
    return msgspec.structs.replace(person, id=name, home=home)


async def store(connection: AsyncConnection, life: Lived, homes: int) -> list[str]:
    """Store the life `homes` times over, each in a home of its own; return the people's ids."""
    await connection.execute(
        "select readings_ensure_days(%s, %s)",
        (moment(BEGINS).date(), moment(life.rows[-1][0]).date()),
    )
    people = list[str]()
    for number in range(homes):
        suffix = f"-{number}" if number else ""
        file = only(life.people, life.people.homes[0].id, life.people.homes[0].id + suffix)
        await load(connection, file, "benchmark", BEGINS)
        people += [each.id for each in file.people]
        await _store_readings(connection, life, file, number)
    await connection.execute("analyze readings")
    await connection.execute("analyze batch_times")
    return people


async def _store_readings(connection: AsyncConnection, life: Lived, file: PeopleFile, number: int) -> None:
    found = await (
        await connection.execute("select id, number from devices where home = %s", (file.homes[0].id,))
    ).fetchall()
    numbers = dict(found)
    by_place = {place: numbers[each.id] for place, each in enumerate(file.homes[0].devices, 1)}
    first = number * _ASIDE + 1
    async with connection.transaction(), connection.cursor() as cursor:
        async with cursor.copy(COPY) as copy:
            for batch, (_, row) in enumerate(life.rows, first):
                said = [msgspec.structs.replace(each, device=by_place[each.device]) for each in row]
                packed = copied(said, batch)
                await copy.write(packed[19 if batch > first else 0 : -2])
            await copy.write(packed[-2:])
        async with cursor.copy("copy batch_times (batch, committed_at) from stdin") as copy:
            for batch, (at, _) in enumerate(life.rows, first):
                await copy.write_row((batch, moment(at)))
