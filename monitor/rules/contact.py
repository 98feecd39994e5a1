"""`contact`: an exit door's contact that looks inverted or stuck, of our own for every exit door.

About the equipment: rules about going out rest on it. A contact rests closed; one that spent most of a day
and more open, and was closed and opened again all the while, is likely mounted or read the wrong way round.
One that has been open for twelve hours is stuck, or the door stands open: somebody is to look.
"""

from collections.abc import Iterable

from monitor.presence import DOOR, Contact, contact
from monitor.rules.lasting import Holding, Lasting
from monitor.verdicts import Scene, State, Update, Verdict
from monitor.watch import WatchedRule
from monitor.words import clock
from schema.instants import DAY, HOUR, in_words

STUCK_AFTER = 12 * HOUR
_LEARNED_AFTER = DAY
_TURNS = 8
_MOSTLY = 0.8


class ContactState(State, tag="contact"):
    """Nothing of its own: what it judges is all in presence."""


class ContactRule(Lasting):
    """A contact that cannot be believed."""

    name = "contact"
    state = ContactState
    moved_by = DOOR

    def is_moved(self, rule: WatchedRule, moved: int, place: int) -> bool:
        """Tell whether it is its own door's reading."""
        return bool(moved & DOOR) and place == rule.device

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge as all that lasts; what seemed stuck may turn out to be inverted."""
        yield from super().step(state, scene)
        door = contact(scene.presence, scene.rule.device or 0)
        if state.running is not None and door is not None and looks_inverted(door, scene):
            said = _inverted(scene)
            if state.running.reason != said:
                yield Update(reason=said)

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return what is wrong with it, since when."""
        door = contact(scene.presence, scene.rule.device or 0)
        if door is None:
            return None
        device = scene.watch.devices[door.device].id
        if looks_inverted(door, scene):
            return Holding(door.known_from, max(door.known_from, state.begins(door.known_from)), device)
        if door.open:
            return Holding(door.open_from, state.begins(door.open_from) + STUCK_AFTER, device)
        return None

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say what it looks like."""
        door = contact(scene.presence, scene.rule.device or 0)
        assert door is not None
        name = scene.watch.devices[door.device].id
        if looks_inverted(door, scene):
            return _inverted(scene)
        open_for = in_words(scene.at - holding.onset)
        return f"the contact {name} is open for {open_for}, since {clock(holding.onset, scene)}: stuck, or left open"

    def over(self, scene: Scene) -> str:
        """Say that it moves as a door does."""
        return f"the contact {scene.watch.devices[scene.rule.device or 0].id} closed, {clock(scene.at, scene)}"


def _inverted(scene: Scene) -> str:
    name = scene.watch.devices[scene.rule.device or 0].id
    return f"the contact {name} is open most of the time and looks inverted"


def looks_inverted(door: Contact, scene: Scene) -> bool:
    """Tell whether the contact rests open, as far as is learned."""
    known_for = scene.at - door.known_from
    if known_for < _LEARNED_AFTER or door.turns < _TURNS:
        return False
    was_open = door.was_open + (scene.at - door.at if door.open else 0)
    return was_open > _MOSTLY * known_for
