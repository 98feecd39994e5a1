"""`not_home`: gone out, and not back `by` a time of day, or for longer than `longer_than`, whichever comes first.

Out and back as for `wandering`: an exit door (or the door that the rule names) was used and nothing was seen inside
since. Somebody out already when the rule begins counts. Where several live in a home, anybody seen inside counts as
back. A planned absence is none of its business; when it ends the clock starts anew. Closed by a human while somebody
is still out, it is said again after `longer_than`, or at the next `by`.
"""

from monitor.presence import PASSAGE, RELEASED
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.rules.ways_out import gone_by
from monitor.verdicts import Scene, State
from monitor.words import clock, place
from schema.instants import Instant, in_words


class NotHomeState(State, tag="not_home"):
    """Nothing of its own: what it judges is all in presence."""


class NotHome(Lasting):
    """Out, and expected back."""

    name = "not_home"
    state = NotHomeState
    moved_by = PASSAGE | RELEASED

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the absence since the door was first used."""
        door = gone_by(scene)
        if door is None:
            return None
        times = [due for due in (_by(door.out_since, state, scene), _after(door.out_since, state, scene)) if due]
        return Holding(door.out_since, min(times, default=None), scene.watch.devices[door.device].id)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say when they went."""
        return f"went out {clock(holding.onset, scene)}, not back for {in_words(scene.at - holding.onset)}"

    def over(self, scene: Scene) -> str:
        """Say where they were seen."""
        presence = scene.presence
        return f"back, seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"


def _after(onset: Instant, state: State, scene: Scene) -> Instant:
    return deadline(state, scene, onset) if scene.rule.longer_than else 0


def _by(onset: Instant, state: State, scene: Scene) -> Instant:
    """Return the first such time of day after they went that no planned absence covers; 0 where the rule names none."""
    if scene.rule.by is None:
        return 0
    due = scene.rule.by.after(state.begins(onset))
    for leaves, returns in scene.watch.absences:
        if leaves <= due < returns:
            due = scene.rule.by.after(returns)
    return due
