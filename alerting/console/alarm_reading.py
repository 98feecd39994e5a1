"""Alarms as the console reads them: `alerting.alarms` in the API's models, and who is behind the ids in them."""

from collections.abc import Iterable

import msgspec
from psycopg import AsyncConnection

from alerting import alarms
from alerting.console.models import AlarmListed, AlarmWhole

_JOURNAL_MARKS = "select alarm, max(id) from journal where alarm = any(%s) group by alarm"

# Owners and actors are users, members of teams or the person's contacts; ids are theirs alone in that order.
_WHO = """
    select distinct on (id) id, name from (
        select 1 as rank, id, name from users where id = any(%(ids)s)
        union all select 2, id, name from team_members where id = any(%(ids)s)
        union all select 3, id, name from contacts where id = any(%(ids)s) and person = any(%(people)s)
    ) known order by id, rank
"""

_HISTORY = """
    select id from alarms where person = %s and not canary order by raised_at desc limit 20
"""


def listed(alarm: alarms.ListedAlarm) -> AlarmListed:
    """Return the alarm as the list shows it."""
    return AlarmListed.model_validate(msgspec.to_builtins(alarm))


async def open_list(connection: AsyncConnection) -> dict[int, tuple[AlarmListed, int]]:
    """Return the open alarms but canaries, each with a mark that moves with its journal, most pressing first."""
    found = [listed(alarm) for alarm in await alarms.open_alarms(connection)]
    cursor = await connection.execute(_JOURNAL_MARKS, ([alarm.id for alarm in found],))
    marks: dict[int, int] = dict(await cursor.fetchall())
    return {alarm.id: (alarm, marks.get(alarm.id, 0)) for alarm in found}


async def listed_by_id(connection: AsyncConnection, ids: Iterable[int]) -> list[AlarmListed]:
    """Return these alarms as the list would show them, closed ones too."""
    found = [await alarms.alarm(connection, number) for number in ids]
    return [listed(alarm) for alarm in found if alarm is not None]


async def whole(connection: AsyncConnection, number: int) -> AlarmWhole | None:
    """Return an alarm with everything that happened to it, or None."""
    found = await alarms.alarm(connection, number)
    return AlarmWhole.model_validate(msgspec.to_builtins(found)) if found else None


async def who(connection: AsyncConnection, ids: Iterable[str | None], people: Iterable[str | None]) -> dict[str, str]:
    """Return id -> name of users, team members, and contacts of these people."""
    cursor = await connection.execute(
        _WHO, {"ids": sorted({i for i in ids if i}), "people": sorted({p for p in people if p})}
    )
    return dict(await cursor.fetchall())


async def history(connection: AsyncConnection, person: str) -> list[AlarmListed]:
    """Return the person's newest 20 alarms, open and closed."""
    ids = [row[0] for row in await (await connection.execute(_HISTORY, (person,))).fetchall()]
    return await listed_by_id(connection, ids)
