"""The canary homes an installation has: made beside its tables, by `telecare migrate` and by the demo.

They come the way all homes come, by a load, so that gateway and monitor know them as they know any other.
"""

from itertools import cycle

from psycopg import AsyncConnection

from runtime.settings import Settings
from schema.canaries import canary_home, canary_id
from schema.instants import Instant
from schema.people_load import load
from schema.people_records import PeopleFile


async def move_in(connection: AsyncConnection, settings: Settings, at: Instant) -> tuple[str, ...]:
    """See that the canary homes are there; return the ids of those that were not. One too many stays, unpressed."""
    areas = cycle([area.strip() for area in settings.canary_areas.split(",")])
    homes = tuple(canary_home(number, next(areas) or None) for number in range(1, settings.canaries + 1))
    report = await load(connection, PeopleFile(homes=homes), "telecare", at)
    return report.added["homes"]


def watched(settings: Settings) -> tuple[str, ...]:
    """Return the ids of the canary homes whose pendants the watcher presses."""
    named = tuple(home.strip() for home in settings.watch_homes.split(",") if home.strip())
    return named or tuple(canary_id(number) for number in range(1, settings.canaries + 1))
