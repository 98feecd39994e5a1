"""What rules share that learn what is usual: they look once an hour, and never at a reading.

Each hour, at a minute of the person's own, it is noted whether they were seen in it; and a silence of an hour or more
that has ended is learned with the state it began in. An hour tells nothing in which nobody could have seen them, or in
which they were out, in bed, away by plan, or silent for so long that nobody should call it usual.
"""

from collections.abc import Iterable
from typing import ClassVar
from zlib import crc32

from monitor import baseline
from monitor.presence import IN_BED, OUT, Contact, blind_since, contact, state_of
from monitor.rules.contact import looks_inverted
from monitor.rules.lasting import Lasting
from monitor.verdicts import Scene, State, Verdict
from schema.instants import HOUR, SECOND, Duration, Instant

_TELLS_NOTHING: Duration = 14 * HOUR
"""Silent for longer, and something was wrong, or they were in hospital: no hour of it is usual."""
_BED_TELLS: Duration = 36 * HOUR


class UsualState(State):
    """What is usual, and up to when it was learned."""

    usual: baseline.Usual = baseline.NOTHING_YET
    learned_at: Instant = 0
    silence_at: Instant = 0  # the end of the last silence that was learned


class Learning(Lasting):
    """A rule about what lasts that learns, where the plan says so: its state is a `UsualState`."""

    learns_hours: ClassVar[bool]  # whether each hour's presence, or lengths alone

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Learn, and judge as all that lasts."""
        assert isinstance(state, UsualState)
        if scene.rule.learned:
            look(state, scene, hours=self.learns_hours)
        return list(super().step(state, scene))

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when it comes true, or is to learn."""
        assert isinstance(state, UsualState)
        due = super().due(state, scene)
        if not scene.rule.learned:
            return due
        learns = looks_at(state, scene)
        return learns if due is None else min(due, learns)


def looks_at(state: UsualState, scene: Scene) -> Instant:
    """Return when to look next."""
    return _hour_begins(max(state.learned_at, state.since), scene) + HOUR


def look(state: UsualState, scene: Scene, *, hours: bool) -> None:
    """Learn what has become known since the last look, where one is due; of `hours` as well, or of silences alone."""
    if scene.at < looks_at(state, scene):
        return
    begins = _hour_begins(scene.at, scene) - HOUR
    state.learned_at = scene.at
    state.usual = baseline.known_since(state.usual, scene.at)
    if hours and _tells(begins, scene):
        seen = scene.presence.life_at >= begins
        state.usual = baseline.with_hour(state.usual, begins, scene.watch.zone, seen=seen)
    _learn_silence(state, scene)


def unusual_at(state: UsualState, since: Instant, scene: Scene) -> Instant:
    """Return when a silence since then, that goes on, is unusual for this person at this hour."""
    began_in, zone = state_of(scene.presence, scene.watch), scene.watch.zone
    return baseline.unusual_at(state.usual, began_in, since, scene.at, zone, bed_tells=_bed_tells(scene))


def stands_open(scene: Scene) -> Contact | None:
    """Return an exit door that stands open, so that somebody may have gone unseen; one that is inverted does not."""
    doors = (contact(scene.presence, place) for place in scene.watch.exits)
    return next((door for door in doors if door is not None and door.open and not looks_inverted(door, scene)), None)


def _bed_tells(scene: Scene) -> bool:
    """Tell whether a bed would show that they sleep: heard lately, and for some days."""
    bed = scene.presence.bed
    lately = bed.known and scene.at - bed.heard < _BED_TELLS
    return lately and (bed.touches_before > 0 or scene.at - bed.week_from > _BED_TELLS)


def _hour_begins(at: Instant, scene: Scene) -> Instant:
    """Return when the hour of the person's own began: not everybody is looked at on the hour."""
    return at - (at - crc32(scene.whose.person.encode()) % 3600 * SECOND) % HOUR


def _tells(begins: Instant, scene: Scene) -> bool:
    presence = scene.presence
    if presence.held & (OUT | IN_BED) or _unseen(begins, scene):
        return False
    if scene.at - presence.life_at > _TELLS_NOTHING:
        return False
    return not any(leaves < scene.at and returns > begins for leaves, returns in scene.watch.absences)


def _unseen(since: Instant, scene: Scene) -> bool:
    presence = scene.presence
    return bool(scene.lost_since or presence.hub_back_at > since or presence.blind_from or blind_since(presence, since))


def _learn_silence(state: UsualState, scene: Scene) -> None:
    presence = scene.presence
    since, until, began_in = presence.silent_from, presence.silent_until, presence.silent_in
    if until <= state.silence_at:
        return
    state.silence_at = until
    if _unseen(since, scene) or since < state.since:
        return
    at_home = began_in in baseline.LIMITS and until - since <= _TELLS_NOTHING
    if at_home or began_in == baseline.OUT:
        state.usual = baseline.with_silence(state.usual, began_in, since, until, scene.watch.zone)
