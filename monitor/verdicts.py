"""What a rule is shown and what it may say: the shape all rules share.

A rule keeps a `State`, is shown a `Scene`, and says `Raise`, `Update` or `Clear`. Ids, priorities, lateness
and test marks are nobody's business but `changes`: a rule cannot get them wrong.
"""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from monitor.presence import NOTHING, Presence, lost_since
from monitor.standing import AllStanding
from monitor.watch import Outlook, Watch, WatchedRule
from schema.alarms import Certainty, Priority
from schema.entries import ReadingEntry
from schema.findings import Change, Evidence, Finding, FindingChange, finding_id
from schema.instants import SECOND, Duration, Instant

LATE_AFTER: Duration = 5 * SECOND
"""Ticks come every second; what fires later than this after it was due says so."""
MOST_EVIDENCE = 12


class State(msgspec.Struct, tag_field="rule"):
    """What every rule keeps of a subject."""

    since: Instant  # since when the rule has watched this subject
    made_of: int = 0  # what it said when last edited (WatchedRule.made_of), and when that was
    edited_at: Instant = 0
    running: Finding | None = None  # raised and not cleared: what overlaps joins it
    raised_for: Instant = 0  # the onset of what is running, as evidence has it by now
    ended_for: Instant = 0  # onsets up to this one have had their finding
    ended_at: Instant = 0  # and their clock starts anew here
    unseen: Finding | None = None  # came due while the home could not be seen: said as that, and nothing else

    def begins(self, onset: Instant) -> Instant:
        """Return where the clock of what began at `onset` starts: where the last finding ended, if it is the same."""
        return onset if onset > self.ended_for else max(onset, self.ended_at)

    def end(self, at: Instant, covering: Instant) -> None:
        """Note that the finding is over at `at`; what began up to `covering` counts anew from there."""
        self.running = None
        self.ended_for, self.ended_at = max(self.ended_for, covering), at


class Scene(msgspec.Struct, frozen=True):
    """What a rule is shown: the person's presence, and what just happened."""

    at: Instant  # the log's time
    rule: WatchedRule
    whose: Watch
    presence: Presence
    watch: Outlook  # of `whose`
    reading: ReadingEntry | None = None  # what just arrived, its device by its place in the home
    fires_until: Instant = 0  # time has passed, and all that was sent before then was heard: what was due may fire
    standing: AllStanding = {}  # what devices say until they say otherwise
    entered_at: Instant = 0  # since when they are in the room where they were seen last, if a rule asks about that

    @property
    def lost_since(self) -> Instant:
        """Since when the home is cut off: nothing from there can be seen. 0 while it is not."""
        return lost_since(self.presence)


class Raise(msgspec.Struct, frozen=True, kw_only=True):
    """The rule came true. `due` is when it should have been said."""

    onset: Instant
    due: Instant
    reason: str
    device: str | None = None
    evidence: tuple[Evidence, ...] = ()
    certainty: Certainty = "certain"
    raised_for: Instant | None = None  # the onset of the facts, where the clock started later


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What runs is known better, or has happened again."""

    reason: str
    evidence: tuple[Evidence, ...] = ()
    onset: Instant | None = None
    certainty: Certainty | None = None
    priority: Priority | None = None  # more pressing than it was


class Clear(msgspec.Struct, frozen=True):
    """What ran has ended, on evidence."""

    why: str


class CannotSee(msgspec.Struct, frozen=True):
    """The rule is due and nobody can tell, as the home is cut off: never 'inactive', never 'fine'."""

    reason: str
    since: Instant = 0  # since when; 0: since the home is cut off


class SeesAgain(msgspec.Struct, frozen=True):
    """The home is back: from here on the rule judges what it sees."""

    why: str


Verdict = Raise | Update | Clear | CannotSee | SeesAgain


class Rule:
    """One rule: the state it keeps, `step` for what it is shown, `due` for when it wants to be asked again.

    `hears` names the kinds of reading that concern it even while nothing of it runs; readings of other kinds
    reach it through `presence`, when it is next asked. `stands_on` names kinds of what devices say until they say
    otherwise (`monitor.standing`): it is asked when that turns. `moved_by` says what may bring nearer what it is
    `due` while nothing of it runs, as `monitor.presence` names it: all else leaves that where it was, or pushes it
    away.
    """

    name: ClassVar[str]
    state: ClassVar[type[State]]
    hears: ClassVar[frozenset[str]] = frozenset()
    stands_on: ClassVar[frozenset[str]] = frozenset()
    moved_by: ClassVar[int] = NOTHING

    def is_moved(self, rule: WatchedRule, moved: int, place: int) -> bool:  # noqa: ARG002 - some mind one device alone
        """Tell whether a reading that moved this, of the device in this place, may bring nearer what it is due."""
        return bool(moved & self.moved_by)

    def minds(self, state: State) -> bool:
        """Tell whether any reading may now end or change something of it: it is then asked at each."""
        return state.running is not None or state.unseen is not None

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Judge; the state may be changed in place, save for what the base class keeps."""
        raise NotImplementedError

    def due(self, state: State, scene: Scene) -> Instant | None:
        """Return when it is to be asked at the latest if nothing arrives; None, as here: no clock runs."""


def changes(state: State, scene: Scene, verdicts: Iterable[Verdict]) -> list[FindingChange]:
    """Turn verdicts into what is said of findings, and keep what runs. A finding that runs is not raised again."""
    said = []
    for verdict in verdicts:
        match verdict:
            case Raise() if state.running is None:
                state.running = _finding(scene, verdict)
                state.raised_for = verdict.onset if verdict.raised_for is None else verdict.raised_for
                said.append(_say("raised", state.running, scene))
            case Update() if state.running is not None:
                state.running = _better(state.running, verdict)
                if verdict.onset is not None:
                    state.raised_for = verdict.onset
                said.append(_say("updated", state.running, scene))
            case Clear(why) if state.running is not None:
                said.append(_say("cleared", state.running, scene, why))
                state.end(scene.at, max(state.raised_for, state.running.onset))
            case CannotSee(reason, since) if state.unseen is None:
                state.unseen = _unseen(state, scene, reason, since or scene.lost_since)
                said.append(_say("raised", state.unseen, scene))
            case SeesAgain(why) if state.unseen is not None:
                said.append(_say("cleared", state.unseen, scene, why))
                state.unseen = None
            case _:
                pass  # a rule that repeats itself: the finding already runs, or has ended
    return said


def _say(change: Change, finding: Finding, scene: Scene, why: str = "") -> FindingChange:
    return FindingChange(change=change, finding=finding, at=scene.at, why=why)


def _finding(scene: Scene, verdict: Raise) -> Finding:
    rule, late = scene.rule, scene.at - verdict.due
    return Finding(
        id=finding_id(scene.whose.person, rule.id, verdict.device, verdict.onset),
        subject_kind=scene.whose.subject_kind,
        subject=scene.whose.person,
        home=scene.whose.home,
        rule=rule.id,
        rule_name=rule.name,
        kind=rule.kind,
        device=verdict.device,
        onset=verdict.onset,
        raised_at=scene.at,
        priority=rule.priority,
        policy=rule.policy,
        reason=verdict.reason,
        certainty=verdict.certainty,
        evidence=verdict.evidence[-MOST_EVIDENCE:],
        late_by=late if late > LATE_AFTER else 0,
        test=testing(scene),
    )


def _better(finding: Finding, verdict: Update) -> Finding:
    return msgspec.structs.replace(
        finding,
        reason=verdict.reason,
        evidence=verdict.evidence[-MOST_EVIDENCE:] or finding.evidence,
        onset=finding.onset if verdict.onset is None else verdict.onset,
        certainty=verdict.certainty or finding.certainty,
        priority=verdict.priority or finding.priority,
    )


def testing(scene: Scene) -> bool:
    """Tell whether an installer tests the home."""
    return scene.watch.test_until is not None and scene.at < scene.watch.test_until


def technical(scene: Scene, *, rule: str, name: str, onset: Instant, reason: str, device: str | None = None) -> Finding:
    """Return a finding about the equipment or this service, beside the rule's own."""
    return Finding(
        id=finding_id(scene.whose.person, rule, device, onset),
        subject_kind=scene.whose.subject_kind,
        subject=scene.whose.person,
        home=scene.whose.home,
        rule=rule,
        rule_name=name,
        kind="technical",
        device=device,
        onset=onset,
        raised_at=scene.at,
        priority="routine",
        policy=None,
        reason=reason,
        test=testing(scene),
    )


def _unseen(state: State, scene: Scene, reason: str, since: Instant) -> Finding:
    rule = scene.rule
    lost = scene.lost_since and scene.watch.hub is not None
    hub = scene.watch.devices.get(scene.watch.hub or 0) if lost else None
    return technical(
        scene,
        rule=f"{rule.id}:unseen",
        name=rule.name,
        onset=max(since, state.since),
        reason=reason,
        device=hub.id if hub else None,
    )
