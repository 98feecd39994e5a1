"""`wet_bed`: a moisture sensor that says `wet` for longer than `longer_than`.

A mat that chatters between wet and dry within a minute is wet all the while. Wet already when first heard counts. It
ends when the mat was dry for a minute. Not while a planned absence lasts: nobody lies there.
"""

from monitor.rules.stated import Stated
from monitor.verdicts import Scene, State


class WetBedState(State, tag="wet_bed"):
    """Nothing of its own: what it judges stands."""


class WetBed(Stated):
    """Wet, and nobody came."""

    name = "wet_bed"
    state = WetBedState
    stands_on = frozenset({"moisture"})
    bad = "wet"
    of_life = True

    def what(self, scene: Scene) -> str:  # noqa: ARG002 - the shape of all rules
        """Say that it is wet."""
        return "wet"
