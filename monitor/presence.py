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

from collections.abc import Container

import msgspec

from monitor.watch import Watch
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant

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
TOUCH = 10 * SECOND
"""A bed occupied for less was touched."""
_BOUTS = 3
_APART = 2 * MINUTE
_SPEAKS = 3
"""So many words of its own within the hour of another, and a hub is one that would be heard if it were there."""


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """A reading that told something: evidence, should a rule come true."""

    at: Instant
    device: int
    kind: str
    value: str


Spot = tuple[Instant, int]
"""When and by which device."""


class Contact(msgspec.Struct, array_like=True):
    """A door: its state, and whether somebody went out by it. Times are 0 where there is none."""

    device: int
    value: str
    at: Instant  # since when it has this state
    heard: Instant
    open_from: Instant = 0  # of the present or last opening; chatter under `settle` is one opening
    used_at: Instant = 0  # last opened or closed, as far as that was a fresh reading
    out_since: Instant = 0  # the first use after which nothing was seen inside
    known_from: Instant = 0  # since when its rest is learned: how long it was open, how often it turned
    was_open: Duration = 0
    turns: int = 0


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
    unwitnessed: bool = False  # nobody saw it begin: a stay, however short it looks
    left_at: Instant = 0  # the end of the last stay, or the first we heard of an empty bed
    left_by: int = 0  # the mat that said so
    stay_from: Instant = 0  # where that stay began; 0: not seen
    seen_from: Instant = 0  # first seen elsewhere after that
    seen: list[Spot] = msgspec.field(default_factory=list)  # where, in the last hour, until beyond doubt
    surely_left: bool = False  # seen elsewhere beyond doubt since
    up_from: Instant = 0  # the last spell out of bed and seen elsewhere that was no visit to the toilet
    up_until: Instant = 0
    touches: int = 0  # in the week begun at `week_from`, and in the one before
    touches_before: int = 0
    week_from: Instant = 0

    @property
    def pulses(self) -> bool:
        """Whether its mat only tells that somebody stirs."""
        return self.touches + self.touches_before >= PULSES


class Presence(msgspec.Struct, array_like=True):
    """All of it. Instants are 0 where nothing is known."""

    heard: dict[int, Instant] = {}  # by device: the newest fact it told us itself
    doors: dict[int, Contact] = {}
    mats: dict[int, Mat] = {}
    chairs: dict[int, Mat] = {}
    bed: Bed = msgspec.field(default_factory=Bed)
    trail: list[Sighting] = []
    doubted: list[Spot] = []  # what a lone sensor told of a home whose resident is out, in the last hour
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


def in_bed(presence: Presence, watch: Watch) -> bool:
    """Tell whether the person lies in bed: a mat's word does not outlive a later reading elsewhere.

    A bed that pulses holds them until they are seen elsewhere, whatever it says.
    """
    bed = presence.bed
    if bed.pulses:
        return presence.elsewhere_at <= bed.heard + watch.bed_settle
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


def beyond_doubt(seen: list[Spot]) -> bool:
    """Tell whether sightings, newest last, are more than one sensor's fancy.

    Two devices within ten minutes are, or one three times, minutes apart.
    """
    at, device = seen[-1]
    if any(other != device and at - then <= 10 * MINUTE for then, other in seen):
        return True
    bouts, last = 0, 0
    for then, _ in seen:
        if then - last >= _APART:
            bouts, last = bouts + 1, then
    return bouts >= _BOUTS


def within_the_hour(seen: list[Spot], at: Instant, device: int) -> list[Spot]:
    """Return the sightings and this one, those of the last hour."""
    return [*(each for each in seen[-11:] if at - each[0] <= HOUR), (at, device)]


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
