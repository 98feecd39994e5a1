"""`impact`: a window of acceleration that looks like a fall (`monitor.impact`). Raised at once; never muted.

In force wherever something is worn that sends windows, whatever the plan says or forgets; where the plan has no
`impact`, it goes by the plan's `fall`. What `recovered` and `cancelled` on the same device do is as in `fall`.

- A finding's onset is the moment of the impact, not of the window's end, and its reason says what the window shows.
- The same impact in another window (devices send them overlapping) is the same fall: known better, or nothing new.
- A window that cannot be judged says so where it is asked about, and raises only where it shows a hard impact.
"""

from collections.abc import Iterable

from monitor.impact import judge
from monitor.rules.fall import Fall, FallState, fell, overtaken
from monitor.verdicts import Scene, State, Update, Verdict
from schema.entries import ReadingEntry
from schema.findings import Evidence
from schema.instants import SECOND, Instant

SAME_IMPACT = SECOND


class ImpactState(FallState, tag="impact"):
    """The impacts taken for falls."""


class Impact(Fall):
    """Somebody fell, to judge by how what they wear moved."""

    name = "impact"
    state = ImpactState
    hears = frozenset({"acceleration", "fall", "button"})

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge a window; or take what the same device says afterwards."""
        assert isinstance(state, ImpactState)
        reading = scene.reading
        if reading is None or reading.retained or not scene.rule.takes(reading.device):
            return
        if reading.kind == "acceleration":
            yield from _window(state, reading, scene)
        elif reading.value in {"recovered", "cancelled"}:
            yield from super().step(state, scene)


def _window(state: ImpactState, reading: ReadingEntry, scene: Scene) -> Iterable[Verdict]:
    device = scene.watch.devices[reading.device]
    if reading.samples is None:
        return
    judged = judge(reading.samples, device.device.worn)
    if judged.verdict == "none":
        return
    at = reading.observed_at - round(judged.ago * SECOND)
    fact = Evidence(at=at, device=device.id, kind="acceleration", value=judged.verdict, room=device.room)
    if _known(state, device.id, at):
        if state.running is not None and state.running.certainty == "maybe" and judged.verdict == "fallen":
            said = f"{state.running.reason}; seen whole: {judged.reason}"
            yield Update(reason=said, evidence=(*state.running.evidence, fact), certainty="fallen")
        return
    state.first_time((device.id, at, reading.boot, reading.seq))
    yield from fell(state, fact, scene, why=judged.reason, due=reading.observed_at)
    yield from overtaken(state, fact, scene)


def _known(state: ImpactState, device: str, at: Instant) -> bool:
    return any(each[0] == device and abs(each[1] - at) <= SAME_IMPACT for each in state.known)
