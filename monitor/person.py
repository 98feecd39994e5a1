"""One person at a time: `step` and `timers`, the pure core of the service.

Promises: the same stimuli give the same findings, to the id; no stimulus makes `step` raise; a rule that
throws is set aside for this person, with a technical finding, and all others go on; `button` and `fall` are
stepped first. The state is the caller's: `step` may change it in place and returns it. It packs with
msgspec's msgpack as it stands, and a state restored goes on as if nothing had happened.
"""

import msgspec

from monitor.stimuli import Stimulus
from monitor.watch import Watch
from schema.findings import FindingChange
from schema.instants import Instant


class PersonState(msgspec.Struct):
    """What the monitor knows of one person."""

    person: str
    wake_at: Instant | None = None  # no timer of the person is due earlier: cheap to ask after every step


def new_state(watch: Watch) -> PersonState:
    """Return the state of somebody nothing is known of yet; step it with `WatchChanged` to begin."""
    return PersonState(person=watch.person)


def step(state: PersonState, stimulus: Stimulus, watch: Watch) -> tuple[PersonState, tuple[FindingChange, ...]]:
    """Step a person's state; the changes are in the order they are to be said."""
    return state, ()


def timers(state: PersonState, watch: Watch) -> dict[str, Instant]:
    """Return every deadline that runs, by name, derived from the state. One in the past waits for a live tick."""
    return {}
