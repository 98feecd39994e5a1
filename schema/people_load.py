"""Loads a people file: all of it or nothing, and only what differs.

One transaction, one load at a time. What the file does not mention is left alone; what is unchanged is not
written, makes no plan version and appends no fact. What the rules must know of the rest goes to the log in
the same transaction, as one row: homes, then people, then plans.
"""

from collections.abc import Iterator

import msgspec
from psycopg import AsyncConnection

from schema.entries import Entry, pack
from schema.instants import Instant
from schema.people import Device, Home, Person
from schema.people_entries import home_set, person_set, plan_set
from schema.people_gaps import Scope, announcements
from schema.people_merge import merged_home, merged_person, released
from schema.people_records import PeopleFile
from schema.people_references import check_references
from schema.people_stored import Numbers, Stored, device_numbers, stored
from schema.people_write import (
    append_facts,
    write_audit,
    write_devices,
    write_home,
    write_person,
    write_plan,
    write_policy,
    write_team,
)
from schema.plans import CarePlan

_ONE_LOAD_AT_A_TIME = "select pg_advisory_xact_lock(20261124)"

KINDS = ("policies", "teams", "homes", "devices", "people", "care plans")
"""What a load counts."""


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a load did: ids by kind (of KINDS; a device as `home/device`), and what is worth knowing."""

    added: dict[str, tuple[str, ...]]
    changed: dict[str, tuple[str, ...]]
    unchanged: dict[str, tuple[str, ...]]
    announcements: tuple[str, ...]


async def load(connection: AsyncConnection, people_file: PeopleFile, by: str, at: Instant) -> LoadReport:
    """Load the file in one transaction; PeopleFileError, and nothing changed, where it refers to what is not there.

    `by` and `at` go to the audit and to plan versions. The log's time is the database's own, or `at` where that
    is earlier: a replay's.
    """
    async with connection.transaction():
        await connection.execute(_ONE_LOAD_AT_A_TIME)
        before = await stored(connection, *_touched(people_file))
        check_references(people_file, before.known)
        return await _Load(connection, people_file, before, by, at).run()


class _Load:
    """One load: what was stored before, what shall be, and what was found to differ."""

    def __init__(
        self, connection: AsyncConnection, people_file: PeopleFile, before: Stored, by: str, at: Instant
    ) -> None:
        self._connection = connection
        self._file = people_file
        self._before = before
        self._by = by
        self._at = at
        self._homes, self._people = _after(people_file, before)
        self._tally = _Tally()

    async def run(self) -> LoadReport:
        """Write what differs, append what the rules must know of it, and say what is worth knowing."""
        async with self._connection.pipeline():  # thousands of small statements: do not wait for each
            await self._policies_and_teams()
            for home in self._homes.values():
                await self._home(home)
            for record in self._file.people:
                await self._person(self._people[record.id], record.care_plan)
            for home in self._homes.values():
                await self._devices(home)
            plans = await self._plans()
        numbers = await device_numbers(self._connection, self._homes)
        facts: list[Entry] = [*self._home_facts(numbers), *self._person_facts(), *plans]
        if facts:
            await append_facts(self._connection, pack(facts), self._at)
        return self._tally.report(self._announcements())

    async def _policies_and_teams(self) -> None:
        for name, policy in self._file.policies.items():
            if self._tally.differs("policies", name, self._before.policies.get(name), policy):
                await write_policy(self._connection, name, policy)
        for name, team in self._file.teams.items():
            if self._tally.differs("teams", name, self._before.teams.get(name), team):
                await write_team(self._connection, name, team)

    async def _home(self, home: Home) -> None:
        before = self._before.homes.get(home.id)
        if self._tally.differs("homes", home.id, before and _bare(before), _bare(home)):
            await write_home(self._connection, home)
            detail = {"home": home.id, "changed": _changed(before, home, but="devices")}
            await write_audit(self._connection, self._at, self._by, None, detail)

    async def _devices(self, home: Home) -> None:
        known = self._devices_before(home.id)
        written = {device.id for each in self._file.homes if each.id == home.id for device in each.devices}
        differing = [
            device
            for device in home.devices
            if (device.id in written or device != known[device.id])
            and self._tally.differs("devices", f"{home.id}/{device.id}", known.get(device.id), device)
        ]
        await write_devices(self._connection, home.id, differing)

    async def _person(self, person: Person, plan: CarePlan | None) -> None:
        before = self._before.people.get(person.id)
        if self._tally.differs("people", person.id, before, person):
            await write_person(self._connection, person)
        parts = _changed(before, person)
        if plan is not None and plan != self._plan_before(person.id):
            parts.append("care_plan")
        if parts:
            await write_audit(self._connection, self._at, self._by, person.id, {"changed": parts})

    async def _plans(self) -> list[Entry]:
        facts: list[Entry] = []
        for record in self._file.people:
            version, plan = self._before.plans.get(record.id, (0, None))
            new = record.care_plan
            if new is not None and self._tally.differs("care plans", record.id, plan, new):
                await write_plan(self._connection, record.id, version + 1, new, self._at)
                facts.append(plan_set(record.id, version + 1, new))
        return facts

    def _home_facts(self, numbers: Numbers) -> Iterator[Entry]:
        for home in self._homes.values():
            now, before = home_set(home, numbers), self._before.homes.get(home.id)
            if before is None or now != home_set(before, self._before.numbers):
                yield now

    def _person_facts(self) -> Iterator[Entry]:
        for person in self._people.values():
            now, before = person_set(person), self._before.people.get(person.id)
            if before is None or now != person_set(before):
                yield now

    def _announcements(self) -> tuple[str, ...]:
        plans = {record.id: record.care_plan or self._plan_before(record.id) for record in self._file.people}
        scope = Scope(
            policies={**self._before.policies, **self._file.policies},
            teams=self._file.teams,
            homes={**self._before.homes, **self._homes},
            people=self._people.values(),
            plans={person: plan for person, plan in plans.items() if plan is not None},
        )
        return (*self._left_behind(), *announcements(scope, self._at))

    def _left_behind(self) -> Iterator[str]:
        """Yield each device that was somebody's who has moved: it is the home's now."""
        for home in self._homes.values():
            before = self._devices_before(home.id)
            for device in home.devices:
                owner = before[device.id].person if device.id in before else None
                if owner in self._people and device.person is None and self._people[owner].home != home.id:
                    yield f"home {home.id}: device {device.id} is nobody's in particular now, as {owner} moved"

    def _devices_before(self, home: str) -> dict[str, Device]:
        known = self._before.homes.get(home)
        return {device.id: device for device in known.devices} if known else {}

    def _plan_before(self, person: str) -> CarePlan | None:
        return self._before.plans.get(person, (0, None))[1]


class _Tally:
    """Counts what was added, changed and left as it was."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, list[str]]] = {word: {} for word in ("added", "changed", "unchanged")}

    def differs(self, kind: str, name: str, before: object, after: object) -> bool:
        """Note how the thing compares with what is stored, and tell whether it is to be written."""
        word = "added" if before is None else "unchanged" if before == after else "changed"
        self._found[word].setdefault(kind, []).append(name)
        return word != "unchanged"

    def report(self, said: tuple[str, ...]) -> LoadReport:
        """Return what was counted, and what is worth knowing."""
        counted = {word: {kind: tuple(names.get(kind, ())) for kind in KINDS} for word, names in self._found.items()}
        return LoadReport(**counted, announcements=said)


def _touched(people_file: PeopleFile) -> tuple[set[str], set[str]]:
    """Return the ids of the homes and people that the file brings or speaks of."""
    homes = {home.id for home in people_file.homes} | {person.home for person in people_file.people}
    owners = {device.person for home in people_file.homes for device in home.devices} - {None}
    return homes, {str(owner) for owner in owners} | {person.id for person in people_file.people}


def _after(people_file: PeopleFile, before: Stored) -> tuple[dict[str, Home], dict[str, Person]]:
    """Return the file's people and every home that it touches, as they shall be."""
    people = {
        record.id: merged_person(before.people.get(record.id), record.person, people_file.left_out)
        for record in people_file.people
    }
    living = {**before.known.living, **{person.id: person.home for person in people.values()}}
    written = {home.id: home for home in people_file.homes}
    homes: dict[str, Home] = {}
    for name in dict.fromkeys((*written, *before.homes)):
        known = before.homes.get(name)
        home = known if name not in written else merged_home(known, written[name], people_file.left_out)
        assert home is not None
        homes[name] = released(home, living)
    return {name: home for name, home in homes.items() if name in written or home != before.homes[name]}, people


def _bare(home: Home) -> Home:
    return msgspec.structs.replace(home, devices=())


def _changed(before: msgspec.Struct | None, after: msgspec.Struct, but: str = "") -> list[str]:
    """Return the names of the fields that say something else than before; a new thing is changed as a whole."""
    if before is None:
        return ["added"]
    return [name for name in after.__struct_fields__ if name != but and getattr(before, name) != getattr(after, name)]
