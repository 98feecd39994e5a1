"""The shape of rules about what lasts: something holds from an onset, and comes true when it has held too long.

Such a rule only says what holds now (`holds`), derived from presence. From that follow its timer, its raising,
its clearing, and a finding refined by late evidence; nothing is set, so nothing is forgotten.
"""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from monitor.long_lie import floor_since, grows_at, in_words, more
from monitor.presence import SPEAKS, Presence
from monitor.verdicts import CannotSee, Clear, Raise, Rule, Scene, SeesAgain, State, Update, Verdict
from monitor.words import clock, evidence, sentence
from schema.instants import MINUTE, SECOND, Duration, Instant

OFTEN = 20 * MINUTE
"""A hub that speaks at least so often would be heard, if it were there."""
LATE_AFTER = 30 * MINUTE
_LOOKED_FOR_AGAIN: Duration = 10 * SECOND

BACKLOG = MINUTE
"""How long a hub that is back has for what it kept, before its home's silence is judged."""
LONG_BLINDNESS = MINUTE
"""We were blind for longer, and hubs may have lost the broker as we did (their keepalive is about as long)."""
HUBS_RETURN = 2 * MINUTE
"""How long they then have to find it again and tell what they kept, before any home's silence is judged."""


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

    def lost_since(self, scene: Scene) -> Instant:
        """Return since when what the rule rests on cannot be seen; 0 while it can."""
        return scene.lost_since

    def sees_again(self, state: State, scene: Scene) -> str:  # noqa: ARG002 - inactivity needs it
        """Say that it can be seen again; the clock goes on."""
        return f"the home can be seen again since {clock(scene.at, scene)}"

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Raise what has held too long, clear what is over, refine what is known better."""
        holding = self.holds(state, scene)
        if state.unseen is not None and not self.lost_since(scene):
            yield SeesAgain(self.sees_again(state, scene))
            holding = self.holds(state, scene)
        if state.running is not None:
            yield from self._goes_on(holding, state, scene)
        elif scene.fires_until and holding is not None and holding.due is not None:
            due = max(holding.due, state.since, state.edited_at)
            if self._judged_at(due, scene) <= scene.fires_until:
                yield self._raise(holding, due, state, scene)

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when it comes true, or, while it runs, when it will be over by itself."""
        holding = self.holds(state, scene)
        if holding is None:
            return None
        if state.running is not None:
            grows = self._grows_at(holding, state, scene)
            return min((at for at in (holding.ends_at, grows) if at is not None), default=None)
        if holding.due is None or (state.unseen is not None and self.lost_since(scene)):
            return None
        return self._judged_at(max(holding.due, state.since, state.edited_at), scene)

    def _lies(self, holding: Holding, scene: Scene) -> str:
        return in_words(floor_since(holding.onset, scene), scene) if scene.rule.long_lie else ""

    def _judged_at(self, due: Instant, scene: Scene) -> Instant:
        return home_speaks(hubs_returned(due, scene), scene) if self.rests_on_silence else heard_out(due, scene)

    def _grows_at(self, holding: Holding, state: State, scene: Scene) -> Instant | None:
        if not scene.rule.long_lie or state.running is None or self.lost_since(scene):
            return None
        return grows_at(state.running, floor_since(holding.onset, scene), scene.rule.priority)

    def _goes_on(self, holding: Holding | None, state: State, scene: Scene) -> Iterable[Verdict]:
        if holding is None:
            yield Clear(self.over(scene))
            return
        grows = self._grows_at(holding, state, scene)
        if grows is not None and grows <= scene.fires_until:
            said = sentence(self.reason(holding, scene), self._lies(holding, scene))
            yield Update(reason=said, priority=more(scene.rule.priority), evidence=evidence(holding.onset, scene))
        if holding.onset > state.raised_for:
            if holding.due is None or holding.due > scene.at:
                yield Clear(self.over(scene))
            else:
                said = self.reason(holding, scene)
                yield Update(reason=said, onset=holding.onset, evidence=evidence(holding.onset, scene))

    def _raise(self, holding: Holding, due: Instant, state: State, scene: Scene) -> Verdict:
        if self.rests_on_silence and (lost := self.lost_since(scene)):
            return CannotSee(self.unseen(scene), lost)
        return Raise(
            onset=state.begins(holding.onset),
            due=due,
            device=holding.device,
            reason=sentence(
                self.reason(holding, scene),
                self._lies(holding, scene),
                _cut_off(scene),
                was_unseen(holding.onset, scene),
            ),
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


def heard_out(due: Instant, scene: Scene) -> Instant:
    """Return when it may be judged: not while a hub that is back still tells what it kept."""
    back = scene.presence.hub_back_at
    return max(due, back + BACKLOG) if back else due


def hubs_returned(due: Instant, scene: Scene) -> Instant:
    """Return when what rests on silence alone may be judged: nor while hubs find the broker again that we all lost."""
    began, back = scene.presence.blind[-1] if scene.presence.blind else (0, 0)
    return heard_out(max(due, back + HUBS_RETURN) if back - began > LONG_BLINDNESS else due, scene)


def home_speaks(due: Instant, scene: Scene) -> Instant:
    """Return when silence may be called the person's, where the hub speaks by itself every few minutes.

    Not before the home was heard after it was due: a hub that has just died leaves its home as silent. Its next word
    is waited for, and looked for again and again until the hub itself is late: it comes by the short way, which wakes
    nobody, and may come at any time where hubs speak unevenly or a word of theirs was lost.
    """
    presence = scene.presence
    every = presence.hub_every
    if not _beats(presence) or presence.home_heard >= due:
        return due
    usual, late = presence.hub_said_at + every + every // 32 + 2 * SECOND, presence.hub_said_at + _late_after(every)
    if scene.at >= late:
        return due
    again = max(every // 4, _LOOKED_FOR_AGAIN)
    looks = max(0, (scene.at - usual) // again + 1)
    return max(due, min(usual + looks * again, late))


def hub_late(scene: Scene) -> Instant:
    """Return since when nothing came from a home whose hub speaks every few minutes; 0 while it is not late."""
    presence = scene.presence
    if not _beats(presence) or scene.at < presence.home_heard + _late_after(presence.hub_every):
        return 0
    return presence.home_heard


def _beats(presence: Presence) -> bool:
    return presence.hub_beats >= SPEAKS and 0 < presence.hub_every <= OFTEN


def _late_after(every: Duration) -> Duration:
    return max(3 * every, LATE_AFTER)


def was_unseen(onset: Instant, scene: Scene) -> str:
    """Say what of the time since `onset` could not be seen, and is over; empty where there is none of it."""
    if scene.rule.kind == "technical":
        return ""
    said = [
        f"nobody could be seen from {clock(began, scene)} to {clock(back, scene)}, the service was blind"
        for began, back in scene.presence.blind[-3:]
        if back > onset and back - began > LONG_BLINDNESS
    ]
    if scene.presence.hub_back_at > onset and not scene.lost_since:
        said.append(f"the home was cut off until {clock(scene.presence.hub_back_at, scene)}")
    return sentence(*said)


def _cut_off(scene: Scene) -> str:
    if not scene.lost_since or scene.rule.kind == "technical":
        return ""
    return f"nothing can be seen since {clock(scene.lost_since, scene)}, the hub is cut off"
