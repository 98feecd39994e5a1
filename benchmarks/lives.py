"""What homes say, for those who publish it: the same mixture as `benchmarks.fold_world` folds, over the same devices.

Of a hundred readings 76 are movement beginning or ending, 16 heartbeats of the hub, 4 of the front door and 4 of the
bed: each says the opposite of what it said last. Homes live alike, each some readings ahead of the one before. Pure.
"""

import random
from typing import NamedTuple

_SEED = 3


class Said(NamedTuple):
    """One reading of a home."""

    home: str
    device: str
    kind: str
    value: str


def said(number: int, homes: int) -> Said:
    """Return what is said as the reading of this number, counted from 0; homes take turns."""
    turn, home = divmod(number, homes)
    return Said(f"bench-{home}", *_ROUND[(turn + home * 7) % len(_ROUND)])


def _round() -> tuple[tuple[str, str, str], ...]:
    """Return what a home says before it begins anew; each device an even number of times, and so by turns."""
    devices = ["motion-1"] * 76 + ["hub"] * 16 + ["door-1"] * 4 + ["bed-1"] * 4
    random.Random(_SEED).shuffle(devices)  # noqa: S311 - drawn lots, not secrets
    turns = {
        "motion-1": ("motion", "detected", "clear"),
        "hub": ("heartbeat", "alive", "alive"),
        "door-1": ("door", "open", "closed"),
        "bed-1": ("bed", "out", "in"),
    }
    spoken = dict.fromkeys(turns, 0)
    said = []
    for device in devices:
        kind, *values = turns[device]
        said.append((device, kind, values[spoken[device] % 2]))
        spoken[device] += 1
    return tuple(said)


_ROUND = _round()
