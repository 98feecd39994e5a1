"""`inactivity`: no sign of life for longer than `longer_than`, while at home and not in bed.

The window says when the clock may start, so that a silence begun at 19:00 is found that night. In bed the
clock stands still: who stays there beyond the night is `not_up`'s business. After the exit door was used and
nothing seen inside since, the person is taken to be out, for 14 h at most (12 h where it learns): then they are missed.

Where nobody could have been seen it says 'cannot see', and never 'inactive': the home cut off, or all that shows
life silent for longer than it ever should be. A hub that is back tells what it kept, and the clock goes on; sensors
keep nothing, so once they are back it starts anew. Of our own blindness one finding tells for everybody.
"""

from monitor.presence import AWAY_LAPSES, BED_LAPSES, RELEASED, Contact, gone_out, in_bed
from monitor.rules.lasting import Holding, deadline, hub_late
from monitor.rules.learning import Learning, UsualState, stands_open, unusual_at
from monitor.verdicts import Scene, State
from monitor.words import clock, dark_since, eyes, place, sentence
from schema.instants import HOUR, MINUTE, Instant, in_words

LEARNED_AWAY_LAPSES = 12 * HOUR
"""A learned rule believes no longer that somebody is out, where no `absence` rule asks first."""


class InactivityState(UsualState, tag="inactivity"):
    """What is usual for the person, where the rule is to learn it."""


class Inactivity(Learning):
    """No sign of life."""

    name = "inactivity"
    state = InactivityState
    moved_by = RELEASED
    rests_on_silence = True
    learns_hours = True

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the silence since the last sign of life, or since the door closed behind them."""
        assert isinstance(state, InactivityState)
        presence, watch = scene.presence, scene.watch
        onset = presence.life_at or state.since
        if scene.rule.learned:
            return _learned(state, scene)
        if in_bed(presence, watch):
            lapses = max(onset, presence.bed.heard) + BED_LAPSES
            return Holding(onset, max(deadline(state, scene, onset), lapses))
        door = gone_out(presence, watch)
        if door is not None:
            onset = door.used_at
            return Holding(onset, max(deadline(state, scene, onset), state.begins(onset) + AWAY_LAPSES))
        return Holding(onset, deadline(state, scene, onset))

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say since when nothing was seen, and where it last was."""
        presence = scene.presence
        if not presence.life_at:
            return sentence(f"no sign of life was ever seen, watched since {clock(holding.onset, scene)}", eyes(scene))
        if in_bed(presence, scene.watch):
            said = f"in bed since {clock(presence.bed.run_from, scene)}, no sign of life"
            return f"{said} since {clock(holding.onset, scene)}"
        door = gone_out(presence, scene.watch)
        if door is not None:
            return sentence(f"went out {clock(door.out_since, scene)}, not seen since", _used_again(door, scene))
        silent = in_words(scene.at - holding.onset)
        where = place(presence.life_by, scene.watch)
        said = f"no sign of life for {silent}, last seen {clock(holding.onset, scene)} {where}"
        return sentence(said, eyes(scene))

    def over(self, scene: Scene) -> str:
        """Say where life was seen."""
        presence = scene.presence
        return f"seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"

    def lost_since(self, scene: Scene) -> Instant:
        """Return since when the home is cut off, or nothing in it that shows life is heard."""
        return scene.lost_since or hub_late(scene) or dark_since(scene)

    def unseen(self, scene: Scene) -> str:
        """Say that inactive cannot be told from unseen."""
        cut_off = scene.lost_since or hub_late(scene)
        lost = f"the home is cut off since {clock(cut_off, scene)}"
        if not cut_off:
            lost = f"nothing that shows life is heard since {clock(dark_since(scene), scene)}"
        if not scene.presence.life_at:
            return f"cannot see whether anybody is active: {lost}"
        return f"cannot see whether anybody is active: {lost}, last seen {clock(scene.presence.life_at, scene)}"

    def sees_again(self, state: State, scene: Scene) -> str:
        """Say what is back. Sensors that were silent kept nothing: the clock starts anew."""
        unseen = state.unseen
        late = unseen is not None and unseen.raised_at - unseen.onset < HOUR  # the hub alone was late
        if unseen is None or unseen.device is not None or late or scene.presence.hub_back_at >= unseen.onset:
            return super().sees_again(state, scene)
        state.end(scene.at, covering=scene.at)
        return f"what shows life is heard again since {clock(scene.at, scene)}"


def _learned(state: InactivityState, scene: Scene) -> Holding | None:
    """Return the silence, and when it is unusual for this person at this hour: `longer_than` at the latest."""
    presence, watch = scene.presence, scene.watch
    onset = presence.life_at or state.since
    if in_bed(presence, watch):
        return Holding(onset, deadline(state, scene, max(onset, presence.bed.heard)))
    door = gone_out(presence, watch)
    if door is not None:
        if _asked_for(scene):
            return None
        return Holding(
            door.used_at, max(deadline(state, scene, door.used_at), state.begins(door.used_at) + LEARNED_AWAY_LAPSES)
        )
    # By an exit door's word they have not gone: a planned absence mutes nobody who is still there.
    latest = deadline(state, scene, onset, absences=not watch.exits)
    if stands_open(scene) is not None and _asked_for(scene):
        return Holding(onset, latest)
    return Holding(onset, min(unusual_at(state, latest - scene.rule.longer_than, scene), latest))


def _asked_for(scene: Scene) -> bool:
    return any(rule.name == "absence" for rule in scene.watch.in_force(scene.at))


def _used_again(door: Contact, scene: Scene) -> str:
    return "" if door.used_at - door.out_since < MINUTE else f"door last used {clock(door.used_at, scene)}"
