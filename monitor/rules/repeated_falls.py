"""`repeated_falls`: `times` falls within `within` (14 days, say). A notice for the care team, beside each fall's alarm.

What is counted are a fall sensor's own words, no risk is reckoned. One fall told several times within ten minutes, by
one sensor or several, is one; `maybe` is none, nor is a fall that its sensor took back within half a minute
(recovered, cancelled), nor one of an installer's test. A fall told late counts at its time. It ends when fewer are
left in the time.
"""

from collections.abc import Iterable

from monitor.verdicts import Clear, Raise, Rule, Scene, State, Update, Verdict, testing
from schema.findings import Evidence
from schema.instants import MINUTE, SECOND, Instant, in_words
from schema.localtime import local

_SAME_FALL = 10 * MINUTE
_TAKEN_BACK = 30 * SECOND
_KEPT = 64


class RepeatedFallsState(State, tag="repeated_falls"):
    """When and by which device falls were told, oldest first."""

    falls: tuple[tuple[Instant, str], ...] = ()


class RepeatedFalls(Rule):
    """Fallen again."""

    name = "repeated_falls"
    state = RepeatedFallsState
    hears = frozenset({"fall", "button"})

    def minds(self, state: State) -> bool:  # noqa: ARG002 - the shape of all rules
        """Return False: falls alone tell, and time ends it."""
        return False

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Count a fall; raise, tell of one more, or clear."""
        assert isinstance(state, RepeatedFallsState)
        before = len(_recent(state, scene))
        _heed(state, scene)
        recent = _recent(state, scene)
        enough = len(recent) >= scene.rule.times
        if state.running is None and enough and (len(recent) > before or _is_news(recent, state)):
            at, device = recent[-1]
            yield Raise(onset=at, due=at, reason=_said(recent, scene), device=device, evidence=_facts(recent))
        elif state.running is not None and not enough:
            yield Clear(f"fewer than {scene.rule.times} falls in {in_words(scene.rule.longer_than)}")
        elif state.running is not None and len(recent) > before:
            yield Update(reason=_said(recent, scene), evidence=_facts(recent))

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when so few are left that it ends; at once, where an edit of the plan made enough of what was few."""
        assert isinstance(state, RepeatedFallsState)
        recent = _recent(state, scene)
        if len(recent) < scene.rule.times:
            return None if state.running is None else scene.at
        if state.running is None:
            return max(recent[-1][0], state.since, state.edited_at) if _is_news(recent, state) else None
        return recent[-scene.rule.times][0] + scene.rule.longer_than


def _is_news(recent: tuple[tuple[Instant, str], ...], state: State) -> bool:
    return recent[-1][0] > state.ended_for


def _heed(state: RepeatedFallsState, scene: Scene) -> None:
    reading = scene.reading
    if reading is None or reading.retained or testing(scene) or not scene.rule.takes(reading.device):
        return
    at, device = reading.observed_at, scene.watch.devices[reading.device].id
    if reading.value in {"recovered", "cancelled"}:
        state.falls = tuple(each for each in state.falls if each[1] != device or not 0 < at - each[0] <= _TAKEN_BACK)
    elif reading.value == "fallen" and all(abs(at - other) > _SAME_FALL for other, _ in state.falls):
        state.falls = tuple(sorted((*state.falls, (at, device))))[-_KEPT:]


def _recent(state: RepeatedFallsState, scene: Scene) -> tuple[tuple[Instant, str], ...]:
    return tuple(each for each in state.falls if scene.at - each[0] < scene.rule.longer_than)


def _said(falls: tuple[tuple[Instant, str], ...], scene: Scene) -> str:
    days = [f"{local(at, scene.watch.zone):%d %b %H:%M}" for at, _ in falls]
    return f"{len(falls)} falls in {in_words(scene.rule.longer_than)}: {', '.join(days)}"


def _facts(falls: tuple[tuple[Instant, str], ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(at=at, device=device, kind="fall", value="fallen") for at, device in falls)
