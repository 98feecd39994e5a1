"""`fall`: a fall sensor's word. Raised at once, whatever absence, consent or test; never muted.

`maybe` and then `fallen` is one fall, known better. `recovered`, or `cancelled` on the same device, within
`cancel_within` of the fall clears it; what comes later is told and clears nothing, as somebody who lay for
minutes is to be looked after. A retained fall is a state and raises nothing, as in `button`.
"""

from collections.abc import Iterable

import msgspec

from monitor.rules.calls import CallState, identity
from monitor.verdicts import Clear, Raise, Rule, Scene, State, Update, Verdict
from monitor.words import clock, heard_late, where
from schema.findings import Evidence
from schema.instants import Instant


class FallState(CallState, tag="fall"):
    """Which sensors say so."""

    fallen: dict[str, Instant] = msgspec.field(default_factory=dict)  # by device: the newest fall of what runs
    count: int = 0
    recovered: dict[str, Instant] = msgspec.field(default_factory=dict)  # by device: the newest recovery or cancel


class Fall(Rule):
    """Somebody fell."""

    name = "fall"
    state = FallState
    hears = frozenset({"fall", "button"})

    def minds(self, state: State) -> bool:  # noqa: ARG002 - the shape of all rules
        """Return False: calls are ended by their own kind alone."""
        return False

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Raise, join, know better or clear."""
        assert isinstance(state, FallState)
        reading = scene.reading
        if reading is None or reading.retained or not scene.rule.takes(reading.device):
            return
        device = scene.watch.devices[reading.device]
        fact = Evidence(
            at=reading.observed_at, device=device.id, kind=reading.kind, value=reading.value, room=device.room
        )
        if reading.value in {"recovered", "cancelled"}:
            state.recovered[device.id] = max(fact.at, state.recovered.get(device.id, 0))
            yield from _recovered(state, fact, scene)
        elif reading.kind == "fall" and state.first_time(identity(device.id, reading)):
            yield from fell(state, fact, scene)
            yield from overtaken(state, fact, scene)


def overtaken(state: FallState, fact: Evidence, scene: Scene) -> Iterable[Verdict]:
    """Clear a fall whose recovery came before it."""
    after = state.recovered.get(fact.device, 0)
    if fact.at < after <= fact.at + scene.rule.cancel_within:
        yield from _recovered(state, Evidence(at=after, device=fact.device, kind="fall", value=""), scene)


def fell(
    state: FallState, fact: Evidence, scene: Scene, *, why: str = "", due: Instant | None = None
) -> Iterable[Verdict]:
    """Take a fall, of a registered device or of any other; `why` says what it is told by, `due` when it could be."""
    if state.running is None:
        state.fallen, state.count = {}, 0
    state.fallen[fact.device] = max(fact.at, state.fallen.get(fact.device, 0))
    state.count += 1
    sure = fact.value != "maybe"
    word = "a fall" if sure else "perhaps a fall"
    said = f"{word} {clock(fact.at, scene)} {where(fact)}{heard_late(fact.at, scene)}{f': {why}' if why else ''}"
    if state.running is None:
        yield Raise(
            onset=state.onset(fact),
            due=fact.at if due is None else due,
            reason=said,
            device=fact.device,
            evidence=(fact,),
            certainty="fallen" if sure else "maybe",
        )
        return
    known = state.running.certainty == "fallen"
    reason = f"{state.running.reason}; {said}"
    if state.count > _TOLD:
        reason = f"{state.count} falls told since {clock(state.raised_for, scene)}, last {clock(fact.at, scene)}"
    yield Update(
        reason=reason, evidence=(*state.running.evidence, fact), certainty="fallen" if sure or known else "maybe"
    )


_TOLD = 4
"""More falls than this are counted, not listed."""


def _recovered(state: FallState, fact: Evidence, scene: Scene) -> Iterable[Verdict]:
    fallen = state.fallen.get(fact.device)
    if state.running is None or fallen is None or fact.at <= fallen:
        return
    if fact.at > fallen + scene.rule.cancel_within:
        said = f"{state.running.reason}; {fact.value} {clock(fact.at, scene)}, too late to count"
        yield Update(reason=said, evidence=(*state.running.evidence, fact))
        return
    del state.fallen[fact.device]
    if not state.fallen:
        yield Clear(f"{fact.value or 'recovered'} {clock(fact.at, scene)}")
