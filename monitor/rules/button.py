"""`button`: a press for help. Raised at once, whatever absence, consent or test; never muted.

- Presses while one runs join it and are counted, from whichever pendant.
- `cancelled` clears only what was pressed before it on the same device, and nothing while another is pressed.
  Lanes promise no order: a cancel that overtook its press by at most two minutes clears it when it comes,
  but the press is raised first.
- A late press always raises, marked with its age.
- A retained press is a state and never a fresh press: it raises nothing. What a device truly pressed while we
  were away is in our session's queue, and comes unretained.
"""

from collections.abc import Iterable

import msgspec

from monitor.rules.calls import CallState, identity
from monitor.verdicts import Clear, Raise, Rule, Scene, State, Update, Verdict
from monitor.words import clock, heard_late
from schema.findings import Evidence
from schema.instants import MINUTE, Instant

OVERTAKES_BY = 2 * MINUTE


class ButtonState(CallState, tag="button"):
    """Who presses."""

    pressed: dict[str, Instant] = msgspec.field(default_factory=dict)  # by device: the newest press of what runs
    count: int = 0
    first: Instant = 0
    cancelled: dict[str, Instant] = msgspec.field(default_factory=dict)  # by device: the newest cancel


class Button(Rule):
    """Help was asked for."""

    name = "button"
    state = ButtonState
    hears = frozenset({"button"})

    def minds(self, state: State) -> bool:  # noqa: ARG002 - the shape of all rules
        """Return False: calls are ended by their own kind alone."""
        return False

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Raise, join or clear."""
        assert isinstance(state, ButtonState)
        reading = scene.reading
        if reading is None or reading.kind != "button" or reading.retained or not scene.rule.takes(reading.device):
            return
        device = scene.watch.devices[reading.device]
        if reading.value == "cancelled":
            yield from cancel(state, device.id, reading.observed_at, scene)
        elif state.first_time(identity(device.id, reading)):
            fact = Evidence(at=reading.observed_at, device=device.id, kind="button", value="pressed", room=device.room)
            yield from press(state, fact, scene)


def press(state: ButtonState, fact: Evidence, scene: Scene, *, said: str = "help pressed") -> Iterable[Verdict]:
    """Take a press, of a registered device or of any other."""
    if state.running is None:
        state.pressed, state.count, state.first = {}, 0, fact.at
    state.pressed[fact.device] = max(fact.at, state.pressed.get(fact.device, 0))
    state.count += 1
    state.first = min(state.first, fact.at)
    if state.running is None:
        reason = f"{said} {clock(fact.at, scene)} on {fact.device}{heard_late(fact.at, scene)}"
        yield Raise(onset=state.onset(fact), due=fact.at, reason=reason, device=fact.device, evidence=(fact,))
        if fact.at < state.cancelled.get(fact.device, 0) <= fact.at + OVERTAKES_BY:
            yield from cancel(state, fact.device, state.cancelled[fact.device], scene, fresh=False)
        return
    pressed = f"{said} {state.count} times since {clock(state.first, scene)} on {' and '.join(sorted(state.pressed))}"
    latest = f", last {clock(fact.at, scene)}{heard_late(fact.at, scene)}"
    yield Update(reason=pressed + latest, evidence=(*state.running.evidence, fact))


def cancel(state: ButtonState, device: str, at: Instant, scene: Scene, *, fresh: bool = True) -> Iterable[Verdict]:
    """Take a cancel: it counts for what its own device pressed before it."""
    if fresh:
        state.cancelled[device] = max(at, state.cancelled.get(device, 0))
    if device in state.pressed and state.pressed[device] < at:
        del state.pressed[device]
        if not state.pressed:
            yield Clear(f"cancelled on {device} {clock(at, scene)}")
