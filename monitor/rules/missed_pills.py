"""`missed_pills`: the pill box not opened within the window; raised when it closes, or when the box says `missed`.

Opened later clears. A window that ran already when the rule began counts not, nor does one that a planned
absence touches: only what could be watched whole, and was expected of somebody at home.
"""

from collections.abc import Iterable

import msgspec

from monitor.rules.lasting import heard_out, was_unseen
from monitor.verdicts import CannotSee, Clear, Raise, Rule, Scene, SeesAgain, State, Verdict
from monitor.words import clock, evidence, sentence
from schema.instants import Instant

_KEPT = 8


class MissedPillsState(State, tag="missed_pills"):
    """When the box was opened last, when it said `missed`, and the last window judged (its close)."""

    judged: Instant = 0
    opened: list[Instant] = msgspec.field(default_factory=list)
    missed_at: Instant = 0


class MissedPills(Rule):
    """A dose not taken."""

    name = "missed_pills"
    state = MissedPillsState
    hears = frozenset({"pill"})

    def minds(self, state: State) -> bool:
        """Tell whether the home was cut off: else only the box's own word matters."""
        return state.unseen is not None

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Take the box's word; judge the window when it has closed."""
        assert isinstance(state, MissedPillsState)
        if state.unseen is not None and not scene.lost_since:
            yield SeesAgain(f"the home can be seen again since {clock(scene.at, scene)}")
        if scene.reading is not None and scene.reading.kind == "pill":
            yield from _heard(state, scene)
        while (due := self.due(state, scene)) is not None and due <= scene.fires_until:
            yield from _judge(state, scene)
            if state.unseen is not None:
                return

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when the next whole window closes."""
        assert isinstance(state, MissedPillsState)
        if scene.rule.hours.always or (state.unseen is not None and scene.lost_since):
            return None
        return heard_out(_next(state, scene)[1], scene)


def _next(state: MissedPillsState, scene: Scene) -> tuple[Instant, Instant]:
    """Return the first whole window not judged yet."""
    hours = scene.rule.hours
    after = max(state.judged, state.since)
    running = hours.around(after)
    opens = hours.start(running[1] if running is not None and running[0] < after else after)
    span = hours.around(opens)
    assert span is not None
    return span


def _heard(state: MissedPillsState, scene: Scene) -> Iterable[Verdict]:
    reading = scene.reading
    assert reading is not None
    if reading.retained or not scene.rule.takes(reading.device):
        return  # what was said before we listened is no fresh opening
    at = reading.observed_at
    if reading.value == "opened":
        state.opened = sorted({*state.opened, at})[-_KEPT:]
        if state.running is not None and at > state.raised_for:
            yield Clear(f"pill box opened {clock(at, scene)}")
    elif at > state.missed_at:
        state.missed_at = at
        if not _absent(at, at + 1, scene) and not any(opened > at for opened in state.opened):
            yield _missed(at, at, f"the pill box says that the dose of {clock(at, scene)} was missed", scene)


def _judge(state: MissedPillsState, scene: Scene) -> Iterable[Verdict]:
    opens, closes = _next(state, scene)
    taken = any(opens <= at <= scene.at for at in state.opened)  # after the window, but before anybody was told
    if taken or state.missed_at >= opens or _absent(opens, closes, scene):
        state.judged = closes
    elif scene.lost_since and state.running is None:
        yield CannotSee(f"cannot see whether the pills were taken: cut off since {clock(scene.lost_since, scene)}")
    else:
        state.judged = closes
        said = f"pill box not opened between {clock(opens, scene)} and {clock(closes, scene)}"
        yield _missed(opens, closes, said, scene)


def _missed(onset: Instant, due: Instant, said: str, scene: Scene) -> Raise:
    boxes = [
        each for each in scene.watch.devices.values() if each.device.kind == "pill" and scene.rule.takes(each.number)
    ]
    if scene.reading is not None:
        boxes = [each for each in boxes if each.number == scene.reading.device] or boxes
    heard = max((scene.presence.heard[each.number] for each in boxes), default=0)
    live = f"box last heard {clock(heard, scene)}" if heard else "box never heard"
    return Raise(
        onset=onset,
        due=due,
        reason=sentence(said, live, was_unseen(onset, scene)),
        device=boxes[0].id if boxes else None,
        evidence=evidence(onset, scene),
    )


def _absent(opens: Instant, closes: Instant, scene: Scene) -> bool:
    return any(leaves < closes and returns > opens for leaves, returns in scene.watch.absences)
