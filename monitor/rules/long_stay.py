"""`long_stay`: in a room (the bathroom, unless said otherwise), and seen nowhere else, for longer than `longer_than`.

In the room from the first movement there after any elsewhere, to the next sign of life anywhere else: another room's
sensor, a bed, a door (of this room too, as doors are used to leave). Movement in the room ends nothing: who has
fallen there may well move. Where several live in a home, anybody seen elsewhere ends it, as sensors name nobody.
"""

from monitor.rules.lasting import Holding, Lasting, deadline
from monitor.trail import sightings
from monitor.verdicts import Scene, State
from monitor.watch import WatchedDevice, WatchedRule
from monitor.words import clock, eyes, place, sentence
from schema.instants import Instant


class LongStayState(State, tag="long_stay"):
    """Nothing of its own: what it judges is all in presence."""


class LongStay(Lasting):
    """In there for too long."""

    name = "long_stay"
    state = LongStayState
    rests_on_silence = True

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return the stay, if they were last seen in the room."""
        presence = scene.presence
        device = scene.watch.devices.get(presence.life_by)
        if device is None or not device.stays or not _is_there(device, scene.rule) or not scene.entered_at:
            return None
        onset = scene.entered_at
        due = deadline(state, scene, onset)
        if due <= scene.at:  # only now is it worth asking what came late and in another order
            onset = _seen_elsewhere(onset, scene)
            due = deadline(state, scene, onset)
        return Holding(onset, due, device.id)

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say since when, and when they last moved there."""
        presence, watch = scene.presence, scene.watch
        there = f"{place(presence.life_by, watch)} since {clock(holding.onset, scene)}, seen nowhere else"
        return sentence(there, f"last movement there {clock(presence.life_at, scene)}", eyes(scene))

    def over(self, scene: Scene) -> str:
        """Say where they were seen."""
        presence = scene.presence
        return f"seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"

    def unseen(self, scene: Scene) -> str:
        """Say that still in there cannot be told from come out."""
        seen = f"last seen {place(scene.presence.life_by, scene.watch)} {clock(scene.presence.life_at, scene)}"
        return f"cannot see whether they came out: the home is cut off since {clock(scene.lost_since, scene)}, {seen}"


def _is_there(device: WatchedDevice, rule: WatchedRule) -> bool:
    return device.number == rule.device if rule.device is not None else device.room == rule.about


def _seen_elsewhere(entered_at: Instant, scene: Scene) -> Instant:
    """Return when they were last seen in another room since they seemed to enter: what was told late may say so."""
    devices, latest = scene.watch.devices, entered_at
    for seen in sightings(scene.presence):
        device = devices.get(seen.device)
        there = device is not None and device.stays and _is_there(device, scene.rule)
        if not there and latest < seen.at < scene.presence.life_at:
            latest = seen.at
    return latest
