"""Taking readings in: from what a device says to what is known of the person.

Each reading is taken in once, and knowledge only ever moves forward by `observed_at`: a reading older than
what is known of its device changes nothing but the record of what was heard, so that a late batch does not
look like fresh movement. A state repeated (`closed`, `closed`) is no sign of life, a retained message
neither.
"""

from collections.abc import Callable

from monitor.presence import (
    QUIET_HOME,
    TOUCH,
    UP_FOR_THE_DAY,
    Bed,
    Contact,
    Mat,
    Presence,
    Sighting,
    beyond_doubt,
    gone_out,
    in_bed,
    out_by,
    within_the_hour,
)
from monitor.watch import Watch, WatchedDevice
from schema.entries import ReadingEntry
from schema.instants import DAY, HOUR, Duration, Instant

_WEEK = 7 * DAY
_MAY_FANCY = frozenset({"motion", "door"})
"""Kinds that now and then tell of somebody who is not there."""
TRAIL = 32
"""So many sightings are kept, for evidence."""


def see(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    """Take a reading in. Return whether some deadline may be nearer for it (most only push them away)."""
    if entry.kind in {"hub", "sensor"}:
        return _equipment(presence, entry)
    first = False
    if not entry.retained:
        first = not presence.life_at or entry.device not in presence.heard
        _heard(presence, entry)
        if entry.device == watch.hub:
            _hub_speaks(presence, entry)
    told = _TOLD_BY.get(entry.kind)
    nearer = told is not None and device.seen and told(presence, entry, device, watch)
    return nearer or first


def _heard(presence: Presence, entry: ReadingEntry) -> None:
    if entry.observed_at > presence.heard.get(entry.device, 0):
        presence.heard[entry.device] = entry.observed_at
    if entry.received_at > presence.home_heard:
        presence.home_heard = entry.received_at
        if entry.observed_at > presence.hub_lost_at and (presence.hub_lost_at or presence.hub_silent_from):
            _hub_is_back(presence, entry)


def _last_word(presence: Presence) -> Instant:
    """Return the newest fact the home told: `offline` from before it was overtaken."""
    return max(presence.heard.values(), default=0)


def _hub_is_back(presence: Presence, entry: ReadingEntry) -> None:
    presence.hub_lost_at, presence.hub_silent_from, presence.hub_back_at = 0, 0, entry.received_at


def _hub_speaks(presence: Presence, entry: ReadingEntry) -> None:
    since = entry.observed_at - presence.hub_said_at
    presence.hub_beats += 0 < since < HOUR
    presence.hub_said_at = max(presence.hub_said_at, entry.observed_at)


def _equipment(presence: Presence, entry: ReadingEntry) -> bool:
    """Take in the home's status topic, or a hub's word on one device: about the equipment, never a sign of life."""
    if entry.value == "online":
        if not entry.retained:
            _heard(presence, entry)
        if entry.kind == "hub" and presence.hub_lost_at and entry.observed_at >= presence.hub_lost_at:
            _hub_is_back(presence, entry)
    elif entry.kind == "hub" and not presence.hub_lost_at and entry.observed_at > _last_word(presence):
        presence.hub_lost_at = entry.observed_at
    return True


def _moved(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    """Movement ends an inferred absence and a mat's stale word, and so can start a clock; else it only resets one."""
    if entry.value != "detected" or entry.retained:
        return False
    held = _held(presence, watch)
    _life(presence, entry, device, watch)
    return held != _held(presence, watch)


def _held(presence: Presence, watch: Watch) -> tuple[bool, bool, bool]:
    """Return what holds clocks back: in bed, out, or perhaps still in a bed that pulses."""
    return in_bed(presence, watch), gone_out(presence, watch) is not None, presence.bed.surely_left


def _inside(presence: Presence, entry: ReadingEntry, watch: Watch) -> None:
    """Note a sign of life inside, where it is one: see `monitor.presence` on lone sensors in an empty home."""
    if entry.kind in _MAY_FANCY:
        door = gone_out(presence, watch)
        if door is not None and door.value == "closed" and entry.observed_at - door.used_at > QUIET_HOME:
            presence.doubted = within_the_hour(presence.doubted, entry.observed_at, entry.device)
            if not beyond_doubt(presence.doubted):
                return
    if entry.observed_at > presence.inside_at:
        presence.inside_at, presence.doubted = entry.observed_at, []


def _life(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> None:
    at, number = entry.observed_at, entry.device
    if at > presence.life_at:
        presence.life_at, presence.life_by = at, number
    if not device.passage:
        _inside(presence, entry, watch)
    if device.elsewhere:
        _seen_elsewhere(presence.bed, at, number)
        if at > presence.elsewhere_at:
            presence.elsewhere_at, presence.elsewhere_by = at, number
    _remember(presence, entry)


def _seen_elsewhere(bed: Bed, at: Instant, device: int) -> None:
    if not bed.left_at or at <= bed.left_at:
        return
    if not bed.seen_from or at < bed.seen_from:
        bed.seen_from = at
    if not bed.surely_left:
        bed.seen = within_the_hour(bed.seen, at, device)
        bed.surely_left = beyond_doubt(bed.seen)


def _remember(presence: Presence, entry: ReadingEntry) -> None:
    trail = presence.trail
    sighting = Sighting(entry.observed_at, entry.device, entry.kind, entry.value)
    if trail and entry.kind == "motion" and trail[-1].device == entry.device and trail[-1].at < entry.observed_at:
        trail[-1] = sighting  # movement that goes on in one room is one line of evidence, its latest
        return
    trail.append(sighting)
    if len(trail) > TRAIL:
        del trail[0]


def _lay(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    mat = presence.mats.get(entry.device)
    if mat is not None and entry.observed_at < mat.heard:
        return False
    changed = mat is None or mat.value != entry.value
    presence.mats[entry.device] = Mat(entry.value, entry.observed_at)
    presence.bed.heard = max(presence.bed.heard, entry.observed_at)
    if not changed:
        return True  # a mat that repeats itself makes good for movement elsewhere
    occupied = any(each.value == "in" for each in presence.mats.values())
    if occupied is not presence.bed.occupied:
        _turn(presence.bed, entry, watch.bed_settle, occupied=occupied)
    if not entry.retained:
        _life(presence, entry, device, watch)
    else:
        _remember(presence, entry)
    return True


def _turn(bed: Bed, entry: ReadingEntry, settle: Duration, *, occupied: bool) -> None:
    """Note that the bed as a whole was entered or left."""
    at = max(entry.observed_at, bed.since)
    first = bed.occupied is None
    if occupied:
        if first or at - bed.since >= settle or not bed.run_from:
            bed.run_from, bed.unwitnessed = at, first
        if bed.left_at and bed.seen_from and at - bed.left_at >= UP_FOR_THE_DAY:
            bed.up_from, bed.up_until = bed.left_at, at
    else:
        _count_touch(bed, at)
        if first or bed.pulses or bed.unwitnessed or at - bed.run_from >= settle:
            bed.left_at, bed.left_by, bed.stay_from = at, entry.device, bed.run_from
            bed.seen_from, bed.seen, bed.surely_left = 0, [], False
    bed.occupied, bed.since = occupied, at


def _count_touch(bed: Bed, at: Instant) -> None:
    if at - bed.week_from >= _WEEK:
        fresh = at - bed.week_from < 2 * _WEEK
        bed.touches_before, bed.touches, bed.week_from = (bed.touches if fresh else 0), 0, at
    if bed.occupied and at - bed.since < TOUCH:
        bed.touches += 1


def _sat(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    pad = presence.chairs.get(entry.device)
    if pad is not None and entry.observed_at < pad.heard:
        return False
    presence.chairs[entry.device] = Mat(entry.value, entry.observed_at)
    changed = pad is None or pad.value != entry.value
    return changed and _acted(presence, entry, device, watch)


def _acted(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    if entry.retained or entry.value == "missed":
        return False
    _life(presence, entry, device, watch)
    return True


def _swung(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    door = presence.doors.get(entry.device)
    if door is not None and entry.observed_at < door.heard:
        return False
    # The first word of a closed door is a state and no movement; the first of an open one may be either.
    fresh = entry.value == "open" if door is None else door.value != entry.value
    out_already = door is not None and out_by(presence, door)
    door = presence.doors[entry.device] = _turned(door, entry, watch.door_settle)
    if entry.retained or not fresh:
        return True
    if device.passage:
        door.used_at = entry.observed_at
        if not out_already:
            door.out_since = entry.observed_at
    _life(presence, entry, device, watch)
    return True


def _turned(door: Contact | None, entry: ReadingEntry, settle: Duration) -> Contact:
    at, opened = entry.observed_at, entry.value == "open"
    if door is None:
        return Contact(entry.device, entry.value, at, at, open_from=at if opened else 0, known_from=at)
    door.heard = at
    if door.value != entry.value:
        _learn(door, at)
        if opened and not (door.open_from and at - door.at < settle):
            door.open_from = at
        door.value, door.at = entry.value, at
    return door


def _learn(door: Contact, at: Instant) -> None:
    """Learn where the contact rests; what is a fortnight old weighs half."""
    door.turns += 1
    if door.value == "open":
        door.was_open += at - door.at
    if at - door.known_from > 2 * _WEEK:
        door.known_from, door.was_open, door.turns = at - _WEEK, door.was_open // 2, door.turns // 2


_Told = Callable[[Presence, ReadingEntry, WatchedDevice, Watch], bool]
_TOLD_BY: dict[str, _Told] = {
    "motion": _moved,
    "bed": _lay,
    "door": _swung,
    "chair": _sat,
    "pill": _acted,
    "button": _acted,
}
"""What kinds of reading say of a person. Each returns whether a deadline may be nearer for it."""
