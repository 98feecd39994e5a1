"""`power`: a device that says it has lost the mains for longer than `longer_than`. About equipment.

Lost already when first heard counts; back for less than a minute is chatter. A hub on its battery still speaks, and
will fall silent when that is empty: this is the time to send somebody.
"""

from monitor.rules.stated import Stated
from monitor.verdicts import Scene, State


class PowerState(State, tag="power"):
    """Nothing of its own: what it judges stands."""


class Power(Stated):
    """No mains."""

    name = "power"
    state = PowerState
    stands_on = frozenset({"power"})
    bad = "battery"

    def what(self, scene: Scene) -> str:  # noqa: ARG002 - the shape of all rules
        """Say what is lost."""
        return "no mains power"
