"""The long lie: since when somebody may be on the floor, from evidence, and how pressing that makes it. Pure.

Who falls is seen no more. So they may lie there since their last sign of life at the earliest; and as who is up is seen
again within half an hour nine times of ten, since about half an hour later at the latest. An hour on the floor is what
the field calls a long lie: what was said an hour ago, and not ended since, becomes more pressing.
"""

from typing import NamedTuple

from monitor.presence import gone_out, in_bed
from monitor.verdicts import Scene
from monitor.words import clock
from schema.alarms import Priority, more_pressing
from schema.findings import Finding
from schema.instants import HOUR, MINUTE, Duration, Instant

SEEN_AGAIN: Duration = 30 * MINUTE
"""Within this nine of ten who are up show a sign of life: 18, 32 and 60 minutes in van Kasteren's B, MIT's D, his A."""
LONG: Duration = HOUR
_MORE: dict[Priority, Priority] = {"notice": "routine", "routine": "urgent", "urgent": "life", "life": "life"}


class Floor(NamedTuple):
    """Since when they may lie: between these."""

    earliest: Instant
    latest: Instant


def floor_since(since: Instant, scene: Scene) -> Floor | None:
    """Return since when they may be on the floor, up and about since `since` at the latest; None: in bed, or out."""
    presence, watch = scene.presence, scene.watch
    if not presence.life_at or in_bed(presence, watch) or gone_out(presence, watch) is not None:
        return None
    earliest = max(presence.life_at, since)
    return Floor(earliest, min(earliest + SEEN_AGAIN, max(scene.at, earliest)))


def in_words(floor: Floor | None, scene: Scene) -> str:
    """Say `if fallen, since between 02:17 and 02:47`; empty where nobody can lie."""
    if floor is None:
        return ""
    first, last = clock(floor.earliest, scene), clock(floor.latest, scene)
    return f"if fallen, since {first}" if first == last else f"if fallen, since between {first} and {last}"


def grows_at(running: Finding, floor: Floor | None, usual: Priority) -> Instant | None:
    """Return when what runs becomes more pressing, an hour after it was raised; None: it has, or nobody lies."""
    if floor is None or running.priority != usual or more(usual) == usual:
        return None
    return max(running.raised_at, floor.latest) + LONG


def more(priority: Priority) -> Priority:
    """Return the next more pressing priority."""
    return more_pressing(priority, _MORE[priority])
