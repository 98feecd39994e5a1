"""`silence`: nothing heard from a device for longer than `longer_than`. About equipment, never about a person.

For a hub any live message of the home is a sign, and `offline` is none: it starts the same clock where none
runs. A retained message was not said now. Our own blindness is not the device's silence: time in which no
gateway lived does not count.
"""

from monitor.presence import blind_since
from monitor.rules.lasting import Holding, Lasting
from monitor.verdicts import Scene, State
from monitor.words import clock
from schema.instants import Instant, in_words


class SilenceState(State, tag="silence"):
    """Nothing of its own: what it judges is all in presence."""


class Silence(Lasting):
    """A device that says nothing."""

    name = "silence"
    state = SilenceState

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the silence since the device was last heard."""
        heard = _heard(scene) or _lost(scene) or state.since
        start = state.begins(heard)
        due = start + scene.rule.longer_than + blind_since(scene.presence, start)
        device = scene.watch.devices.get(scene.rule.device or 0)
        return Holding(heard, due, device.id if device else None)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say what is silent and since when."""
        said = f"{_name(scene)} silent for {in_words(scene.at - holding.onset)}"
        if not _heard(scene):
            return f"{said}, never heard since it is watched"
        lost = _lost(scene)
        offline = f", offline {clock(lost, scene)}" if lost else ""
        return f"{said}, last heard {clock(holding.onset, scene)}{offline}"

    def over(self, scene: Scene) -> str:
        """Say when it was heard again."""
        return f"{_name(scene)} heard again {clock(_heard(scene), scene)}"


def _is_home(scene: Scene) -> bool:
    device = scene.watch.devices.get(scene.rule.device or 0)
    return device is None or device.device.kind == "hub"


def _heard(scene: Scene) -> Instant:
    if _is_home(scene):
        return scene.presence.home_heard
    return int(scene.presence.heard[scene.rule.device or 0])


def _lost(scene: Scene) -> Instant:
    return scene.presence.hub_lost_at if _is_home(scene) else 0


def _name(scene: Scene) -> str:
    device = scene.watch.devices.get(scene.rule.device or 0)
    if device is None:
        return "the home"
    if device.device.kind == "hub":
        return "the hub"
    return f"{device.room} {device.device.kind} sensor" if device.room else device.id
