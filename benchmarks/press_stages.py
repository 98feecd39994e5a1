"""Where a press's time went, by what the tables say: from hub to gateway, to the log, to the finding, to the alarm.

Each instant is somebody's clock on the one machine, and some are of when work began and not of when it was
committed; so a stage tells who is slow, to a few milliseconds, and the stages need not add up.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from psycopg import AsyncConnection

from schema.instants import MILLISECOND, Instant, instant

STAGES = (
    "from the hub by the broker to the gateway",
    "by the gateway into the log",
    "by the monitor, and until alerting took it",
    "by alerting to the alarm's row",
    "from there until a message is being sent",
)
_READ = """
    select a.subject, r.received_at, l.committed_at, f.taken_at, a.recorded_at,
           (select min(t.started_at) from attempts t join notifications n on n.id = t.notification where n.alarm = a.id)
    from alarms a
    join devices d on d.home = a.home and d.id = 'pendant-1'
    join readings r on r.device = d.number and r.kind = 'button' and r.observed_at > now() - interval '1 day'
    join log l on l.batch = r.batch
    join alarm_findings af on af.alarm = a.id
    join finding_changes f on f.finding = af.finding and f.change = 'raised'
    where a.subject = any(%s)
"""


async def stages(connection: AsyncConnection, pressed: Mapping[int, Instant]) -> list[Sequence[float]]:
    """Return for each press, by person and instant, the milliseconds it spent in each of `STAGES`."""
    people = [f"person-{number}" for number in pressed]
    rows = await (await connection.execute(_READ, (people,))).fetchall()
    return [_spans(pressed[int(row[0].removeprefix("person-"))], row[1:]) for row in rows]


def _spans(pressed: Instant, moments: Iterable[Any]) -> list[float]:
    at = [pressed, *(instant(each) for each in moments)]
    return [(after - before) / MILLISECOND for before, after in pairwise(at)]
