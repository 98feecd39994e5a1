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
    Presence,
    beyond_doubt,
    gone_out,
    in_bed,
    out_by,
    with_room,
    within_the_hour,
)
from monitor.trail import leave, packed
from monitor.watch import Outlook, WatchedDevice
from schema.entries import ReadingEntry
from schema.instants import DAY, HOUR, Duration, Instant

_WEEK = 7 * DAY
_MAY_FANCY = frozenset({"motion", "door"})
"""Kinds that now and then tell of somebody who is not there."""


def made_ready(presence: Presence, kind: str, device: WatchedDevice) -> Presence:
    """Return the presence with room for what such a reading tells, if it is remembered by device; for `see`."""
    room, place = presence.room, (device.number,)
    if kind == "door" and device.number not in room.doors:
        return with_room(presence, room._replace(doors=room.doors + place))
    if kind == "bed" and device.number not in room.mats:
        return with_room(presence, room._replace(mats=room.mats + place))
    if kind == "chair" and device.number not in room.chairs:
        return with_room(presence, room._replace(chairs=room.chairs + place))
    return presence


def see(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> bool:
    """Take a reading in. Return whether some deadline may be nearer for it (most only push them away)."""
    kind = entry.kind
    if kind in {"hub", "sensor"}:
        return _equipment(presence, entry, device)
    first = False
    if not entry.retained:
        first = _heard(presence, entry, device.number)
        if device.number == watch.hub:
            _hub_speaks(presence, entry)
    told = _TOLD_BY.get(kind)
    if told is None or not device.seen:
        return first
    if told is not _moved:
        presence.free = False
    return told(presence, entry, device, watch) or first


def _heard(presence: Presence, entry: ReadingEntry, place: int) -> bool:
    """Note that the device spoke; return whether it, or any sign of life, is heard for the first time."""
    at, heard = entry.observed_at, presence.heard
    before = heard[place]
    if at > before:
        heard[place] = at
    if entry.received_at > presence.home_heard:
        presence.home_heard = entry.received_at
        lost = presence.hub_lost_at
        if (lost or presence.hub_silent_from) and at > lost:
            _hub_is_back(presence, entry)
    return not before or not presence.life_at


def _last_word(presence: Presence) -> Instant:
    """Return the newest fact the home told: `offline` from before it was overtaken."""
    newest: Instant = max(presence.heard)
    return newest


def _hub_is_back(presence: Presence, entry: ReadingEntry) -> None:
    presence.hub_lost_at, presence.hub_silent_from, presence.hub_back_at = 0, 0, entry.received_at


def _hub_speaks(presence: Presence, entry: ReadingEntry) -> None:
    since = entry.observed_at - presence.hub_said_at
    presence.hub_beats += 0 < since < HOUR
    presence.hub_said_at = max(presence.hub_said_at, entry.observed_at)


def _equipment(presence: Presence, entry: ReadingEntry, device: WatchedDevice) -> bool:
    """Take in the home's status topic, or a hub's word on one device: about the equipment, never a sign of life."""
    if entry.value == "online":
        if not entry.retained:
            _heard(presence, entry, device.number)
        if entry.kind == "hub" and presence.hub_lost_at and entry.observed_at >= presence.hub_lost_at:
            _hub_is_back(presence, entry)
    elif entry.kind == "hub" and not presence.hub_lost_at and entry.observed_at > _last_word(presence):
        presence.hub_lost_at = entry.observed_at
    return True


def _moved(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> bool:
    """Movement ends an inferred absence and a mat's stale word, and so can start a clock; else it only resets one."""
    if entry.value != "detected" or entry.retained:
        return False
    if presence.free:
        _moved_on(presence, entry, device)
        return False
    held = _held(presence, watch)
    _life(presence, entry, device, watch)
    holds = _held(presence, watch)
    presence.free = holds == _NOTHING
    return held != holds


def _moved_on(presence: Presence, entry: ReadingEntry, device: WatchedDevice) -> None:
    """Note movement of somebody up, at home and seen: what `_life` does where nothing holds a clock back."""
    at, number = entry.observed_at, device.number
    if at > presence.life_at:
        presence.life_at, presence.life_by = at, number
    if not device.passage and at > presence.inside_at:
        presence.inside_at = at
    if device.elsewhere:
        if at > presence.elsewhere_at:
            presence.elsewhere_at, presence.elsewhere_by = at, number
        else:
            _seen_elsewhere(presence, at, number)
    _remember(presence, entry, number)


_NOTHING = (False, False, True)


def _held(presence: Presence, watch: Outlook) -> tuple[bool, bool, bool]:
    """Return what holds clocks back: in bed, out, or perhaps still in a bed that pulses (False: perhaps)."""
    return in_bed(presence, watch), gone_out(presence, watch) is not None, _left_or_none(presence.bed)


def _left_or_none(bed: Bed) -> bool:
    return bed.surely_left or not bed.left_at


def _inside(presence: Presence, entry: ReadingEntry, number: int, watch: Outlook) -> None:
    """Note a sign of life inside, where it is one: see `monitor.presence` on lone sensors in an empty home."""
    if entry.kind in _MAY_FANCY:
        door = gone_out(presence, watch)
        if door is not None and not door.open and entry.observed_at - door.used_at > QUIET_HOME:
            presence.doubted = within_the_hour(presence.doubted, entry.observed_at, number)
            if not beyond_doubt(presence.doubted):
                return
    if entry.observed_at > presence.inside_at:
        presence.inside_at, presence.doubted = entry.observed_at, ()


def _life(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> None:
    at, number = entry.observed_at, device.number
    if at > presence.life_at:
        presence.life_at, presence.life_by = at, number
    if not device.passage:
        _inside(presence, entry, number, watch)
    if device.elsewhere:
        _seen_elsewhere(presence, at, number)
        if at > presence.elsewhere_at:
            presence.elsewhere_at, presence.elsewhere_by = at, number
    _remember(presence, entry, number)


def _seen_elsewhere(presence: Presence, at: Instant, device: int) -> None:
    bed = presence.bed
    if not bed.left_at or at <= bed.left_at:
        return
    if not bed.seen_from or at < bed.seen_from:
        bed.seen_from = at
    if not bed.surely_left:
        seen = within_the_hour(presence.seen, at, device)
        bed.surely_left = beyond_doubt(seen)
        presence.seen = () if bed.surely_left else seen


def _remember(presence: Presence, entry: ReadingEntry, number: int) -> None:
    sighting = packed(entry.observed_at, number, entry.kind, entry.value)
    presence.newest = leave(presence.trail, presence.newest, sighting, goes_on=entry.kind == "motion")


def _lay(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> bool:
    bed, mat = presence.bed, presence.mats[presence.room.mats.index(device.number)]
    if entry.observed_at < mat.heard:
        return False
    laid = entry.value == "in"
    changed = not mat.heard or mat.occupied != laid
    mat.occupied, mat.heard = laid, entry.observed_at
    bed.heard = max(bed.heard, entry.observed_at)
    if not changed:
        return True  # a mat that repeats itself makes good for movement elsewhere
    occupied = any(each.occupied for each in presence.mats)
    if occupied is not bed.occupied:
        _turn(presence, entry, device.number, watch.bed_settle, occupied=occupied)
    if not entry.retained:
        _life(presence, entry, device, watch)
    else:
        _remember(presence, entry, device.number)
    return True


def _turn(presence: Presence, entry: ReadingEntry, mat: int, settle: Duration, *, occupied: bool) -> None:
    """Note that the bed as a whole was entered or left."""
    bed = presence.bed
    at = max(entry.observed_at, bed.since)
    first = not bed.known
    if occupied:
        if first or at - bed.since >= settle or not bed.run_from:
            bed.run_from, bed.unwitnessed = at, first
        if bed.left_at and bed.seen_from and at - bed.left_at >= UP_FOR_THE_DAY:
            bed.up_from, bed.up_until = bed.left_at, at
    else:
        _count_touch(bed, at)
        if first or bed.pulses or bed.unwitnessed or at - bed.run_from >= settle:
            bed.left_at, bed.left_by, bed.stay_from = at, mat, bed.run_from
            bed.seen_from, presence.seen, bed.surely_left = 0, (), False
    bed.known, bed.holds, bed.since = True, occupied, at


def _count_touch(bed: Bed, at: Instant) -> None:
    if at - bed.week_from >= _WEEK:
        fresh = at - bed.week_from < 2 * _WEEK
        bed.touches_before, bed.touches, bed.week_from = (bed.touches if fresh else 0), 0, at
    if bed.holds and at - bed.since < TOUCH:
        bed.touches += 1


def _sat(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> bool:
    pad = presence.chairs[presence.room.chairs.index(device.number)]
    if entry.observed_at < pad.heard:
        return False
    sat = entry.value == "in"
    changed = not pad.heard or pad.occupied != sat
    pad.occupied, pad.heard = sat, entry.observed_at
    return changed and _acted(presence, entry, device, watch)


def _acted(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> bool:
    if entry.retained or entry.value == "missed":
        return False
    _life(presence, entry, device, watch)
    return True


def _swung(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> bool:
    door = presence.doors[presence.room.doors.index(device.number)]
    if entry.observed_at < door.heard:
        return False
    opened = entry.value == "open"
    # The first word of a closed door is a state and no movement; the first of an open one may be either.
    fresh = door.open != opened if door.heard else opened
    out_already = out_by(presence, door)
    _turned(door, entry.observed_at, watch.door_settle, opened=opened)
    if entry.retained or not fresh:
        return True
    if device.passage:
        door.used_at = entry.observed_at
        if not out_already:
            door.out_since = entry.observed_at
    _life(presence, entry, device, watch)
    return True


def _turned(door: Contact, at: Instant, settle: Duration, *, opened: bool) -> None:
    if not door.heard:
        door.known_from = door.at = at
        door.open, door.open_from = opened, at if opened else 0
    elif door.open != opened:
        _learn(door, at)
        if opened and not (door.open_from and at - door.at < settle):
            door.open_from = at
        door.open, door.at = opened, at
    door.heard = at


def _learn(door: Contact, at: Instant) -> None:
    """Learn where the contact rests; what is a fortnight old weighs half."""
    door.turns += 1
    if door.open:
        door.was_open += at - door.at
    if at - door.known_from > 2 * _WEEK:
        door.known_from, door.was_open, door.turns = at - _WEEK, door.was_open // 2, door.turns // 2


_Told = Callable[[Presence, ReadingEntry, WatchedDevice, Outlook], bool]
_TOLD_BY: dict[str, _Told] = {
    "motion": _moved,
    "bed": _lay,
    "door": _swung,
    "chair": _sat,
    "pill": _acted,
    "button": _acted,
}
"""What kinds of reading say of a person. Each returns whether a deadline may be nearer for it."""
