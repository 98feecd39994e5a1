"""The trail: where somebody was seen last, kept as evidence should a rule come true. Pure.

The last 32 sightings, oldest overwritten, each in 64 bits: the time to the millisecond (as devices tell it), the
device's place in its home, and what it said.
"""

import ctypes
from typing import Any, Protocol

import msgspec

from schema.instants import MILLISECOND, Instant

KEPT = 32
"""So many sightings are kept."""

SIGHTS = (
    ("motion", "detected"), ("bed", "in"), ("bed", "out"), ("door", "open"), ("door", "closed"), ("chair", "in"),
    ("chair", "out"), ("pill", "opened"), ("button", "pressed"), ("button", "cancelled"),
)  # fmt: skip
"""What a sighting can say, in the order of its code: added to at the end only, as checkpoints hold the codes."""
_CODES = {sight: code for code, sight in enumerate(SIGHTS)}
_CODE_BITS, _PLACE_BITS = 6, 16
LOW_BITS = _CODE_BITS + _PLACE_BITS
"""The bits of a packed sighting below its time in milliseconds."""
_LOW = (1 << LOW_BITS) - 1
_PLACES = (1 << _PLACE_BITS) - 1
_MOVED = _CODES["motion", "detected"]


class Trail(ctypes.Array[ctypes.c_uint64]):
    """Sightings, packed, in a ring."""

    _type_ = ctypes.c_uint64
    _length_ = KEPT


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """A reading that told something: evidence, should a rule come true."""

    at: Instant
    device: int  # its place in the home
    kind: str
    value: str


class Trailed(Protocol):
    """Who leaves a trail. With a `moving_by`, its newest sighting is movement by that device, seen at `life_at`."""

    trail: Trail
    newest: int  # where in the trail the newest sighting stands
    moving_by: int
    life_at: Instant


def leave(whose: Trailed, at: Instant, place: int, kind: str, value: str) -> None:
    """Add a sighting; KeyError where a reading of this kind says no such thing.

    Movement that goes on in one room takes the place of what the same device saw just before: one line of evidence,
    its latest.
    """
    trail, newest = whose.trail, whose.newest
    millisecond = at // MILLISECOND
    if kind == "motion":
        last = trail[newest]
        if last and (last >> _CODE_BITS) & _PLACES == place and last >> LOW_BITS < millisecond:
            trail[newest] = millisecond << LOW_BITS | place << _CODE_BITS | _MOVED
            return
    whose.newest = newest = (newest + 1) % KEPT
    trail[newest] = millisecond << LOW_BITS | place << _CODE_BITS | _CODES[kind, value]


def go_on(whose: Trailed, at: Instant, place: int) -> None:
    """Be moving by another device than before: two sightings at once."""
    if whose.moving_by:
        trail, newest = whose.trail, whose.newest
        trail[newest] = whose.life_at // MILLISECOND << LOW_BITS | trail[newest] & _LOW
        whose.newest = newest = (newest + 1) % KEPT
        trail[newest] = at // MILLISECOND << LOW_BITS | place << _CODE_BITS | _MOVED
    else:
        leave(whose, at, place, "motion", "detected")
    whose.moving_by = place


def stand_still(whose: Trailed) -> None:
    """Note in the trail when movement that went on was last seen, as it goes on no longer."""
    trail, newest = whose.trail, whose.newest
    trail[newest] = whose.life_at // MILLISECOND << LOW_BITS | trail[newest] & _LOW
    whose.moving_by = 0


def sightings(whose: Trailed) -> list[Sighting]:
    """Return what the trail holds, in the order in which it was told."""
    trail, newest = whose.trail, whose.newest
    words = trail[newest + 1 :] + trail[: newest + 1]
    seen = [_unpacked(word) for word in words if word]
    if whose.moving_by:
        seen[-1] = msgspec.structs.replace(seen[-1], at=whose.life_at - whose.life_at % MILLISECOND)
    return seen


def strange(trail: Any) -> None:
    """Forget by which devices it was told: they are another home's."""
    keep = ~(0xFFFF << _CODE_BITS)
    for index, word in enumerate(trail):
        trail[index] = word & keep


def _unpacked(word: int) -> Sighting:
    kind, value = SIGHTS[word & (1 << _CODE_BITS) - 1]
    return Sighting((word >> LOW_BITS) * MILLISECOND, (word >> _CODE_BITS) & 0xFFFF, kind, value)
