"""The trail: where somebody was seen last, kept as evidence should a rule come true. Pure.

The last 32 sightings, oldest overwritten, each in 64 bits: the time to the millisecond (as devices tell it), the
device's place in its home, and what it said.
"""

import ctypes
from typing import Any

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


def packed(at: Instant, place: int, kind: str, value: str) -> int:
    """Return the sighting in 64 bits; KeyError where a device of this kind says no such thing."""
    return at // MILLISECOND << LOW_BITS | place << _CODE_BITS | _CODES[kind, value]


def leave(trail: Any, newest: int, sighting: int, *, goes_on: bool) -> int:
    """Add a sighting to a trail whose newest stands at `newest`, and return where the newest stands now.

    One that goes on (movement in one room) takes the place of what the same device saw just before: one line of
    evidence, its latest.
    """
    last = trail[newest]
    if goes_on and last and (last ^ sighting) & _LOW < 1 << _CODE_BITS and last >> LOW_BITS < sighting >> LOW_BITS:
        trail[newest] = sighting
        return newest
    newest = (newest + 1) % KEPT
    trail[newest] = sighting
    return newest


def sightings(trail: Any, newest: int) -> list[Sighting]:
    """Return what the trail holds, in the order in which it was told."""
    words = trail[newest + 1 :] + trail[: newest + 1]
    return [_unpacked(word) for word in words if word]


def strange(trail: Any) -> None:
    """Forget by which devices it was told: they are another home's."""
    keep = ~(0xFFFF << _CODE_BITS)
    for index, word in enumerate(trail):
        trail[index] = word & keep


def _unpacked(word: int) -> Sighting:
    kind, value = SIGHTS[word & (1 << _CODE_BITS) - 1]
    return Sighting((word >> LOW_BITS) * MILLISECOND, (word >> _CODE_BITS) & 0xFFFF, kind, value)
