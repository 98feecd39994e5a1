"""A home as a subject: presses and falls that are nobody's in particular.

A device without `person:` in a home where not exactly one person lives, and anything that presses without
being registered, raise an alarm of the home. Same shape as `monitor.person`.
"""

import msgspec

from monitor.stimuli import Stimulus
from schema.entries import HomeSet, UnregisteredPress
from schema.findings import FindingChange
from schema.instants import Instant
from schema.people import Device


class HomeWatch(msgspec.Struct, frozen=True, kw_only=True):
    """What stepping a home needs to know beside its state."""

    home: str
    zone: str
    presses: dict[int, Device]  # devices whose presses and falls are the home's alarm, by number
    test_until: Instant | None


class HomeState(msgspec.Struct):
    """What the monitor knows of a home as a subject."""

    home: str
    wake_at: Instant | None = None


def compile_home_watch(home: HomeSet, test_until: Instant | None, residents: tuple[str, ...]) -> HomeWatch:
    """Compile a home's watch: it answers for every device that has no resident's name on it, unless one lives alone."""
    return HomeWatch(home=home.home, zone=home.zone, presses={}, test_until=test_until)


def new_state(watch: HomeWatch) -> HomeState:
    """Return the state of a home nothing is known of yet."""
    return HomeState(home=watch.home)


def step(state: HomeState, stimulus: Stimulus, watch: HomeWatch) -> tuple[HomeState, tuple[FindingChange, ...]]:
    """Step a home's state, as `monitor.person.step` steps a person's."""
    return state, ()


def timers(state: HomeState, watch: HomeWatch) -> dict[str, Instant]:
    """Return the home's deadlines: none so far, as presses and falls wait for nothing."""
    return {}


def press_in_unknown_home(press: UnregisteredPress, at: Instant) -> FindingChange:
    """Return the finding for a press in a home that nobody registered: the service is its subject."""
    raise NotImplementedError
