"""`inactivity`: no sign of life for longer than `longer_than`, while at home and not in bed.

The window says when the clock may start, so that a silence begun at 19:00 is found that night. In bed the
clock stands still: who stays there beyond the night is `not_up`'s business. After the exit door was used and
nothing seen inside since, the person is taken to be out, for 12 h at most: then they are missed.
"""

from monitor.presence import AWAY_LAPSES, BED_LAPSES, Contact, gone_out, in_bed
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.verdicts import Scene, State
from monitor.words import clock, eyes, place, sentence
from schema.instants import MINUTE, in_words


class InactivityState(State, tag="inactivity"):
    """Nothing of its own: what it judges is all in presence."""


class Inactivity(Lasting):
    """No sign of life."""

    name = "inactivity"
    state = InactivityState
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

    def unseen(self, scene: Scene) -> str:
        """Say that inactive cannot be told from cut off."""
        lost = f"the home is cut off since {clock(scene.lost_since, scene)}"
        if not scene.presence.life_at:
            return f"cannot see whether anybody is active: {lost}"
        return f"cannot see whether anybody is active: {lost}, last seen {clock(scene.presence.life_at, scene)}"


def _used_again(door: Contact, scene: Scene) -> str:
    return "" if door.used_at - door.out_since < MINUTE else f"door last used {clock(door.used_at, scene)}"
