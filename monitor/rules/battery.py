"""`battery`: a device's battery below `below` for longer than `longer_than`. About equipment.

It counts as good again ten per cent above `below`: a cold night, or a cell that recovers for an hour, neither ends it
nor begins it anew. One finding names all devices whose batteries are low. Where two rules of a plan are about one
device, the clock of both runs from when its battery fell below the higher of the two.
"""

from monitor.rules.stated import Said, Stated
from monitor.standing import BATTERY
from monitor.verdicts import Scene, State
from monitor.words import clock


class BatteryState(State, tag="battery"):
    """Nothing of its own: what it judges stands."""


class Battery(Stated):
    """A battery to be changed."""

    name = "battery"
    state = BatteryState
    stands_on = frozenset({BATTERY})
    bad = "low"

    def counts(self, said: Said, scene: Scene) -> bool:
        """Tell whether the charge is low, by the rule's own limit where another rule has a higher one."""
        own = said.device.low <= scene.rule.below
        return said.standing.bad and (own or said.standing.level < scene.rule.below)

    def named(self, said: Said, scene: Scene) -> str:
        """Say whose battery, how low, and since when."""
        room = f" in the {said.device.room}" if said.device.room else ""
        level = round(100 * said.standing.level)
        return f"battery of {said.device.id}{room} at {level} %, low since {clock(said.standing.since, scene)}"

    def over(self, scene: Scene) -> str:
        """Say when it was seen to be good."""
        return f"charged or replaced, {clock(scene.at, scene)}"
