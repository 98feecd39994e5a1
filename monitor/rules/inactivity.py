"""`inactivity`: no sign of life for longer than `longer_than`, while at home and not in bed.

The window says when the clock may start, so that a silence begun at 19:00 is found that night. In bed the
clock stands still: who stays there beyond the night is `not_up`'s business. After the exit door was used and
nothing seen inside since, the person is taken to be out, for 12 h at most: then they are missed.

Where nobody could have been seen it says 'cannot see', and never 'inactive': the home cut off, or all that shows
life silent for longer than it ever should be. A hub that is back tells what it kept, and the clock goes on; sensors
keep nothing, so once they are back it starts anew. Of our own blindness one finding tells for everybody.
"""

from monitor.presence import AWAY_LAPSES, BED_LAPSES, RELEASED, Contact, gone_out, in_bed
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.verdicts import Scene, State
from monitor.words import clock, dark_since, eyes, place, sentence
from schema.instants import MINUTE, Instant, in_words


class InactivityState(State, tag="inactivity"):
    """Nothing of its own: what it judges is all in presence."""


class Inactivity(Lasting):
    """No sign of life."""

    name = "inactivity"
    state = InactivityState
    moved_by = RELEASED
    rests_on_silence = True

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the silence since the last sign of life, or since the door closed behind them."""
        presence, watch = scene.presence, scene.watch
        onset = presence.life_at or state.since
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
        return scene.lost_since or dark_since(scene)

    def unseen(self, scene: Scene) -> str:
        """Say that inactive cannot be told from unseen."""
        lost = f"the home is cut off since {clock(scene.lost_since, scene)}"
        if not scene.lost_since:
            lost = f"nothing that shows life is heard since {clock(dark_since(scene), scene)}"
        if not scene.presence.life_at:
            return f"cannot see whether anybody is active: {lost}"
        return f"cannot see whether anybody is active: {lost}, last seen {clock(scene.presence.life_at, scene)}"

    def sees_again(self, state: State, scene: Scene) -> str:
        """Say what is back. Sensors that were silent kept nothing: the clock starts anew."""
        if state.unseen is None or state.unseen.device is not None or scene.presence.hub_back_at >= state.unseen.onset:
            return super().sees_again(state, scene)
        state.end(scene.at, covering=scene.at)
        return f"what shows life is heard again since {clock(scene.at, scene)}"


def _used_again(door: Contact, scene: Scene) -> str:
    return "" if door.used_at - door.out_since < MINUTE else f"door last used {clock(door.used_at, scene)}"
