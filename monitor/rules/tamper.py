"""`tamper`: a device opened, or taken off its wall, for longer than `longer_than`. About equipment.

Open already when first heard counts: a cover that was never shut is nobody's business later. Shut for less than a
minute is chatter.
"""

from monitor.rules.stated import Stated
from monitor.verdicts import Scene, State


class TamperState(State, tag="tamper"):
    """Nothing of its own: what it judges stands."""


class Tamper(Stated):
    """Opened or taken off."""

    name = "tamper"
    state = TamperState
    stands_on = frozenset({"tamper"})
    bad = "open"

    def what(self, scene: Scene) -> str:  # noqa: ARG002 - the shape of all rules
        """Say what was done to it."""
        return "opened or taken off"
