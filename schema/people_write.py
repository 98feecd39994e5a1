"""Writes homes, people, plans, policies and teams: upserts by id, lists replaced whole, plan versions added.

Each function writes one thing that is known to differ, in the caller's transaction; whether it differs, and
what follows from it, is `people_load`'s to decide.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from schema.instants import Instant, moment
from schema.people import Device, Home, Person, Team
from schema.plans import CarePlan, Policy

_POLICY = """
    insert into policies (name, steps) values (%s, %s)
    on conflict (name) do update set steps = excluded.steps
"""
_TEAM = """
    insert into teams (name, rota) values (%s, %s)
    on conflict (name) do update set rota = excluded.rota
"""
_NO_MEMBERS = "delete from team_members where team = %s"
_MEMBER = "insert into team_members (team, id, ordinal, name, phone, channels) values (%s, %s, %s, %s, %s, %s)"
_HOME = """
    insert into homes (id, address, zone, area, key_safe_where, key_safe_code) values (%s, %s, %s, %s, %s, %s)
    on conflict (id) do update set address = excluded.address, zone = excluded.zone, area = excluded.area,
        key_safe_where = excluded.key_safe_where, key_safe_code = excluded.key_safe_code
"""
# Two devices of a home may change addresses with each other: both let go before either takes hold.
_LET_GO = "update devices set address = null where home = %s and id = any(%s)"
_DEVICE = """
    insert into devices (home, id, kind, room, exit, worn, dialect, address, person)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (home, id) do update set kind = excluded.kind, room = excluded.room, exit = excluded.exit,
        worn = excluded.worn, dialect = excluded.dialect, address = excluded.address, person = excluded.person,
        retired_at = null
"""
_PERSON = """
    insert into people (id, home, name, born, phone, notes, gp, consent) values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (id) do update set home = excluded.home, name = excluded.name, born = excluded.born,
        phone = excluded.phone, notes = excluded.notes, gp = excluded.gp, consent = excluded.consent
"""
_NO_CONTACTS = "delete from contacts where person = %s"
_CONTACT = """
    insert into contacts (person, id, ordinal, name, relation, phone, key_holder, told, quiet, channels)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_NO_ABSENCES = "delete from absences where person = %s"
_ABSENCE = "insert into absences (person, starts, ends, why) values (%s, %s, %s, %s)"
_PLAN = """
    insert into care_plans (person, version, author, reason, starts, review, rules, created_at)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_AUDIT = "insert into audit (at, actor, action, person, detail) values (%s, %s, 'loaded', %s, %s)"
# The log's time is the database's own; only a replay, whose clock is the past's, comes before it.
_FACTS = """
    select position from log_append('facts', null, %s, least(%s, clock_timestamp()))
"""


async def write_policy(connection: AsyncConnection, name: str, policy: Policy) -> None:
    """Insert or replace a policy."""
    await connection.execute(_POLICY, (name, _json(policy)))


async def write_team(connection: AsyncConnection, name: str, team: Team) -> None:
    """Insert or replace a team with its members and rota."""
    await connection.execute(_TEAM, (name, _json(team.rota)))
    await connection.execute(_NO_MEMBERS, (name,))
    for ordinal, member in enumerate(team.members):
        row = (name, member.id, ordinal, member.name, member.phone, list(member.channels))
        await connection.execute(_MEMBER, row)


async def write_home(connection: AsyncConnection, home: Home) -> None:
    """Insert or change a home; its devices are written apart, once the people are in."""
    safe = home.key_safe
    row = (home.id, home.address, home.zone, home.area, safe and safe.where, safe and safe.code)
    await connection.execute(_HOME, row)


async def write_devices(connection: AsyncConnection, home: str, devices: Sequence[Device]) -> None:
    """Insert or change devices of a home. A retired one is in use again, under its old number."""
    if not devices:
        return
    await connection.execute(_LET_GO, (home, [device.id for device in devices]))
    for each in devices:
        row = (home, each.id, each.kind, each.room, each.exit, each.worn, each.dialect, each.address, each.person)
        await connection.execute(_DEVICE, row)


async def write_person(connection: AsyncConnection, person: Person) -> None:
    """Insert or change a person with their contacts and absences."""
    row = (
        person.id, person.home, person.name, person.born, person.phone, person.notes, person.gp, _json(person.consent),
    )  # fmt: skip
    await connection.execute(_PERSON, row)
    await connection.execute(_NO_CONTACTS, (person.id,))
    for ordinal, contact in enumerate(person.contacts):
        await connection.execute(
            _CONTACT,
            (
                person.id, contact.id, ordinal, contact.name, contact.relation, contact.phone, contact.key_holder,
                list(contact.told), contact.quiet, list(contact.channels),
            ),
        )  # fmt: skip
    await connection.execute(_NO_ABSENCES, (person.id,))
    for absence in person.absences:
        await connection.execute(_ABSENCE, (person.id, absence.starts, absence.ends, absence.why))


async def write_plan(connection: AsyncConnection, person: str, version: int, plan: CarePlan, at: Instant) -> None:
    """Add a version of a care plan."""
    row = (person, version, plan.author, plan.reason, plan.starts, plan.review, _json(plan.rules), moment(at))
    await connection.execute(_PLAN, row)


async def write_audit(
    connection: AsyncConnection, at: Instant, by: str, person: str | None, detail: dict[str, Any]
) -> None:
    """Note who changed what of a person's record: the names of the parts, never what they say."""
    await connection.execute(_AUDIT, (moment(at), by, person, Jsonb(detail)))


async def append_facts(connection: AsyncConnection, packed: bytes, at: Instant) -> None:
    """Append one row of facts to the log, as the last thing before the commit."""
    await connection.execute(_FACTS, (packed, moment(at)))


def _json(value: object) -> Jsonb | None:
    return None if value is None else Jsonb(msgspec.to_builtins(value))
