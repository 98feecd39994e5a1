"""`environment`: smoke, gas, water, cold or heat. Raised at once, whatever absence or consent.

Smoke and gas are a matter of life; the others take the plan's priority. Each of the five has its own finding, which
names every device that says so. Already so when first heard counts, retained or not: it is a state. It ends when all
devices have said `clear` for a minute. Closed by a human while it still goes on, it is said again after a quarter of
an hour. An empty home that burns is still a home: no absence holds it.

Where a home has such devices and the plan has no rule of this name, one of our own is in force: somebody had it fitted.
"""

from collections.abc import Iterable

from monitor.rules.stated import Stated
from monitor.verdicts import Scene, State, Verdict
from monitor.watch import DANGERS
from schema.instants import MINUTE, Instant

AGAIN = 15 * MINUTE
"""Closed while it still goes on, it is said again after so long."""
_WORDS = {"smoke": "smoke", "gas": "gas", "water": "water", "cold": "too cold", "heat": "too hot"}


class EnvironmentState(State, tag="environment"):
    """Nothing of its own: what it judges stands."""


class Environment(Stated):
    """Danger in the home."""

    name = "environment"
    state = EnvironmentState
    stands_on = frozenset(DANGERS)
    bad = "alarm"

    def kind(self, scene: Scene) -> str:
        """Return which of the five this is about."""
        return scene.rule.about

    def due_at(self, onset: Instant, state: State, scene: Scene) -> Instant:  # noqa: ARG002 - the shape of all rules
        """Return at once, or a while after a human closed it."""
        begins = state.begins(onset)
        return onset if begins == onset else begins + AGAIN

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Raise at the reading itself: ticks may wait for a backlog, smoke does not."""
        holding = self.holds(state, scene)
        fresh = scene.reading is not None and state.running is None
        if fresh and holding is not None and holding.due is not None and holding.due <= scene.at:
            yield self._raise(holding, max(holding.due, state.since), state, scene)
            return
        yield from super().step(state, scene)

    def what(self, scene: Scene) -> str:
        """Say which danger."""
        return _WORDS[self.kind(scene)]
