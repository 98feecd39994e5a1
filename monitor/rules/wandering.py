"""`wandering`: gone out in the window and not back for longer than `longer_than`.

Out: an exit door (or the door that the rule names) was used and nothing was seen inside since. Every opening
counts, however short: front doors in recordings are open for one second as often as for five. Back: a sign of
life inside later than 10 s after the door closed, or a minute after it opened while it stands open.
Who was out already when the window opens is missed from then on: a person with dementia who went out at 21:50
is looked for at 22:10, not in the morning. Where several live in a home, anybody seen inside counts as back.
"""

from monitor.presence import PASSAGE, RELEASED
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.rules.ways_out import gone_by
from monitor.verdicts import Scene, State
from monitor.words import clock, place
from schema.instants import in_words


class WanderingState(State, tag="wandering"):
    """Nothing of its own: what it judges is all in presence."""


class Wandering(Lasting):
    """Out at night."""

    name = "wandering"
    state = WanderingState
    moved_by = PASSAGE | RELEASED

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the absence since the door was first used."""
        door = gone_by(scene)
        if door is None:
            return None
        due = deadline(state, scene, door.out_since)
        return Holding(door.out_since, due, scene.watch.devices[door.device].id)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say when they went, and whether the door stands open."""
        door = gone_by(scene)
        away = in_words(scene.at - holding.onset)
        still = ", the door stands open" if door is not None and door.open else ""
        return f"went out {clock(holding.onset, scene)}, not back for {away}{still}"

    def over(self, scene: Scene) -> str:
        """Say where they were seen."""
        presence = scene.presence
        return f"back, seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"
