"""Alarms as the console reads them: `alerting.alarms` in the API's models, and who is behind the ids in them."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from psycopg import AsyncConnection

from alerting import alarms
from alerting.console.models import AlarmListed, AlarmWhole

Mark = tuple[str, int | None]

# What moves whenever an alarm changes: the version of its row, and its last line in the journal.
_MARKS = """
    select id, xmin::text, (select max(j.id) from journal j where j.alarm = a.id)
    from alarms a where closed_at is null and not canary
"""

# Owners and actors are users, members of teams or the person's contacts; ids are theirs alone in that order.
_WHO = """
    select distinct on (id) id, name from (
        select 1 as rank, id, name from users where id = any(%(ids)s)
        union all select 2, id, name from team_members where id = any(%(ids)s)
        union all select 3, c.id, c.name from contacts c join people p on p.id = c.person
            where c.id = any(%(ids)s) and (c.person = any(%(people)s) or p.home = any(%(homes)s))
    ) known order by id, rank
"""

_HISTORY = """
    select id from alarms where person = %s and not canary order by raised_at desc limit 20
"""


def listed(alarm: alarms.ListedAlarm) -> AlarmListed:
    """Return the alarm as the list shows it."""
    return AlarmListed.model_validate(msgspec.to_builtins(alarm))


async def open_marks(connection: AsyncConnection) -> dict[int, Mark]:
    """Return the open alarms but canaries, each with a mark that moves with whatever changes of it.

    Cheap with thousands open: nothing is read of an alarm but whether it changed.
    """
    cursor = await connection.execute(_MARKS)
    return {number: (version, line) for number, version, line in await cursor.fetchall()}


async def listed_by_id(connection: AsyncConnection, ids: Iterable[int]) -> list[AlarmListed]:
    """Return these alarms as the list would show them, closed ones too, in the order asked for."""
    return [listed(alarm) for alarm in await alarms.listed_alarms(connection, ids)]


async def whole(connection: AsyncConnection, number: int) -> AlarmWhole | None:
    """Return an alarm with everything that happened to it, or None."""
    found = await alarms.alarm(connection, number)
    return AlarmWhole.model_validate(msgspec.to_builtins(found)) if found else None


async def who(
    connection: AsyncConnection, ids: Iterable[str | None], alarms_of: Iterable[AlarmListed] = ()
) -> dict[str, str]:
    """Return id -> name of users, team members, and contacts of those whom these alarms are about."""
    about = list(alarms_of)
    values = {
        "ids": sorted({each for each in ids if each}),
        "people": sorted({alarm.person for alarm in about if alarm.person}),
        "homes": sorted({alarm.home for alarm in about if alarm.home and not alarm.person}),
    }
    return dict(await (await connection.execute(_WHO, values)).fetchall())


def named(text: str, names: Mapping[str, str]) -> str:
    """Return a sentence of ours with names for the ids in it."""
    if not names:
        return text
    ids = "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{ids})(?![\w-])", lambda found: names[found[0]], text)


async def history(connection: AsyncConnection, person: str) -> list[AlarmListed]:
    """Return the person's newest 20 alarms, open and closed."""
    ids = [row[0] for row in await (await connection.execute(_HISTORY, (person,))).fetchall()]
    return await listed_by_id(connection, ids)
