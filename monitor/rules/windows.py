"""The shape of rules that judge a window of the day once, when it has closed.

Only whole windows count, in turn: one that ran already when the rule began does not. Such a rule keeps the close of
the last window it judged.
"""

from collections.abc import Iterable

from monitor.rules.lasting import heard_out
from monitor.verdicts import Rule, Scene, State, Verdict
from schema.instants import DAY, Instant
from schema.localtime import local


class WindowState(State):
    """The last window judged, by its close."""

    judged: Instant = 0


class OfWindows(Rule):
    """A rule about windows."""

    def judge(self, opens: Instant, closes: Instant, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge a window that has closed."""
        raise NotImplementedError

    def judged(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge what has closed. Of several missed in blindness only the newest tells how things stand."""
        assert isinstance(state, WindowState)
        due = self.due(state, scene)
        if due is None or due > scene.fires_until:
            return
        opens, closes = window_after(state, scene)
        while (later := _next(closes, scene))[1] <= scene.at:
            opens, closes = later
        yield from self.judge(opens, closes, state, scene)

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when the next whole window closes."""
        if scene.rule.hours.always or (state.unseen is not None and scene.lost_since):
            return None
        return heard_out(window_after(state, scene)[1], scene)


def window_after(state: State, scene: Scene) -> tuple[Instant, Instant]:
    """Return the first whole window not judged yet."""
    assert isinstance(state, WindowState)
    after = max(state.judged, state.since)
    running = scene.rule.hours.around(after)
    return _next(running[1] if running is not None and running[0] < after else after, scene)


def _next(after: Instant, scene: Scene) -> tuple[Instant, Instant]:
    """Return the first window that opens then or later, on one of the rule's days."""
    hours = scene.rule.hours
    span = hours.around(hours.start(after))
    assert span is not None
    for _ in range(7):
        if local(span[0], scene.watch.zone).weekday() in scene.rule.days:
            break
        span = hours.around(hours.start(max(span[1], span[0] + DAY // 2)))
        assert span is not None
    return span


def touched(spans: Iterable[tuple[Instant, Instant]], opens: Instant, closes: Instant) -> bool:
    """Tell whether any of these spans touches the window."""
    return any(began < closes and ended > opens for began, ended in spans)
