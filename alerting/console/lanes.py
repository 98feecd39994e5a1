"""The readings of a person's home as lanes, one a device and kind: what the timeline is drawn from."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from alerting.console.models import Lane, Person, Point, Timeline
from schema.instants import HOUR, Instant, moment

MOST_HOURS = 168
MOST_POINTS = 20_000

# Devices that are somebody else's in the same home are left out. The newest are kept where there are too many.
_READINGS = """
    select devices.id as device, readings.kind, devices.room, readings.observed_at as at, readings.value,
           readings.received_at, readings.retained, readings.clock_doubted
    from devices join readings on readings.device = devices.number
    where devices.home = %(home)s and (devices.person is null or devices.person = %(person)s)
      and readings.observed_at > %(start)s and readings.observed_at <= %(end)s
    order by readings.observed_at desc, devices.id, readings.kind limit %(most)s
"""


async def timeline(connection: AsyncConnection, person: Person, hours: int, now: Instant) -> Timeline:
    """Return the last hours of the person's home, oldest point first on each lane."""
    start, end = moment(now - hours * HOUR), moment(now)
    rows = await _readings(connection, person, start, end)
    lanes: dict[tuple[str, str], Lane] = {}
    for row in reversed(rows):
        key = row["device"], row["kind"]
        lane = lanes.setdefault(key, Lane(device=key[0], kind=key[1], room=row["room"], points=[]))
        lane.points.append(Point.model_validate(row))
    return Timeline(
        person=person.id,
        home=person.home.id,
        zone=person.home.zone,
        start=start,
        end=end,
        truncated=len(rows) == MOST_POINTS,
        lanes=[lanes[key] for key in sorted(lanes)],
    )


async def _readings(
    connection: AsyncConnection, person: Person, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    values = {"home": person.home.id, "person": person.id, "start": start, "end": end, "most": MOST_POINTS}
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(_READINGS, values)).fetchall()
