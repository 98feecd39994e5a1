"""A core small enough to know by heart, so that tests of the fold and its shell rest on no rule.

A press is said at once, whatever else. Ten minutes without movement are said once (at a tick that is not
blind, with how late it is), cleared by movement, and begin anew when a human closes the alarm. A pill box is
due two minutes after a visit to the kitchen, blind or not. `throws` makes the step throw, as a defect would.
"""

from datetime import UTC, date, datetime

import msgspec

from monitor.stimuli import (
    AlarmWasClosed,
    PersonHasAnswered,
    ReadingArrived,
    Stimulus,
    TimePassed,
    UnregisteredPressArrived,
    WatchChanged,
)
from monitor.subjects import Core
from monitor.watch import Watch
from schema.alarms import Kind
from schema.entries import HomeSet, NumberedDevice, PersonSet, PlanSet, ReadingEntry
from schema.findings import Change, Finding, FindingChange, finding_id
from schema.instants import MINUTE, Instant, instant
from schema.people import Consent, Device
from schema.plans import BedExitRule, ButtonRule, CarePlan, InactivityRule

QUIET = 10 * MINUTE
PILLS = 2 * MINUTE


class SmallState(msgspec.Struct):
    """What the small core knows; `heard` makes every stimulus count, so that a lost or doubled one shows."""

    subject: str
    wake_at: Instant | None = None
    moved_at: Instant | None = None
    pills_at: Instant | None = None
    quiet: Finding | None = None
    heard: int = 0
    blind: list[Instant] = []
    plans: list[int | None] = []


def new_state(watch: Watch) -> SmallState:
    return SmallState(subject=getattr(watch, "person", "") or watch.home)


def timers(state: SmallState, watch: Watch) -> dict[str, Instant]:
    due = {}
    if state.moved_at is not None and state.quiet is None:
        due["quiet"] = state.moved_at + QUIET
    if state.pills_at is not None:
        due["pills"] = state.pills_at + PILLS
    return due


def step(state: SmallState, stimulus: Stimulus, watch: Watch) -> tuple[SmallState, tuple[FindingChange, ...]]:
    state.heard += 1
    said = tuple(_step(state, stimulus, watch))
    state.wake_at = min(timers(state, watch).values(), default=None)
    return state, said


def _step(state: SmallState, stimulus: Stimulus, watch: Watch) -> list[FindingChange]:
    match stimulus:
        case ReadingArrived(entry, at):
            return _reading(state, entry, at, watch)
        case TimePassed():
            return _time(state, stimulus, watch)
        case UnregisteredPressArrived(press, at):
            return [_said("raised", _finding(state, watch, "button", press.observed_at, at), at)]
        case AlarmWasClosed(findings, at) | PersonHasAnswered(findings, at):
            if state.quiet and state.quiet.id in findings:
                state.quiet, state.moved_at = None, at
        case WatchChanged():
            state.plans.append(getattr(watch, "plan_version", None))
    return []


def _reading(state: SmallState, entry: ReadingEntry, at: Instant, watch: Watch) -> list[FindingChange]:
    if entry.value == "throws":
        raise RuntimeError("a defect, on purpose")
    if entry.kind == "button":
        return [_said("raised", _finding(state, watch, "button", entry.observed_at, at), at)]
    if not hasattr(watch, "person"):
        return []  # a home has presses only
    if entry.kind == "pill":
        state.pills_at = entry.observed_at
        return []
    if state.moved_at is not None and entry.observed_at <= state.moved_at:
        return []
    state.moved_at = entry.observed_at
    if state.quiet is None:
        return []
    quiet, state.quiet = state.quiet, None
    return [_said("cleared", quiet, at)]


def _time(state: SmallState, time: TimePassed, watch: Watch) -> list[FindingChange]:
    at, said = time.at, []
    if time.blind:
        state.blind.append(at)
    if state.pills_at is not None and at >= state.pills_at + PILLS:
        said.append(_said("raised", _finding(state, watch, "pills", state.pills_at, at), at))
        state.pills_at = None
    if state.quiet is None and state.moved_at is not None and time.fires_until >= state.moved_at + QUIET:
        state.quiet = _finding(state, watch, "inactivity", state.moved_at, at, late_by=at - state.moved_at - QUIET)
        said.append(_said("raised", state.quiet, at))
    return said


def _finding(state: SmallState, watch: Watch, kind: Kind, onset: Instant, at: Instant, *, late_by: int = 0) -> Finding:
    return Finding(
        id=finding_id(state.subject, kind, None, onset),
        subject_kind=getattr(watch, "subject_kind", "home"),
        subject=state.subject,
        home=watch.home,
        rule=kind,
        rule_name=kind,
        kind=kind,
        device=None,
        onset=onset,
        raised_at=at,
        priority="urgent",
        policy=None,
        reason=kind,
        late_by=late_by,
    )


def _said(change: Change, finding: Finding, at: Instant) -> FindingChange:
    return FindingChange(change=change, finding=finding, at=at)


SMALL = Core(SmallState, new_state, step, timers)

START = instant(datetime(2026, 11, 22, 8, tzinfo=UTC))
"""A Sunday morning, as the tests' logs begin."""


def home_set(name: str = "h1", first: int = 1, person: str | None = None) -> HomeSet:
    """Give a home with a pendant (numbered `first`), a hall sensor, a bed and a pill box after it."""
    kinds = (("pendant-1", "button"), ("motion-1", "motion"), ("bed-1", "bed"), ("pills-1", "pill"))
    devices = tuple(
        NumberedDevice(first + index, Device(id=id_, kind=kind, room="hall", person=person))
        for index, (id_, kind) in enumerate(kinds)
    )
    return HomeSet(home=name, zone="Europe/London", area=None, devices=devices)


def person_set(name: str = "ada", home: str = "h1") -> PersonSet:
    """Give a person who consented to everything the home has."""
    return PersonSet(person=name, home=home, consent=Consent(covers=("motion", "bed", "pill", "door")), absences=())


def plan_set(name: str = "ada", version: int = 1, starts: date | None = None) -> PlanSet:
    """Give a plan with a press, a bed and a silence of ten minutes."""
    rules = (ButtonRule(), BedExitRule(longer_than="20m"), InactivityRule(longer_than="10m"))
    return PlanSet(person=name, version=version, plan=CarePlan(starts=starts, rules=rules))


def reading(device: int, kind: str, value: str, at: Instant, seq: int = 0) -> ReadingEntry:
    """Give a reading observed and received at `at`."""
    return ReadingEntry(device=device, kind=kind, value=value, observed_at=at, received_at=at, seq=seq)


def press(at: Instant, device: int = 1) -> ReadingEntry:
    """Give a press of the pendant."""
    return reading(device, "button", "pressed", at)


def moves(at: Instant, device: int = 2) -> ReadingEntry:
    """Give a movement in the hall."""
    return reading(device, "motion", "detected", at)
