"""`door_open`: an exit door (or the one the rule names) open for longer than `longer_than`.

Already open when first heard of counts, from when it says so. Closed for less than `settle` was chatter: one
opening is one finding, and a door that sticks open raises once. Of a contact that looks inverted, `contact`
speaks instead. No planned absence holds it: an empty home with its door open is worse.
"""

from monitor.presence import DOOR, contact
from monitor.rules.contact import looks_inverted
from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.verdicts import Scene, State
from monitor.watch import WatchedRule
from monitor.words import clock, last_seen, sentence
from schema.instants import in_words


class DoorOpenState(State, tag="door_open"):
    """Nothing of its own: what it judges is all in presence."""


class DoorOpen(Lasting):
    """A door left open."""

    name = "door_open"
    state = DoorOpenState
    moved_by = DOOR

    def is_moved(self, rule: WatchedRule, moved: int, place: int) -> bool:
        """Tell whether it is its own door's reading."""
        return bool(moved & DOOR) and place == rule.device

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the opening that lasts, or has not yet settled shut."""
        door = contact(scene.presence, scene.rule.device or 0)
        if door is None or (state.running is None and looks_inverted(door, scene)):
            return None
        device = scene.watch.devices[scene.rule.device or 0].id
        if door.open:
            return Holding(door.open_from, deadline(state, scene, door.open_from, absences=False), device)
        shut_at = door.at + scene.watch.door_settle
        if state.running is not None and scene.at < shut_at:
            return Holding(door.open_from, None, device, ends_at=shut_at)
        return None

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say which door and since when."""
        open_for = in_words(scene.at - holding.onset)
        said = f"{_door(scene)} open since {clock(holding.onset, scene)}, for {open_for}"
        return sentence(said, last_seen(holding.onset, scene))

    def over(self, scene: Scene) -> str:
        """Say when it was closed."""
        door = contact(scene.presence, scene.rule.device or 0)
        return f"{_door(scene)} closed {clock(door.at, scene)}" if door else "the door is no longer watched"


def _door(scene: Scene) -> str:
    device = scene.watch.devices[scene.rule.device or 0]
    return f"{device.room} door" if device.room else f"door {device.id}"
