"""`restless_night`: out of bed more often than `more_than` in one night. A notice, said in the morning.

An exit is a bed left within the window, after a stay, for at least `settle`: turning over on the mat is none. A bed
that only pulses says `out` while somebody lies in it: there an exit counts if they were seen elsewhere meanwhile. What
the home could not tell us is not counted, so the count is never too high. It is told when the window closes, and
ends with the next night that was quieter.
"""

from collections.abc import Iterable

from monitor.presence import Bed
from monitor.rules.lasting import was_unseen
from monitor.rules.windows import OfWindows, WindowState
from monitor.verdicts import Clear, Raise, Scene, State, Update, Verdict
from monitor.words import clock, sentence
from schema.instants import Instant

_KEPT = 64
"""So many exits of a night are counted."""


class RestlessNightState(WindowState, tag="restless_night"):
    """Exits of the nights not judged yet, oldest first."""

    exits: tuple[Instant, ...] = ()


class RestlessNight(OfWindows):
    """Up and down all night."""

    name = "restless_night"
    state = RestlessNightState
    hears = frozenset({"bed"})

    def minds(self, state: State) -> bool:  # noqa: ARG002 - the shape of all rules
        """Return False: the bed alone tells, and the next morning ends it."""
        return False

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Count an exit when it is over; judge the night when it has closed."""
        assert isinstance(state, RestlessNightState)
        bed = scene.presence.bed
        if scene.reading is not None and scene.reading.kind == "bed" and bed.occupied:
            _count(state, bed, bed.run_from, scene)
        yield from self.judged(state, scene)

    def judge(self, opens: Instant, closes: Instant, state: State, scene: Scene) -> Iterable[Verdict]:
        """Count what is still going on, and judge the night."""
        assert isinstance(state, RestlessNightState)
        bed = scene.presence.bed
        if not bed.occupied:
            _count(state, bed, scene.at, scene)
        times = sum(opens <= at < closes for at in state.exits)
        state.judged, state.exits = closes, tuple(at for at in state.exits if at >= closes)
        if times > scene.rule.times:
            said = f"{times} times out of bed between {clock(opens, scene)} and {clock(closes, scene)}"
            reason = sentence(f"{said}, more than {scene.rule.times}", was_unseen(opens, scene))
            if state.running is None:
                yield Raise(onset=opens, due=closes, reason=reason)
            else:
                yield Update(reason=f"another restless night: {reason}")
        elif state.running is not None:
            yield Clear(f"{times} times out of bed between {clock(opens, scene)} and {clock(closes, scene)}")


def _count(state: RestlessNightState, bed: Bed, back_at: Instant, scene: Scene) -> None:
    """Count the bed's last exit, once, if it was one."""
    left = bed.left_at
    if not left or left in state.exits or left <= state.judged or scene.rule.hours.around(left) is None:
        return
    seen = not bed.pulses or left < bed.seen_from
    if seen and bed.stay_from and back_at - left >= scene.watch.bed_settle:
        state.exits = (*state.exits, left)[-_KEPT:]
