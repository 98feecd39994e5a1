"""People's records as the console shows them. Whoever calls these leaves the audit row (`audit.py`)."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from alerting.console.models import Absence, Contact, Person, PersonListed, PersonsHome, Plan

MOST_LISTED = 100

_PERSON = """
    select people.*, homes.address, homes.zone, homes.area, homes.key_safe_where,
           coalesce(homes.key_safe_code, '') <> '' as has_key_safe_code
    from people join homes on homes.id = people.home
    where people.id = %s
"""

_CONTACTS = "select * from contacts where person = %s order by ordinal, id"

# In force is the newest version that has begun by the home's calendar; one that begins later waits.
_PLAN = """
    select version, author, reason, starts, review, rules from care_plans
    where person = %s and (starts is null or starts <= %s)
    order by version desc limit 1
"""

_ABSENCES = "select starts, ends, why from absences where person = %s order by starts"

# Every word of the search must be in the name, the id, the home or its address.
_SEARCH = """
    select people.id, people.name, people.born, people.home, homes.address
    from people join homes on homes.id = people.home
    where (select coalesce(bool_and(
               concat_ws(' ', people.name, people.id, homes.id, homes.address) ilike '%%' || word || '%%'), true)
           from unnest(%s::text[]) word)
    order by people.name, people.id limit %s
"""


async def person(connection: AsyncConnection, id: str, today: Any) -> Person | None:  # noqa: A002 - the column's name
    """Return a person's record with the plan in force on `today` (a date), or None."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(_PERSON, (id,))).fetchone()
        if row is None:
            return None
        contacts = await (await cursor.execute(_CONTACTS, (id,))).fetchall()
        plan = await (await cursor.execute(_PLAN, (id, today))).fetchone()
        absences = await (await cursor.execute(_ABSENCES, (id,))).fetchall()
    home = PersonsHome.model_validate({**row, "id": row["home"]})
    return Person(
        **{field: row[field] for field in ("id", "name", "born", "phone", "notes", "gp", "consent")},
        home=home,
        contacts=[Contact.model_validate(contact) for contact in contacts],
        care_plan=Plan.model_validate(plan) if plan else None,
        absences=[Absence.model_validate(absence) for absence in absences],
    )


async def who_lives_at(connection: AsyncConnection, home: str) -> list[str]:
    """Return the ids of at most 6 people who live there."""
    cursor = await connection.execute("select id from people where home = %s order by name limit 6", (home,))
    return [row[0] for row in await cursor.fetchall()]


async def search(connection: AsyncConnection, text: str) -> list[PersonListed]:
    """Return at most 100 people whose name, id, home or address holds every word of the text."""
    found = [word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for word in text.split()]
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_SEARCH, (found, MOST_LISTED))).fetchall()
    return [PersonListed.model_validate(row) for row in rows]


async def how_many(connection: AsyncConnection) -> int:
    """Return how many people there are."""
    row = await (await connection.execute("select count(*) from people")).fetchone()
    assert row is not None
    return int(row[0])


async def names(connection: AsyncConnection, ids: set[str]) -> dict[str, str]:
    """Return id -> name of these people: what the queue shows, and no more of them."""
    cursor = await connection.execute("select id, name from people where id = any(%s)", (sorted(ids),))
    return dict(await cursor.fetchall())


async def residents(connection: AsyncConnection, homes: set[str]) -> dict[str, str]:
    """Return id -> the names of those who live in these homes, joined as one would say them."""
    cursor = await connection.execute(
        "select home, string_agg(name, ' and ' order by name) from people where home = any(%s) group by home",
        (sorted(homes),),
    )
    return dict(await cursor.fetchall())


async def zones(connection: AsyncConnection, homes: set[str]) -> dict[str, str]:
    """Return id -> time zone of these homes."""
    cursor = await connection.execute("select id, zone from homes where id = any(%s)", (sorted(homes),))
    return dict(await cursor.fetchall())


async def key_safe_code(connection: AsyncConnection, home: str) -> str | None:
    """Return the code of the home's key safe: only ever called for who has taken an alarm of it."""
    row = await (await connection.execute("select key_safe_code from homes where id = %s", (home,))).fetchone()
    return row[0] or None if row else None
