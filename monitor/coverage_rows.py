"""What the keeper of coverage reads and writes in the database: gaps, how far it has read, what is fitted where."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection

from monitor.coverage import BLINK, Change, Look
from monitor.coverage_devices import Fitted
from schema.instants import DAY, Duration, Instant, instant, moment
from schema.localtime import duration

KEEP: Duration = 90 * DAY
"""How long gaps that ended are kept: as long as readings are."""
_AT_ONCE = 2_000

_LOOK = """
    select clock_timestamp(), pg_postmaster_start_time(),
           (select committed_at from log
            where position > (select min(position) from monitor_cursors) order by position limit 1)
"""
# A gateway holds its connections for as long as it lives and the database does.
_GATEWAY = """
    select min(backend_start) from pg_stat_activity
    where datname = current_database() and application_name like 'gateway %'
"""
_PROGRESS = "select position, looked_at, seen_at from coverage_progress"
_BEGIN = """
    insert into coverage_progress (position, looked_at)
    select coalesce(max(position), 0), clock_timestamp() from log on conflict do nothing
"""
_COMMITTED_AT = "select committed_at from log where position <= %s order by position desc limit 1"
_MOVE = "update coverage_progress set position = %s, looked_at = %s, seen_at = %s where position = %s"
_OPEN = "select what, cause, began, home, device from coverage_gaps where ended is null"

_NONE = """
    delete from coverage_gaps g using unnest(%s::text[], %s::text[], %s::integer[], %s::bigint[]) v (what, home, device, began)
    where g.what = v.what and g.home is not distinct from v.home and g.device is not distinct from v.device
      and g.began = 'epoch'::timestamptz + v.began * interval '1 microsecond'
"""  # noqa: E501 - one list of columns
_WRITE = """
    insert into coverage_gaps (what, home, device, cause, began, ended)
    select what, home, device, cause, 'epoch'::timestamptz + began * interval '1 microsecond',
           'epoch'::timestamptz + ended * interval '1 microsecond'
    from unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::bigint[], %s::bigint[])
      as v (what, home, device, cause, began, ended)
    on conflict (what, home, device, began) do update set cause = excluded.cause, ended = excluded.ended
"""
_LEARN = """
    insert into device_rhythms (device, usual)
    select device, usual from unnest(%s::integer[], %s::bigint[]) v (device, usual)
    where exists (select from devices where number = device)
    on conflict (device) do update set usual = excluded.usual
"""
_PRUNE = """
    delete from coverage_gaps where ctid in (select ctid from coverage_gaps where ended < %s order by ended limit 10000)
"""

_HOMES = "select id from homes order by id"
_HOMES_OF = "select distinct home from people where id = any(%s)"
_FITTED = """
    select d.home, d.number, d.kind, d.id, r.usual, s.last_seen_at
    from devices d left join device_rhythms r on r.device = d.number left join device_sightings s on s.device = d.number
    where d.home = any(%s) and d.retired_at is null
"""
# The plans in force say how long a device may be silent; no device named: the home.
_TOLD = """
    select p.home, rule ->> 'device', rule ->> 'longer_than'
    from people p
    cross join lateral (select rules from care_plans c
                        where c.person = p.id and coalesce(c.starts <= current_date, true)
                        order by version desc limit 1) plan
    cross join lateral jsonb_array_elements(plan.rules) rule
    where p.home = any(%s) and rule ->> 'rule' = 'silence'
"""


class Progress(NamedTuple):
    """How far the keeper is."""

    position: int
    looked_at: Instant
    seen_at: Instant  # 0: no tick ever proved anything


async def look(connection: AsyncConnection, seen: Instant) -> Look:
    """Look at what is no row of the log; for gateways only where no tick came since `seen` for too long."""
    row = await (await connection.execute(_LOOK)).fetchone()
    assert row is not None
    at, gateway = instant(row[0]), None
    if at - seen > BLINK:
        gateway = await (await connection.execute(_GATEWAY)).fetchone()
    return Look(at, _at(row[2]), _at(gateway[0]) if gateway else None, instant(row[1]))


async def progress(connection: AsyncConnection) -> tuple[Progress, Instant]:
    """Return how far the keeper is (from the log's end on, where it never was) and what the log's time was there."""
    await connection.execute(_BEGIN)
    row = await (await connection.execute(_PROGRESS)).fetchone()
    assert row is not None
    there = await (await connection.execute(_COMMITTED_AT, (row[0],))).fetchone()
    found = Progress(row[0], instant(row[1]), _at(row[2]) or 0)
    return found, instant(there[0]) if there else found.looked_at


async def move(connection: AsyncConnection, before: int, now: Progress) -> bool:
    """Move on from `before`; False where another keeper has."""
    seen = moment(now.seen_at) if now.seen_at else None
    moved = await connection.execute(_MOVE, (now.position, moment(now.looked_at), seen, before))
    return moved.rowcount == 1


async def open_gaps(connection: AsyncConnection) -> list[Change]:
    """Return the gaps that go on."""
    rows = await (await connection.execute(_OPEN)).fetchall()
    return [Change(what, cause, instant(began), None, home, device) for what, cause, began, home, device in rows]


async def write(connection: AsyncConnection, changes: Iterable[Change]) -> None:
    """Write gaps as they are now known: of each the newest word, and what was none is taken away."""
    newest = {(each.what, each.home, each.device, each.began): each for each in changes}
    none = [key for key, each in newest.items() if _is_none(each)]
    gaps = sorted((each for each in newest.values() if not _is_none(each)), key=lambda each: each.ended is None)
    if none:
        await connection.execute(_NONE, [list(column) for column in zip(*none, strict=True)])
    if gaps:
        rows = [(each.what, each.home, each.device, each.cause, each.began, each.ended) for each in gaps]
        await connection.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])


async def learn(connection: AsyncConnection, usual: dict[int, Duration]) -> None:
    """Keep what was learned of devices' rhythms."""
    if usual:
        await connection.execute(_LEARN, (list(usual), list(usual.values())))


async def prune(connection: AsyncConnection, now: Instant) -> None:
    """Delete a bounded number of gaps that ended long ago."""
    await connection.execute(_PRUNE, (moment(now - KEEP),))


async def homes_of(connection: AsyncConnection, people: Iterable[str]) -> set[str]:
    """Return where these people live."""
    return {row[0] for row in await (await connection.execute(_HOMES_OF, (list(people),))).fetchall()}


async def all_homes(connection: AsyncConnection) -> list[str]:
    """Return every home's id."""
    return [row[0] for row in await (await connection.execute(_HOMES)).fetchall()]


async def fitted(connection: AsyncConnection, homes: Sequence[str]) -> AsyncIterator[tuple[str, list[Fitted]]]:
    """Yield each home with what is fitted in it now, homes with nothing as well."""
    for start in range(0, len(homes), _AT_ONCE):
        some = list(homes[start : start + _AT_ONCE])
        told = _shortest(await (await connection.execute(_TOLD, (some,))).fetchall())
        found: dict[str, list[Fitted]] = {home: [] for home in some}
        for home, number, kind, device, usual, seen in await (await connection.execute(_FITTED, (some,))).fetchall():
            says = [told.get((home, device), 0), told.get((home, None), 0) if kind == "hub" else 0]
            shortest = min((each for each in says if each), default=0)
            found[home].append(Fitted(number, home, kind, shortest, usual or 0, _at(seen) or 0))
        for each in found.items():
            yield each


def _shortest(rows: Iterable[tuple[str, str | None, str | None]]) -> dict[tuple[str, str | None], Duration]:
    told: dict[tuple[str, str | None], Duration] = {}
    for home, device, longest in rows:
        span = duration(longest or "30m")
        told[home, device] = min(told.get((home, device), span), span)
    return told


def _is_none(change: Change) -> bool:
    return change.ended is not None and change.ended <= change.began


def _at(column: datetime | None) -> Instant | None:
    return None if column is None else instant(column)
