"""The shape of rules about what lasts: something holds from an onset, and comes true when it has held too long.

Such a rule only says what holds now (`holds`), derived from presence. From that follow its timer, its raising,
its clearing, and a finding refined by late evidence; nothing is set, so nothing is forgotten.
"""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from monitor.verdicts import CannotSee, Clear, Raise, Rule, Scene, SeesAgain, State, Update, Verdict
from monitor.words import clock, evidence, sentence
from schema.instants import MINUTE, Instant

BACKLOG = MINUTE
"""How long a hub that is back has for what it kept, before its home's silence is judged."""


class Holding(NamedTuple):
    """What a rule is about is the case."""

    onset: Instant  # since when, as the facts have it
    due: Instant | None  # when it comes true; None: not while things stand as they do
    device: str | None = None
    ends_at: Instant | None = None  # when it will be over if nothing more arrives (a door that settles shut)


class Lasting(Rule):
    """A rule about what lasts."""

    rests_on_silence: ClassVar[bool] = False  # no fact but the lack of facts: not judged while the home is cut off

    def holds(self, state: State, scene: Scene) -> Holding | None:
        """Return what holds at `scene.at`, or None."""
        raise NotImplementedError

    def reason(self, holding: Holding, scene: Scene) -> str:
        """Say why it is raised."""
        raise NotImplementedError

    def over(self, scene: Scene) -> str:
        """Say what ended it."""
        raise NotImplementedError

    def unseen(self, scene: Scene) -> str:
        """Say what cannot be told while the home is cut off."""
        raise NotImplementedError

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Raise what has held too long, clear what is over, refine what is known better."""
        holding = self.holds(state, scene)
        if state.unseen is not None and not scene.lost_since:
            yield SeesAgain(f"the home can be seen again since {clock(scene.at, scene)}")
        if state.running is not None:
            yield from self._goes_on(holding, state, scene)
        elif scene.firing and holding is not None and holding.due is not None:
            due = max(holding.due, state.since, state.edited_at)
            if _fires_at(due, scene) <= scene.at:
                yield self._raise(holding, due, state, scene)

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when it comes true, or, while it runs, when it will be over by itself."""
        holding = self.holds(state, scene)
        if holding is None:
            return None
        if state.running is not None:
            return holding.ends_at
        if holding.due is None or (state.unseen is not None and scene.lost_since):
            return None
        return _fires_at(max(holding.due, state.since, state.edited_at), scene)

    def _goes_on(self, holding: Holding | None, state: State, scene: Scene) -> Iterable[Verdict]:
        if holding is None:
            yield Clear(self.over(scene))
        elif holding.onset > state.raised_for:
            if holding.due is None or holding.due > scene.at:
                yield Clear(self.over(scene))
            else:
                said = self.reason(holding, scene)
                yield Update(reason=said, onset=holding.onset, evidence=evidence(holding.onset, scene))

    def _raise(self, holding: Holding, due: Instant, state: State, scene: Scene) -> Verdict:
        if self.rests_on_silence and scene.lost_since:
            return CannotSee(self.unseen(scene))
        return Raise(
            onset=state.begins(holding.onset),
            due=due,
            device=holding.device,
            reason=sentence(self.reason(holding, scene), _cut_off(scene)),
            evidence=evidence(holding.onset, scene),
            raised_for=holding.onset,
        )


def deadline(state: State, scene: Scene, onset: Instant, *, absences: bool = True) -> Instant:
    """Return when what began at `onset` has lasted too long.

    The clock starts in the rule's hours; a planned absence stops it, where it is about the person (`absences`),
    and it starts afresh when that ends. A clock that a human restarted by closing the alarm runs from then,
    whatever the hour.
    """
    rule = scene.rule
    start = max(rule.hours.start(onset), state.begins(onset))
    for leaves, returns in scene.watch.absences if absences else ():
        if leaves < start + rule.longer_than and returns > start:
            start = rule.hours.start(returns)
    return start + rule.longer_than


def _fires_at(due: Instant, scene: Scene) -> Instant:
    """Not while a hub that is back still tells what it kept."""
    back = scene.presence.hub_back_at
    return max(due, back + BACKLOG) if back else due


def _cut_off(scene: Scene) -> str:
    if not scene.lost_since or scene.rule.kind == "technical":
        return ""
    return f"nothing can be seen since {clock(scene.lost_since, scene)}, the hub is cut off"
