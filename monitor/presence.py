"""What the readings say of a person's whereabouts: in bed, up, gone out, last seen where.

Every rule reads this and none writes it: `monitor.seeing` does, from readings alone.

What recordings of real homes taught, and what is made of it here:
- Front doors are open for one second as often as for five: every opening is a use.
- Motion sensors still speak up to 10 s after the door has closed behind somebody, and now and then in an
  empty home. Nobody comes back through a wall: once out, only a door's use or what no lone sensor can have
  imagined shows somebody inside.
- Some bed mats only pulse when somebody stirs, and say `out` for an hour while they lie still. Such a bed
  is known by its many touches, and counts as left when somebody is seen elsewhere.
"""

import ctypes
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from monitor import baseline
from monitor.record import Count, Record, Small, record
from monitor.trail import Trail, strange
from monitor.watch import Outlook
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant
from schema.people import DeviceKind

AFTER_CLOSING = 10 * SECOND
"""Movement this soon after the exit door closed may be that of the person who went."""
WHILE_OPEN = 60 * SECOND
"""Movement this soon after it opened, while it still stands open, likewise."""
BED_LAPSES = 16 * HOUR
"""A bed that says nothing for so long no longer shows that somebody lies in it."""
AWAY_LAPSES = 14 * HOUR
"""An absence that is only inferred is believed no longer than this: who left at eight is missed that evening."""
UP_FOR_THE_DAY = 30 * MINUTE
"""Out of bed for less, and back, is a visit to the toilet."""
QUIET_HOME = 10 * MINUTE
"""Nothing seen for so long after the door closed, and a lone movement is no proof of somebody inside."""
PULSES = 200
"""So many touches of a bed within one to two weeks, and its mat pulses: it does so for nights, then not for days."""
JUST_IN = 3 * MINUTE
"""Seen inside no longer than this after the exit door was used, and then nothing: just come in."""
JUST_UP = 3 * MINUTE
"""Seen no longer than this after the bed was left, and then nothing: just risen."""
LONG_SILENCE = HOUR
"""What lasts so long is learned from."""
TOUCH = 10 * SECOND
"""A bed occupied for less was touched."""
_BOUTS = 3
_APART = 2 * MINUTE
SPEAKS = 3
"""So many words of its own within the hour of another, and a hub is one that would be heard if it were there."""


Spot = tuple[Instant, int]
"""When and by which device."""


@record
class Contact(Record):
    """A door: its state, and whether somebody went out by it. Times are 0 where there is none."""

    at: Instant  # since when it has this state
    heard: Instant  # 0: never
    open_from: Instant  # of the present or last opening; chatter under `settle` is one opening
    used_at: Instant  # last opened or closed, as far as that was a fresh reading
    out_since: Instant  # the first use after which nothing was seen inside
    known_from: Instant  # since when its rest is learned: how long it was open, how often it turned
    was_open: Duration
    turns: Count
    device: Small
    open: bool


@record
class Mat(Record):
    """A bed mat or chair pad."""

    heard: Instant  # 0: never
    device: Small
    occupied: bool


@record
class Bed(Record):
    """The person's bed: all their mats together, chatter joined. Times are 0 where there is none.

    A run is a time of `in` whose gaps are shorter than `settle`. A run that itself is shorter is a touch: the
    bed counts as left since before it. Anything longer is a stay.
    """

    since: Instant  # since when the mats say what they say
    heard: Instant  # newest reading of any mat
    run_from: Instant  # where the present or last run began
    left_at: Instant  # the end of the last stay, or the first we heard of an empty bed
    stay_from: Instant  # where that stay began; 0: not seen
    seen_from: Instant  # first seen elsewhere after that
    up_from: Instant  # the last spell out of bed and seen elsewhere that was no visit to the toilet
    up_until: Instant
    week_from: Instant
    touches: Count  # in the week begun at `week_from`, and in the one before
    touches_before: Count
    left_by: Small  # the mat that said that it was left
    known: bool  # some mat was heard
    holds: bool  # what the mats say right now
    unwitnessed: bool  # nobody saw the run begin: a stay, however short it looks
    pulses: bool  # its mat only tells that somebody stirs
    surely_left: bool  # seen elsewhere beyond doubt since it was left

    @property
    def occupied(self) -> bool | None:
        """What the mats say right now; None: never heard."""
        return self.holds if self.known else None


@record
class Presence(Record):
    """All of it. Instants are 0 where nothing is known; a device is known by its place in the home.

    Behind these fields each presence has room for what its home's devices say (see `room`): `heard` by place, and
    a contact, mat or chair pad for each that was ever heard to be one.
    """

    __slots__ = ("blind", "doubted", "seen")

    life_at: Instant  # the last sign of life, and which device saw it
    inside_at: Instant  # the last one not at a door that leads out
    elsewhere_at: Instant  # the last one not in the bedroom
    home_heard: Instant  # when anything last arrived from the home
    hub_lost_at: Instant  # since when the hub is known to be offline
    hub_silent_from: Instant  # since when it is silent, as a rule about it found
    hub_back_at: Instant
    hub_every: Duration  # how often it tends to speak by itself; 0: not known
    silent_from: Instant  # the last silence of an hour or more that has ended, and in what state it began
    silent_until: Instant
    hub_said_at: Instant  # the hub's own last word, and how many of them came within the hour of the one before
    blind_from: Instant  # since when no gateway lives
    since: Instant  # since when the person is watched
    at: Instant  # the log's time of the last stimulus, quiet readings apart
    home: Count  # a hash of the home's id: in another home a place is another device's
    hub_beats: Count
    life_by: Small
    elsewhere_by: Small
    newest: Small  # where in the trail the newest sighting stands
    moving_by: Small  # the device whose movement, which goes on, is the trail's newest sighting: its time is `life_at`
    held: Small  # what holds clocks back: IN_BED, OUT, STIRRING, LOST
    silent_in: Small
    bed: Bed
    trail: Trail

    if TYPE_CHECKING:  # the room behind, and what seldom is there: no part of the record
        room: ClassVar["Room"]
        heard: ctypes.Array[ctypes.c_int64]  # by place: the newest fact the device told us itself
        doors: ctypes.Array[Contact]
        mats: ctypes.Array[Mat]
        chairs: ctypes.Array[Mat]
        seen: tuple[Spot, ...]  # where, out of bed, in the last hour, until beyond doubt
        doubted: tuple[Spot, ...]  # what a lone sensor told of a home whose resident is out, in the last hour
        blind: tuple[tuple[Instant, Instant], ...]  # when no gateway lived, newest last


class Room(NamedTuple):
    """What a presence has room for: devices up to a place, and the places of contacts, mats and chair pads."""

    places: int = 0
    doors: tuple[int, ...] = ()
    mats: tuple[int, ...] = ()
    chairs: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def _laid_out(room: Room) -> type[Presence]:
    fields = [
        ("heard", ctypes.c_int64 * (room.places + 1)),
        ("doors", Contact * len(room.doors)),
        ("mats", Mat * len(room.mats)),
        ("chairs", Mat * len(room.chairs)),
    ]
    return type("Presence", (Presence,), {"__slots__": (), "_fields_": fields, "room": room})


def new_presence(room: Room = Room()) -> Presence:  # noqa: B008 - a tuple of nothing
    """Return the presence of somebody nothing is known of."""
    return _begun(_laid_out(room)())


def taken_up(room: Room, words: bytes, offset: int) -> Presence:
    """Return a presence as its record lay in memory, from `offset` on; ValueError where it does not fit."""
    laid_out = _laid_out(room)
    if len(words) != offset + ctypes.sizeof(laid_out):
        raise ValueError(f"a presence takes {ctypes.sizeof(laid_out)} bytes and there are {len(words) - offset}")
    return _begun(laid_out.from_buffer_copy(words, offset))


def _begun(presence: Presence) -> Presence:
    presence.seen = presence.doubted = presence.blind = ()
    return presence


def with_room(presence: Presence, room: Room) -> Presence:
    """Return the presence with other room: what there is no room for is forgotten."""
    if room == presence.room:
        return presence
    moved, before = new_presence(room), presence.room
    ctypes.memmove(ctypes.byref(moved), ctypes.byref(presence), ctypes.sizeof(Presence))  # what comes before the room
    heard = min(room.places, before.places) + 1
    for place in range(heard):
        moved.heard[place] = presence.heard[place]
    for name in ("doors", "mats", "chairs"):
        places, old = getattr(room, name), getattr(before, name)
        into, out_of = getattr(moved, name), getattr(presence, name)
        for index, place in enumerate(places):
            if place in old:
                _copy(out_of[old.index(place)], into[index])
            into[index].device = place
    moved.seen, moved.doubted, moved.blind = presence.seen, presence.doubted, presence.blind
    return moved


def _copy(record: Record, into: Record) -> None:
    """Copy the numbers alone: assigned whole, ctypes would keep the other record alive."""
    ctypes.memmove(ctypes.byref(into), ctypes.byref(record), ctypes.sizeof(record))


def contact(presence: Presence, place: int) -> Contact | None:
    """Return what is known of the door at this place; None where it was never heard."""
    doors = presence.room.doors
    if place not in doors:
        return None
    door: Contact = presence.doors[doors.index(place)]
    return door if door.heard else None


NOTHING, STATE, RELEASED, DOOR, PASSAGE, BED, EVERYTHING = 0, 1, 2, 4, 8, 16, 32
"""What a reading moved, and so may bring deadlines nearer: nothing (most only push them away); a state, which holds
clocks back; what held clocks back no longer does, or not as it did; a door; a way out; a bed left; anything."""

IN_BED, OUT, STIRRING, LOST = 1, 2, 4, 8
"""What holds clocks back: the person lies in bed; is out; left a bed that pulses, and may still lie in it; or the
home is cut off."""


def held(presence: Presence, watch: Outlook) -> int:
    """Return what holds clocks back, all of it together. What was true stays so until a reading, or another watch."""
    bed = presence.bed
    away = 0 if gone_out(presence, watch) is None else OUT
    if presence.hub_lost_at or presence.hub_silent_from:
        away |= LOST
    if not bed.known:
        return away
    lies = IN_BED if in_bed(presence, watch) else 0
    return lies | away | (STIRRING if bed.left_at and not bed.surely_left else 0)


def in_bed(presence: Presence, watch: Outlook) -> bool:
    """Tell whether the person lies in bed: a mat's word does not outlive a later reading elsewhere.

    A bed that pulses holds them until they are seen elsewhere, whatever it says.
    """
    bed = presence.bed
    if bed.pulses:
        return presence.elsewhere_at <= bed.heard + watch.bed_settle
    if not bed.occupied:
        return False
    return not (watch.alone and presence.elsewhere_at > bed.heard + watch.bed_settle)


def gone_out(presence: Presence, watch: Outlook) -> Contact | None:
    """Return the exit door that was used and after which nothing was seen inside; None while somebody is in."""
    last: Contact | None = None
    for number in watch.exits:
        door = contact(presence, number)
        if door is not None and out_by(presence, door) and (last is None or door.used_at > last.used_at):
            last = door
    return last


def out_by(presence: Presence, door: Contact) -> bool:
    """Tell whether nothing was seen inside since this door was used."""
    if not door.out_since:
        return False
    return presence.inside_at <= door.used_at + (WHILE_OPEN if door.open else AFTER_CLOSING)


def just_in(presence: Presence, watch: Outlook) -> bool:
    """Tell whether the last that was seen is somebody who has just come in by an exit door."""
    uses = [door.used_at for door in (contact(presence, place) for place in watch.exits) if door is not None]
    used_at = max(uses, default=0)
    return 0 < used_at <= presence.life_at <= used_at + JUST_IN


def state_of(presence: Presence, watch: Outlook) -> int:
    """Return where the last believable reading leaves the person: one of the states of `monitor.baseline`."""
    bed = presence.bed
    if in_bed(presence, watch):
        return baseline.IN_BED
    if gone_out(presence, watch) is not None:
        return baseline.OUT
    if just_in(presence, watch):
        return baseline.BACK
    if bed.known and not bed.pulses and bed.left_at <= presence.life_at <= bed.left_at + JUST_UP:
        return baseline.RISEN
    return baseline.SEATED if any(pad.occupied for pad in presence.chairs) else baseline.UP


def beyond_doubt(seen: tuple[Spot, ...]) -> bool:
    """Tell whether sightings, newest last, are more than one sensor's fancy.

    Two devices within ten minutes are, or one three times, minutes apart.
    """
    if witnessed(seen):
        return True
    bouts, last = 0, 0
    for then, _ in seen:
        if then - last >= _APART:
            bouts, last = bouts + 1, then
    return bouts >= _BOUTS


def witnessed(seen: tuple[Spot, ...]) -> bool:
    """Tell whether the newest sighting has another device's for a witness, within ten minutes: it is somebody."""
    at, device = seen[-1]
    return any(other != device and at - then <= 10 * MINUTE for then, other in seen)


def within_the_hour(seen: tuple[Spot, ...], at: Instant, device: int) -> tuple[Spot, ...]:
    """Return the sightings and this one, those of the last hour."""
    return (*(each for each in seen[-11:] if at - each[0] <= HOUR), (at, device))


def lost_since(presence: Presence) -> Instant:
    """Return since when the home is cut off, its hub offline or silent; 0 while it is not."""
    return presence.hub_lost_at or presence.hub_silent_from


def note_silent_hub(presence: Presence, since: Instant) -> None:
    """Note that a rule finds the hub silent.

    That cuts the home off only where the hub used to speak by itself: elsewhere a silent home may just as well
    be one in which nobody moves.
    """
    if presence.hub_beats >= SPEAKS:
        presence.hub_silent_from = since
        presence.held |= LOST


def forget(presence: Presence, watch: Outlook) -> Presence:
    """Return the presence without the states of devices that are no longer there, with room for those that are."""
    before = presence.room
    for gone in [place for place in range(1, before.places + 1) if place not in watch.devices]:
        presence.heard[gone] = 0
    doors, mats, chairs = before[1:]
    room = Room(
        max(watch.devices, default=0),
        _there(doors, watch, "door"),
        _there(mats, watch, "bed"),
        _there(chairs, watch, "chair"),
    )
    presence = with_room(presence, room)
    if not any(mat.heard for mat in presence.mats):
        _copy(Bed(), presence.bed)
        presence.seen = ()
    return presence


def _there(known: tuple[int, ...], watch: Outlook, kind: DeviceKind) -> tuple[int, ...]:
    """Return the places of devices of this kind, and of those still there that were heard to be of it."""
    return tuple(sorted({*watch.places(kind), *(place for place in known if place in watch.devices)}))


def moved_home(presence: Presence, home: int) -> Presence:
    """Return the presence of who lives in another home now: no device is the one that it was."""
    strange(presence.trail)
    moved = with_room(presence, Room())
    moved.heard[0] = 0
    moved.home, moved.life_by, moved.elsewhere_by = home, 0, 0
    moved.doubted = tuple((at, 0) for at, _ in moved.doubted)
    return moved


def blind_since(presence: Presence, since: Instant) -> Duration:
    """Return how much of the time since then nothing could have been heard, as no gateway lived."""
    return sum(until - max(start, since) for start, until in presence.blind if until > since)


@lru_cache(maxsize=256)
def _one(blind: tuple[tuple[Instant, Instant], ...]) -> tuple[tuple[Instant, Instant], ...]:
    """Return the one of all that are alike: when no gateway lived, nobody was seen."""
    return blind


def sight(presence: Presence, at: Instant, *, blind: bool) -> None:
    """Note at a tick whether a gateway lives."""
    if blind:
        presence.blind_from = presence.blind_from or at
    elif presence.blind_from:
        presence.blind = _one((*presence.blind[-15:], (presence.blind_from, at)))
        presence.blind_from = 0
