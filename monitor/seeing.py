"""Taking readings in: from what a device says to what is known of the person.

Each reading is taken in once, and knowledge only ever moves forward by `observed_at`: a reading older than
what is known of its device changes nothing but the record of what was heard, so that a late batch does not
look like fresh movement. A state repeated (`closed`, `closed`) is no sign of life, a retained message
neither.
"""

from collections.abc import Callable

from monitor.presence import (
    AFTER_CLOSING,
    BED,
    DOOR,
    EVERYTHING,
    LONG_SILENCE,
    LOST,
    NOTHING,
    OUT,
    PASSAGE,
    PULSES,
    QUIET_HOME,
    RELEASED,
    STATE,
    TOUCH,
    UP_FOR_THE_DAY,
    Bed,
    Contact,
    Presence,
    beyond_doubt,
    contact,
    gone_out,
    held,
    out_by,
    state_of,
    with_room,
    within_the_hour,
    witnessed,
)
from monitor.trail import leave, stand_still
from monitor.watch import Outlook, WatchedDevice
from schema.entries import ReadingEntry
from schema.instants import DAY, HOUR, Duration, Instant

_WEEK = 7 * DAY
_MAY_FANCY = frozenset({"motion"})
"""Kinds that now and then tell of somebody who is not there."""


HAVE_STATE = frozenset({"door", "bed", "chair"})
"""Kinds of reading that are remembered by device."""


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


def see(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    """Take a reading in. Return what moved by it, and so may bring deadlines nearer: mostly NOTHING."""
    told = _TOLD_BY.get(entry.kind)
    if told is _equipment:
        return _equipment(presence, entry, device, watch)
    moved = NOTHING
    if not entry.retained:
        moved = _heard(presence, entry, device.number)
        if device.number == watch.hub:
            hub_speaks(presence, entry.observed_at)
    if told is None or not device.seen:
        return moved
    before = presence.life_at
    if before and entry.observed_at - before >= LONG_SILENCE:
        moved |= _breaks_silence(presence, entry, device, watch, told)
    else:
        moved |= told(presence, entry, device, watch)
    if moved:
        before, presence.held = presence.held, held(presence, watch)
        by_another_door = len(watch.exits) > 1 and presence.held & OUT
        if before & ~presence.held or by_another_door:
            moved |= RELEASED
    return moved


def _breaks_silence(
    presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook, told: "_Told"
) -> int:
    """Take in what may end a long silence, and note in which state that began: it is learned from."""
    before, state = presence.life_at, state_of(presence, watch)
    moved = told(presence, entry, device, watch)
    if presence.life_at > before:
        presence.silent_from, presence.silent_until, presence.silent_in = before, presence.life_at, state
    return moved


def _heard(presence: Presence, entry: ReadingEntry, place: int) -> int:
    """Note that the device spoke; return EVERYTHING where it is heard for the first time."""
    at, heard = entry.observed_at, presence.heard
    before = heard[place]
    if at > before:
        heard[place] = at
    if entry.received_at > presence.home_heard:
        presence.home_heard = entry.received_at
        if presence.hub_silent_from or presence.hub_lost_at:
            _hub_is_heard(presence, entry)
    return NOTHING if before else EVERYTHING


def _hub_is_heard(presence: Presence, entry: ReadingEntry) -> None:
    if entry.observed_at > presence.hub_lost_at:
        _hub_is_back(presence, entry)


def _last_word(presence: Presence) -> Instant:
    """Return the newest fact the home told: `offline` from before it was overtaken."""
    newest: Instant = max(presence.heard)
    return newest


def _hub_is_back(presence: Presence, entry: ReadingEntry) -> None:
    presence.hub_lost_at, presence.hub_silent_from, presence.hub_back_at = 0, 0, entry.received_at
    presence.held &= ~LOST


def hub_speaks(presence: Presence, at: Instant) -> None:
    """Note a word of the hub's own, and whether it tends to speak by itself."""
    since = at - presence.hub_said_at
    if since <= 0:
        return
    presence.hub_said_at = at
    if since < HOUR:
        presence.hub_beats += 1
        every = presence.hub_every
        presence.hub_every = since if not every else every + (since - every) // 8


def _equipment(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:  # noqa: ARG001 - as all
    """Take in the home's status topic, or a hub's word on one device: about the equipment, never a sign of life."""
    if entry.value == "online":
        if not entry.retained:
            _heard(presence, entry, device.number)
        if entry.kind == "hub" and presence.hub_lost_at and entry.observed_at >= presence.hub_lost_at:
            _hub_is_back(presence, entry)
    elif entry.kind == "hub" and not presence.hub_lost_at and entry.observed_at > _last_word(presence):
        presence.hub_lost_at = entry.observed_at
        presence.held |= LOST
    return EVERYTHING


def _moved(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    if entry.value != "detected" or entry.retained:
        return NOTHING
    return _life(presence, entry, device, watch)


def note(presence: Presence, at: Instant, number: int, kind: str, value: str) -> None:
    """Note a sighting, for evidence; before `life_at` is that of it."""
    if presence.moving_by:
        stand_still(presence)
    leave(presence, at, number, kind, value)


def _inside(presence: Presence, entry: ReadingEntry, number: int, watch: Outlook) -> None:
    """Note a sign of life inside, where it is one: see `monitor.presence` on lone sensors in an empty home."""
    door = gone_out(presence, watch) if presence.held & OUT else None
    if door is not None:
        if _ends_what_ran(presence, entry, number, door):
            return
        if not door.open and entry.kind in _MAY_FANCY and entry.observed_at - door.used_at > QUIET_HOME:
            presence.doubted = within_the_hour(presence.doubted, entry.observed_at, number)
            if not witnessed(presence.doubted):
                return
    if entry.observed_at > presence.inside_at:
        presence.inside_at, presence.doubted = entry.observed_at, ()


def _ends_what_ran(presence: Presence, entry: ReadingEntry, number: int, out: Contact) -> bool:
    """Tell whether a contact only closes that opened before they went out: a machine's run, or a light's, has ended."""
    if entry.kind != "door" or entry.value != "closed":
        return False
    closed = contact(presence, number)
    return closed is not None and closed.open_from <= out.used_at + AFTER_CLOSING


def _life(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    at, number = entry.observed_at, device.number
    note(presence, at, number, entry.kind, entry.value)
    before = presence.life_at
    if at > before:
        presence.life_at, presence.life_by = at, number
    if not device.passage:
        _inside(presence, entry, number, watch)
    if device.elsewhere:
        _seen_elsewhere(presence, at, number)
        if at > presence.elsewhere_at:
            presence.elsewhere_at, presence.elsewhere_by = at, number
    if not before:
        return EVERYTHING
    return STATE if presence.held else NOTHING


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


def _lay(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    bed, mat = presence.bed, presence.mats[presence.room.mats.index(device.number)]
    if entry.observed_at < mat.heard:
        return NOTHING
    laid = entry.value == "in"
    changed = not mat.heard or mat.occupied != laid
    mat.occupied, mat.heard = laid, entry.observed_at
    bed.heard = max(bed.heard, entry.observed_at)
    if not changed:
        return STATE  # a mat that repeats itself makes good for movement elsewhere
    occupied = any(each.occupied for each in presence.mats)
    if occupied is not bed.occupied:
        _turn(presence, entry, device.number, watch.bed_settle, occupied=occupied)
    moved = STATE if occupied else BED
    if not entry.retained:
        return moved | _life(presence, entry, device, watch)
    note(presence, entry.observed_at, device.number, entry.kind, entry.value)
    return moved


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
    bed.pulses = bed.touches + bed.touches_before >= PULSES


def _sat(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    pad = presence.chairs[presence.room.chairs.index(device.number)]
    if entry.observed_at < pad.heard:
        return NOTHING
    sat = entry.value == "in"
    changed = not pad.heard or pad.occupied != sat
    pad.occupied, pad.heard = sat, entry.observed_at
    return _acted(presence, entry, device, watch) | RELEASED if changed else NOTHING


def _acted(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    if entry.retained or entry.value == "missed":
        return NOTHING
    return _life(presence, entry, device, watch)


def _swung(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Outlook) -> int:
    door = presence.doors[presence.room.doors.index(device.number)]
    if entry.observed_at < door.heard:
        return NOTHING
    opened = entry.value == "open"
    # The first word of a closed door is a state and no movement; the first of an open one may be either.
    fresh = door.open != opened if door.heard else opened
    out_already = out_by(presence, door)
    _turned(door, entry.observed_at, watch.door_settle, opened=opened)
    moved = DOOR | PASSAGE if device.passage else DOOR
    if entry.retained or not fresh:
        return moved
    if device.passage:
        door.used_at = entry.observed_at
        if not out_already:
            door.out_since = entry.observed_at
    return moved | _life(presence, entry, device, watch)


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


_Told = Callable[[Presence, ReadingEntry, WatchedDevice, Outlook], int]
_TOLD_BY: dict[str, _Told] = {
    "motion": _moved,
    "bed": _lay,
    "door": _swung,
    "chair": _sat,
    "pill": _acted,
    "button": _acted,
    "hub": _equipment,
    "sensor": _equipment,
}
"""What kinds of reading say of a person, or of what tells of them. Each returns what moved by it."""
TOLD = frozenset(_TOLD_BY)
"""Kinds of reading that tell something of a person or of the home, beyond that a device lives."""
