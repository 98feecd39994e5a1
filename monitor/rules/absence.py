"""`absence`: gone out and not back for longer than is usual for this person, and never longer than `longer_than`.

A door that was used and then shut tells of somebody who went out, and of somebody who lies behind it, in the same
words. Nothing but time tells them apart; so being out is a belief with an end, and at its end the person is asked (a
policy whose first step is `notify: person`), then those who can look.

Some of it is told apart early: a door that stands open an hour after somebody went through it, and a door used
again with nobody seen inside (who comes home is seen inside within minutes) four hours later. And while a door stands
open, or sticks, somebody may go by it unseen: then a silence that `inactivity` would speak of is asked about.
"""

from monitor import baseline
from monitor.presence import PASSAGE, RELEASED, Contact, gone_out, in_bed
from monitor.rules.lasting import Holding, deadline
from monitor.rules.learning import Learning, UsualState, stands_open, unusual_at
from monitor.verdicts import Scene, State
from monitor.words import clock, place, sentence
from schema.instants import HOUR, MINUTE, Duration, in_words

OPEN_DOOR: Duration = HOUR
USED_AGAIN: Duration = 4 * HOUR
_AGAIN_AFTER = 10 * MINUTE


class AbsenceState(UsualState, tag="absence"):
    """How long they are usually out."""


class Absence(Learning):
    """Out for longer than is usual."""

    name = "absence"
    state = AbsenceState
    moved_by = PASSAGE | RELEASED
    rests_on_silence = True
    learns_hours = False

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the absence since the door was last used."""
        assert isinstance(state, AbsenceState)
        door = gone_out(scene.presence, scene.watch)
        if door is None:
            return _perhaps(state, scene)
        cap = scene.rule.longer_than
        lasts = min(cap, _lasts(state, door, scene))
        due = deadline(state, scene, door.used_at) - cap + lasts
        return Holding(door.out_since, due, scene.watch.devices[door.device].id)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say since when, and what speaks for a fall at the door."""
        door = gone_out(scene.presence, scene.watch)
        out = f"went out {clock(holding.onset, scene)}, not back for {in_words(scene.at - holding.onset)}"
        if door is None:
            silent = f"no sign of life since {clock(holding.onset, scene)}"
            return sentence(silent, "an exit door stands open: may have gone out by it", "ask")
        again = _used_again(door)
        return sentence(
            out,
            "the door stands open" if door.open else "",
            f"the door was used again {clock(door.used_at, scene)} and nobody seen inside" if again else "",
            "may lie behind the door: ask",
        )

    def over(self, scene: Scene) -> str:
        """Say where they were seen."""
        presence = scene.presence
        return f"back, seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"

    def unseen(self, scene: Scene) -> str:
        """Say that nobody could see them come back."""
        return f"cannot see whether anybody is back: the home is cut off since {clock(self.lost_since(scene), scene)}"


def _perhaps(state: AbsenceState, scene: Scene) -> Holding | None:
    """Return the silence of somebody who may have gone by a door that stands open, or sticks: no use of it shows.

    It is asked about as soon as `inactivity` would speak of it.
    """
    presence = scene.presence
    door = stands_open(scene)
    if door is None or not presence.life_at or in_bed(presence, scene.watch):
        return None
    latest = deadline(state, scene, presence.life_at)
    due = min(latest, unusual_at(state, latest - scene.rule.longer_than, scene))
    return Holding(presence.life_at, due, scene.watch.devices[door.device].id)


def _lasts(state: AbsenceState, door: Contact, scene: Scene) -> Duration:
    if door.open:
        return OPEN_DOOR
    if _used_again(door):
        return USED_AGAIN
    if not scene.rule.learned:
        return scene.rule.longer_than
    return baseline.longest_out(state.usual, scene.at, scene.rule.longer_than)


def _used_again(door: Contact) -> bool:
    return door.used_at - door.out_since >= _AGAIN_AFTER
