"""What devices say until they say otherwise: smoke, wet, on battery power, opened, a battery that runs low. Pure.

It is state and no edge: what was bad when it was first heard counts, a repeat changes nothing, what is older than
what is known changes nothing either, and good for less than `SETTLE` is chatter. Rules read it as `Scene.standing`.

A battery is measured at nearly every reading, so of those only the low ones stand here: a reading of a device whose
battery is neither low nor was is not looked at twice (`monitor.quiet`).
"""

import msgspec

from schema.entries import ReadingEntry
from schema.instants import MINUTE, Duration, Instant
from schema.readings import VALUES

SETTLE: Duration = MINUTE
"""Good for less than this is chatter, and bad again goes on."""
BATTERY = "battery"
STANDS = (BATTERY, "smoke", "gas", "water", "cold", "heat", "moisture", "power", "tamper")
"""What can stand, in the order of its code: added to at the end only, as checkpoints hold the codes."""
TOLD_AS_STATE = frozenset(STANDS) & frozenset(VALUES)
"""Kinds of reading that say such a thing; a battery's charge stands beside any."""
_CODES = {kind: code for code, kind in enumerate(STANDS)}
_CODE_BITS = 4
_BAD = frozenset({"alarm", "wet", "battery", "open"})
_RECOVERED = 0.1
"""So much above what is low, a battery counts as charged or replaced: a cold night makes none good or bad."""


class Standing(msgspec.Struct, array_like=True, frozen=True):
    """What a device says of one thing."""

    heard: Instant
    bad: bool
    turned: Instant  # since when it says so
    since: Instant = 0  # since when it is bad, chatter joined; 0: never was
    level: float = 0.0  # a battery's charge, 0 to 1


AllStanding = dict[int, Standing]
"""By `code`."""


def code(kind: str, place: int) -> int:
    """Return where it stands what the device in this place says of this."""
    return place << _CODE_BITS | _CODES[kind]


def of_device(coded: int) -> int:
    """Return the place of the device of which this stands."""
    return coded >> _CODE_BITS


def turned(known: AllStanding, entry: ReadingEntry, place: int, low: float) -> AllStanding:
    """Return what turns by a reading: empty where all stays as it was; `low` is when the device's battery is."""
    news = {}
    if entry.kind in TOLD_AS_STATE:
        at = code(entry.kind, place)
        said = _said(known.get(at), entry)
        if said is not None:
            news[at] = said
    if entry.battery is not None:
        at = code(BATTERY, place)
        charge = _charge(known.get(at), entry, entry.battery, low)
        if charge is not None:
            news[at] = charge
    return news


def _said(before: Standing | None, entry: ReadingEntry) -> Standing | None:
    at, bad = entry.observed_at, entry.value in _BAD
    if before is None:
        return Standing(at, bad, at, at if bad else 0)
    if at < before.heard or bad == before.bad:
        return None
    goes_on = bad and before.since and at - before.turned < SETTLE
    return Standing(at, bad, at, at if bad and not goes_on else before.since)


def _charge(before: Standing | None, entry: ReadingEntry, level: float, low: float) -> Standing | None:
    at = entry.observed_at
    if before is None:
        return Standing(at, bad=True, turned=at, since=at, level=level) if level < low else None
    if at < before.heard:
        return None
    if level >= low + _RECOVERED or not low:
        return Standing(at, bad=False, turned=at)
    # Nobody is told of each per cent: what is kept is the charge to the nearest five.
    return None if abs(level - before.level) < 0.05 else msgspec.structs.replace(before, heard=at, level=level)
