"""What the readings say of a person's whereabouts: in bed, up, gone out, last seen where.

Every rule reads this and none writes it. It is derived from readings alone, each taken in once, and only
ever moves forward by `observed_at`: a reading older than what is known of its device changes nothing but the
record of what was heard, and a late batch does not look like fresh movement. A state repeated (`closed`,
`closed`) is no sign of life, a retained message neither.

What was learned from recordings of real homes: front doors are open for one second as often as for five, so
every opening is a use; motion sensors still speak up to 10 s after the door has closed behind somebody.
"""

from collections.abc import Callable, Container

import msgspec

from monitor.watch import Watch, WatchedDevice
from schema.entries import ReadingEntry
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant

AFTER_CLOSING = 10 * SECOND
"""Movement this soon after the exit door closed may be that of the person who went."""
WHILE_OPEN = 60 * SECOND
"""Movement this soon after it opened, while it still stands open, likewise."""
BED_LAPSES = 16 * HOUR
"""A bed that says nothing for so long no longer shows that somebody lies in it."""
AWAY_LAPSES = 12 * HOUR
"""An absence that is only inferred is believed no longer than this."""
UP_FOR_THE_DAY = 30 * MINUTE
"""Out of bed for less, and back, is a visit to the toilet."""
TRAIL = 32
_SPEAKS = 3
"""So many words of its own within the hour of another, and a hub is one that would be heard if it were there."""


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """A reading that told something: evidence, should a rule come true."""

    at: Instant
    device: int
    kind: str
    value: str


class Contact(msgspec.Struct, array_like=True):
    """A door: its state, and whether somebody went out by it. Times are 0 where there is none."""

    device: int
    value: str
    at: Instant  # since when it has this state
    heard: Instant
    open_from: Instant = 0  # of the present or last opening; chatter under `settle` is one opening
    used_at: Instant = 0  # last opened or closed, as far as that was a fresh reading
    out_since: Instant = 0  # the first use after which nothing was seen inside


class Mat(msgspec.Struct, array_like=True):
    """A bed mat or chair pad."""

    value: str
    heard: Instant


class Bed(msgspec.Struct, array_like=True):
    """The person's bed: all their mats together, chatter joined. Times are 0 where there is none.

    A run is a time of `in` whose gaps are shorter than `settle`. A run that itself is shorter is a touch: the
    bed counts as left since before it. Anything longer is a stay.
    """

    occupied: bool | None = None  # what the mats say right now; None: never heard
    since: Instant = 0  # since when they say it
    heard: Instant = 0  # newest reading of any mat
    run_from: Instant = 0  # where the present or last run began
    left_at: Instant = 0  # the end of the last stay, or the first we heard of an empty bed
    left_by: int = 0  # the mat that said so
    stay_from: Instant = 0  # where that stay began; 0: not seen
    seen_from: Instant = 0  # first seen elsewhere after that
    up_from: Instant = 0  # the last spell out of bed and seen elsewhere that was no visit to the toilet
    up_until: Instant = 0


class Presence(msgspec.Struct, array_like=True):
    """All of it. Instants are 0 where nothing is known."""

    heard: dict[int, Instant] = {}  # by device: the newest fact it told us itself
    doors: dict[int, Contact] = {}
    mats: dict[int, Mat] = {}
    chairs: dict[int, Mat] = {}
    bed: Bed = msgspec.field(default_factory=Bed)
    trail: list[Sighting] = []
    life_at: Instant = 0  # the last sign of life, and which device saw it
    life_by: int = 0
    inside_at: Instant = 0  # the last one not at a door that leads out
    elsewhere_at: Instant = 0  # the last one not in the bedroom
    elsewhere_by: int = 0
    home_heard: Instant = 0  # when anything last arrived from the home
    hub_lost_at: Instant = 0  # since when the hub is known to be offline
    hub_silent_from: Instant = 0  # since when it is silent, as a rule about it found
    hub_back_at: Instant = 0
    hub_said_at: Instant = 0  # the hub's own last word, and how many of them came within the hour of the one before
    hub_beats: int = 0
    blind_from: Instant = 0  # since when no gateway lives
    blind: list[tuple[Instant, Instant]] = []  # when none did, newest last


def see(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    """Take a reading in. Return whether some deadline may be nearer for it (most only push them away)."""
    if entry.kind in {"hub", "sensor"}:
        return _equipment(presence, entry)
    if not entry.retained:
        _heard(presence, entry)
        if entry.device == watch.hub:
            _hub_speaks(presence, entry)
    told = _TOLD_BY.get(entry.kind)
    return told is not None and device.seen and told(presence, entry, device, watch)


def in_bed(presence: Presence, watch: Watch) -> bool:
    """Tell whether the person lies in bed: a mat's word does not outlive a later reading elsewhere."""
    bed = presence.bed
    if not bed.occupied:
        return False
    return not (watch.alone and presence.elsewhere_at > bed.heard + watch.bed_settle)


def gone_out(presence: Presence, watch: Watch) -> Contact | None:
    """Return the exit door that was used and after which nothing was seen inside; None while somebody is in."""
    last: Contact | None = None
    for number in watch.exits:
        door = presence.doors.get(number)
        if door is not None and out_by(presence, door) and (last is None or door.used_at > last.used_at):
            last = door
    return last


def out_by(presence: Presence, door: Contact) -> bool:
    """Tell whether nothing was seen inside since this door was used."""
    if not door.out_since:
        return False
    return presence.inside_at <= door.used_at + (WHILE_OPEN if door.value == "open" else AFTER_CLOSING)


def lost_since(presence: Presence) -> Instant:
    """Return since when the home is cut off, its hub offline or silent; 0 while it is not."""
    return presence.hub_lost_at or presence.hub_silent_from


def note_silent_hub(presence: Presence, since: Instant) -> None:
    """Note that a rule finds the hub silent.

    That cuts the home off only where the hub used to speak by itself: elsewhere a silent home may just as well
    be one in which nobody moves.
    """
    if presence.hub_beats >= _SPEAKS:
        presence.hub_silent_from = since


def forget(presence: Presence, devices: Container[int]) -> None:
    """Forget the states of devices that are no longer there."""
    for known in (presence.heard, presence.doors, presence.mats, presence.chairs):
        for gone in [number for number in known if number not in devices]:
            del known[gone]
    if not presence.mats:
        presence.bed = Bed()


def blind_since(presence: Presence, since: Instant) -> Duration:
    """Return how much of the time since then nothing could have been heard, as no gateway lived."""
    return sum(until - max(start, since) for start, until in presence.blind if until > since)


def sight(presence: Presence, at: Instant, *, blind: bool) -> None:
    """Note at a tick whether a gateway lives."""
    if blind:
        presence.blind_from = presence.blind_from or at
    elif presence.blind_from:
        presence.blind = [*presence.blind[-15:], (presence.blind_from, at)]
        presence.blind_from = 0


def _heard(presence: Presence, entry: ReadingEntry) -> None:
    if entry.observed_at > presence.heard.get(entry.device, 0):
        presence.heard[entry.device] = entry.observed_at
    if entry.received_at > presence.home_heard:
        presence.home_heard = entry.received_at
        if entry.observed_at > presence.hub_lost_at and (presence.hub_lost_at or presence.hub_silent_from):
            _hub_is_back(presence, entry)


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
    elif entry.kind == "hub" and not presence.hub_lost_at:
        presence.hub_lost_at = entry.observed_at
    return True


def _moved(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    """Movement ends an inferred absence and a mat's stale word, and so can start a clock; else it only resets one."""
    if entry.value != "detected" or entry.retained:
        return False
    held = presence.bed.occupied or gone_out(presence, watch) is not None
    _life(presence, entry, device)
    return bool(held)


def _life(presence: Presence, entry: ReadingEntry, device: WatchedDevice) -> None:
    at, number = entry.observed_at, entry.device
    if at > presence.life_at:
        presence.life_at, presence.life_by = at, number
    if not device.passage and at > presence.inside_at:
        presence.inside_at = at
    if device.elsewhere:
        _seen_elsewhere(presence.bed, at)
        if at > presence.elsewhere_at:
            presence.elsewhere_at, presence.elsewhere_by = at, number
    _remember(presence, entry)


def _seen_elsewhere(bed: Bed, at: Instant) -> None:
    if bed.left_at and bed.left_at < at and (not bed.seen_from or at < bed.seen_from):
        bed.seen_from = at


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
        _life(presence, entry, device)
    else:
        _remember(presence, entry)
    return True


def _turn(bed: Bed, entry: ReadingEntry, settle: Duration, *, occupied: bool) -> None:
    """Note that the bed as a whole was entered or left."""
    at = max(entry.observed_at, bed.since)
    first = bed.occupied is None
    if occupied:
        if first:
            bed.run_from = at - settle  # nobody saw them lie down: a stay, not a touch
        elif at - bed.since >= settle or not bed.run_from:
            bed.run_from = at
        if bed.left_at and bed.seen_from and at - bed.left_at >= UP_FOR_THE_DAY:
            bed.up_from, bed.up_until = bed.left_at, at
    elif first or at - bed.run_from >= settle:
        bed.left_at, bed.left_by = at, entry.device
        bed.stay_from, bed.seen_from = bed.run_from, 0
    bed.occupied, bed.since = occupied, at


def _sat(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:
    pad = presence.chairs.get(entry.device)
    if pad is not None and entry.observed_at < pad.heard:
        return False
    presence.chairs[entry.device] = Mat(entry.value, entry.observed_at)
    changed = pad is None or pad.value != entry.value
    return changed and _acted(presence, entry, device, watch)


def _acted(presence: Presence, entry: ReadingEntry, device: WatchedDevice, watch: Watch) -> bool:  # noqa: ARG001 - as the others
    if entry.retained or entry.value == "missed":
        return False
    _life(presence, entry, device)
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
    _life(presence, entry, device)
    return True


def _turned(door: Contact | None, entry: ReadingEntry, settle: Duration) -> Contact:
    at, opened = entry.observed_at, entry.value == "open"
    if door is None:
        return Contact(entry.device, entry.value, at, at, open_from=at if opened else 0)
    door.heard = at
    if door.value != entry.value:
        if opened and not (door.open_from and at - door.at < settle):
            door.open_from = at
        door.value, door.at = entry.value, at
    return door


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
