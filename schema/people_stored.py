"""Homes, people, plans, policies and teams as the database holds them, in the types the file is read into.

So what is stored and what is written compare field by field, and a load writes just what differs.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from schema.people import Absence, Consent, Contact, Device, Home, KeySafe, Member, Person, Rota, Team
from schema.people_references import Known
from schema.plans import AnyRule, CarePlan, Policy

Part = TypeVar("Part", bound=msgspec.Struct)


Numbers = Mapping[tuple[str, str], int]
"""The number by which readings name a device, by (home, device id)."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the database holds: policies and teams whole, homes and people as far as they were asked for."""

    policies: dict[str, Policy]
    teams: dict[str, Team]
    homes: dict[str, Home]
    people: dict[str, Person]
    plans: dict[str, tuple[int, CarePlan]]  # by person: the newest version
    numbers: Numbers  # of every device of these homes, retired ones too

    @property
    def known(self) -> Known:
        """What a people file may refer to."""
        living = {person.id: person.home for person in self.people.values()}
        return Known(self.policies.keys(), self.teams.keys(), self.homes, living)


# The homes asked for, those people live in, and everybody in any of them: who owns a device must be known.
_HOMES = """
    select id, address, zone, area, key_safe_where, key_safe_code from homes
    where %(everything)s or id = any(%(homes)s) or id in (select home from people where id = any(%(people)s))
    order by id
"""
_PEOPLE = """
    select id, home, name, born, phone, notes, gp, consent from people
    where id = any(%(people)s) or home = any(%(homes)s) order by id
"""
_DEVICES = """
    select number, home, id, kind, room, exit, worn, dialect, address, person, retired_at is null as fitted
    from devices where home = any(%(homes)s) order by number
"""
_NUMBERS = "select number, home, id from devices where home = any(%(homes)s)"
_CONTACTS = """
    select person, id, name, relation, phone, key_holder, told, quiet, channels
    from contacts where person = any(%(people)s) order by person, ordinal
"""
_ABSENCES = "select person, starts, ends, why from absences where person = any(%(people)s) order by person, starts"
_PLANS = """
    select distinct on (person) person, version, author, reason, starts, review, rules
    from care_plans where person = any(%(people)s) order by person, version desc
"""
_POLICIES = "select name, steps from policies order by name"
_TEAMS = "select name, rota from teams order by name"
_MEMBERS = "select team, id, name, phone, channels from team_members order by team, ordinal"


async def stored(connection: AsyncConnection, homes: Collection[str], people: Collection[str]) -> Stored:
    """Return what is stored of these homes and people, and of whoever and whatever shares a home with them."""
    return await _stored(connection, {"everything": False, "homes": list(homes), "people": list(people)})


async def all_stored(connection: AsyncConnection) -> Stored:
    """Return everybody and everything."""
    return await _stored(connection, {"everything": True, "homes": [], "people": []})


async def device_numbers(connection: AsyncConnection, homes: Collection[str]) -> Numbers:
    """Return the number of every device of these homes, by (home, id)."""
    rows = await _rows(connection, _NUMBERS, {"homes": list(homes)})
    return {(row["home"], row["id"]): row["number"] for row in rows}


async def _stored(connection: AsyncConnection, asked: dict[str, Any]) -> Stored:
    homes = await _rows(connection, _HOMES, asked)
    asked = {**asked, "homes": [*asked["homes"], *(row["id"] for row in homes)]}
    people = await _rows(connection, _PEOPLE, asked)
    asked = {**asked, "people": [row["id"] for row in people]}
    devices = await _rows(connection, _DEVICES, asked)
    fitted = _grouped([row for row in devices if row["fitted"]], "home", Device)
    contacts = _grouped(await _rows(connection, _CONTACTS, asked), "person", Contact)
    absences = _grouped(await _rows(connection, _ABSENCES, asked), "person", Absence)
    members = _grouped(await _rows(connection, _MEMBERS, asked), "team", Member)
    return Stored(
        policies={row["name"]: _from_json(row["steps"], Policy) for row in await _rows(connection, _POLICIES, asked)},
        teams={
            row["name"]: Team(members=members.get(row["name"], ()), rota=_from_json(row["rota"], Rota | None))
            for row in await _rows(connection, _TEAMS, asked)
        },
        homes={
            row["id"]: _made(Home, row, key_safe=_key_safe(row), devices=fitted.get(row["id"], ())) for row in homes
        },
        people={
            row["id"]: _made(
                Person,
                row,
                consent=_from_json(row["consent"], Consent | None),
                contacts=contacts.get(row["id"], ()),
                absences=absences.get(row["id"], ()),
            )
            for row in people
        },
        plans={
            row["person"]: (row["version"], _made(CarePlan, row, rules=_from_json(row["rules"], tuple[AnyRule, ...])))
            for row in await _rows(connection, _PLANS, asked)
        },
        numbers={(row["home"], row["id"]): row["number"] for row in devices},
    )


async def _rows(connection: AsyncConnection, query: str, asked: dict[str, Any]) -> list[DictRow]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), asked)
        return await cursor.fetchall()


def _grouped(rows: list[DictRow], by: str, kind: type[Part]) -> dict[str, tuple[Part, ...]]:
    found: dict[str, list[Part]] = {}
    for row in rows:
        found.setdefault(row[by], []).append(_made(kind, row))
    return {name: tuple(parts) for name, parts in found.items()}


def _made(kind: type[Part], row: DictRow, **parts: Any) -> Part:
    """Return the row as a value of the type: the columns bear the fields' names."""
    columns = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name in kind.__struct_fields__
    }
    return kind(**{**columns, **parts})


def _key_safe(row: DictRow) -> KeySafe | None:
    if row["key_safe_where"] is None and row["key_safe_code"] is None:
        return None
    return KeySafe(where=row["key_safe_where"] or "", code=row["key_safe_code"] or "")


def _from_json(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind)
