"""One person at a time: `step` and `timers`, the pure core of the service.

Promises: the same stimuli give the same findings, to the id; no stimulus makes `step` raise; a rule that
throws is set aside for this person, with a technical finding, and all others go on; `button` and `fall` are
stepped first. The state is the caller's: `step` may change it in place and returns it. It packs with
msgspec's msgpack as it stands, and a state restored goes on as if nothing had happened.

Most readings only push deadlines away. After those `wake_at` stays where it was, too early at worst, and the
rules are not asked at all; what may bring a deadline nearer has it worked out anew.
"""

from typing import assert_never

import msgspec

from monitor.presence import Presence, forget, note_silent_hub, sight
from monitor.rules import RULES, AnyState
from monitor.rules.calls import CallState
from monitor.seeing import see
from monitor.stimuli import (
    AlarmWasClosed,
    PersonHasAnswered,
    ReadingArrived,
    Stimulus,
    TimePassed,
    UnregisteredPressArrived,
    WatchChanged,
)
from monitor.verdicts import Scene, changes, technical
from monitor.watch import CALLS, Watch, WatchedRule
from monitor.words import clock
from schema.entries import ReadingEntry
from schema.findings import Finding, FindingChange
from schema.instants import Instant

_PLAN_STARTS = "plan"
Said = list[FindingChange]


class PersonState(msgspec.Struct):
    """What the monitor knows of one person."""

    person: str
    wake_at: Instant | None = None  # no timer of the person is due earlier: cheap to ask after every step
    at: Instant = 0  # the log's time of the last stimulus
    plan_runs: bool | None = None  # the plan has started; False: the one before is in force; None: not watched yet
    presence: Presence = msgspec.field(default_factory=Presence)
    rules: dict[str, AnyState] = msgspec.field(default_factory=dict)  # by WatchedRule.key
    busy: list[str] = msgspec.field(default_factory=list)  # rules of which something runs: asked at every reading
    set_aside: dict[str, Finding] = msgspec.field(default_factory=dict)  # rules that threw
    failures: list[str] = msgspec.field(default_factory=list)  # said lately: no finding is raised twice
    idle: list[str] = msgspec.field(default_factory=list)  # rules no longer in force; what they ended stays known


def new_state(watch: Watch) -> PersonState:
    """Return the state of somebody nothing is known of yet; step it with `WatchChanged` to begin."""
    return PersonState(person=watch.person)


def step(state: PersonState, stimulus: Stimulus, watch: Watch) -> tuple[PersonState, tuple[FindingChange, ...]]:
    """Step a person's state; the changes are in the order they are to be said."""
    said: Said = []
    state.at = at = stimulus.at
    if isinstance(stimulus, WatchChanged) or state.plan_runs is not (watch.starts is None or at >= watch.starts):
        _take_up(state, watch, said)
    match stimulus:
        case ReadingArrived(entry):
            if not _reading(state, entry, watch, said):
                return state, tuple(said)
        case TimePassed(_, _, blind):
            sight(state.presence, at, blind=blind)
            for rule in watch.in_force(at):
                _ask(state, Scene(at, rule, watch, state.presence, firing=not blind), said)
        case AlarmWasClosed(findings):
            _closed(state, findings, watch)
        case PersonHasAnswered(findings):
            _answered(state, findings, watch, said)
        case WatchChanged() | UnregisteredPressArrived():
            pass  # taken up above; the other is the home's
        case _:
            assert_never(stimulus)
    state.wake_at = min(timers(state, watch).values(), default=None)
    return state, tuple(said)


def timers(state: PersonState, watch: Watch) -> dict[str, Instant]:
    """Return every deadline that runs, by name, derived from the state. One in the past waits for a live tick."""
    due: dict[str, Instant] = {}
    for rule in watch.in_force(state.at):
        kept = state.rules.get(rule.key)
        if kept is not None and rule.key not in state.set_aside:
            at = _due(kept, Scene(state.at, rule, watch, state.presence))
            if at is not None:
                due[rule.key] = at
    if watch.starts is not None and state.at < watch.starts:
        due[_PLAN_STARTS] = watch.starts
    return due


def _due(kept: AnyState, scene: Scene) -> Instant | None:
    try:
        return RULES[scene.rule.name].due(kept, scene)
    except Exception:  # noqa: BLE001 - at once, then: asked at the next tick, it throws where it is set aside
        return scene.at


def _reading(state: PersonState, entry: ReadingEntry, watch: Watch, said: Said) -> bool:
    """Take a reading in; return whether a deadline may be nearer for it."""
    device = watch.devices.get(entry.device)
    if device is None:
        return False
    call = entry.kind in CALLS
    if call and device.presses:
        _ask_hearing(state, entry, watch, said, calls=True)
    try:
        nearer = see(state.presence, entry, device, watch)
    except Exception as error:  # noqa: BLE001 - what it told is lost; everything else goes on, and it is said
        said.extend(_presence_failed(state, watch, entry, error))
        nearer = True
    if state.busy or entry.kind == "pill":
        _ask_hearing(state, entry, watch, said, calls=False)
    return nearer or bool(said)


def _ask_hearing(state: PersonState, entry: ReadingEntry, watch: Watch, said: Said, *, calls: bool) -> None:
    """Ask the rules that hear this kind of reading, and those of which something runs."""
    for rule in watch.in_force(state.at):
        hears = entry.kind in RULES[rule.name].hears
        if (rule.name in CALLS) == calls and (hears or (not calls and rule.key in state.busy)):
            _ask(state, Scene(state.at, rule, watch, state.presence, reading=entry), said)


def _ask(state: PersonState, scene: Scene, said: Said) -> None:
    """Step one rule. The one place where a rule that throws is caught."""
    key = scene.rule.key
    kept = state.rules.get(key)
    if kept is None or key in state.set_aside:
        return
    try:
        said.extend(changes(kept, scene, RULES[scene.rule.name].step(kept, scene)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rules must run
        said.extend(_failed(state, scene, error))
    _note_busy(state, scene.rule)
    if scene.rule.name == "silence" and kept.running is not None and scene.rule.device == scene.watch.hub:
        note_silent_hub(scene.presence, kept.running.onset)


def _note_busy(state: PersonState, rule: WatchedRule) -> None:
    key = rule.key
    busy = RULES[rule.name].minds(state.rules[key])
    if busy != (key in state.busy):
        state.busy = [*state.busy, key] if busy else [each for each in state.busy if each != key]


def _failed(state: PersonState, scene: Scene, error: Exception) -> Said:
    """Set the rule aside until the watch changes; a call for help is said all the same, and its rule begun anew."""
    rule, reading = scene.rule, scene.reading
    if rule.name not in CALLS:
        reason = f"rule {rule.id} failed and is set aside until plan or home change: {error!r}"
        finding = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=scene.at, reason=reason)
        state.set_aside[rule.key] = finding
        return _say_once(state, finding)
    state.rules[rule.key] = RULES[rule.name].state(since=scene.at, made_of=rule.made_of)  # type: ignore[assignment]
    reason = f"rule {rule.id} failed over a reading: take it for a call for help: {error!r}"
    onset = scene.at if reading is None else reading.observed_at
    device = None if reading is None else scene.watch.devices[reading.device].id
    finding = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=onset, reason=reason, device=device)
    return _say_once(
        state, msgspec.structs.replace(finding, kind=rule.kind, priority=rule.priority, policy=rule.policy)
    )


def _presence_failed(state: PersonState, watch: Watch, entry: ReadingEntry, error: Exception) -> Said:
    """Say that a reading could not be taken in, of each device once until the watch changes."""
    scene = Scene(state.at, watch.in_force(state.at)[0], watch, state.presence)
    device, name = watch.devices[entry.device].id, "presence"
    reason = f"a reading of {device} could not be taken in: {error!r}"
    since = state.rules[scene.rule.key].since
    return _say_once(
        state, technical(scene, rule=f"{name}:failed", name=name, onset=since, reason=reason, device=device)
    )


def _say_once(state: PersonState, finding: Finding) -> Said:
    """Say it, unless it was said: what fails tends to fail again."""
    if finding.id in state.failures:
        return []
    state.failures = [*state.failures[-15:], finding.id]
    return [FindingChange(change="raised", finding=finding, at=state.at)]


def _take_up(state: PersonState, watch: Watch, said: Said) -> None:
    """Go by a new watch: clocks of rules that stay run on, what is no longer watched is cleared."""
    at = state.at
    in_force = {rule.key: rule for rule in watch.in_force(at)}
    state.plan_runs = watch.starts is None or at >= watch.starts
    for finding in state.set_aside.values():
        said.append(_clear(finding, at, "tried again, as plan or home changed"))
    state.set_aside = {}
    why = dict(watch.idle)
    for key, kept in state.rules.items():
        if key not in in_force and key not in state.idle:
            _leave_off(kept, at, f"no longer watched: {why.get(key, 'not in the plan')}", said)
    for key, rule in in_force.items():
        _begin(state, key, rule, said)
    state.idle = [key for key in state.rules if key not in in_force]
    state.busy = [key for key, rule in in_force.items() if RULES[rule.name].minds(state.rules[key])]
    forget(state.presence, watch.devices)


def _begin(state: PersonState, key: str, rule: WatchedRule, said: Said) -> None:
    """Begin with a rule, or go on with one that stays; what it ended before keeps its next finding another."""
    kept, kind = state.rules.get(key), RULES[rule.name].state
    if isinstance(kept, kind) and key not in state.idle:
        if kept.made_of != rule.made_of:
            kept.made_of, kept.edited_at = rule.made_of, state.at
        return
    begun = kind(since=state.at, made_of=rule.made_of)
    if kept is not None:
        _leave_off(kept, state.at, "the rule is another now", said)
        begun.ended_for, begun.ended_at = kept.ended_for, kept.ended_at
    if isinstance(kept, CallState) and isinstance(begun, CallState):
        begun.known = kept.known
    state.rules[key] = begun  # type: ignore[assignment]


def _leave_off(kept: AnyState, at: Instant, why: str, said: Said) -> None:
    said.extend(_clear(each, at, why) for each in (kept.running, kept.unseen) if each is not None)
    if kept.running is not None:
        kept.end(at, covering=at)
    kept.unseen = None


def _closed(state: PersonState, findings: tuple[str, ...], watch: Watch) -> None:
    """Restart the clocks of what still ran. What could not be seen stays said until it can."""
    for rule in watch.in_force(state.at):
        kept = state.rules.get(rule.key)
        if kept is not None and kept.running is not None and kept.running.id in findings:
            kept.end(state.at, covering=state.at)
            _note_busy(state, rule)


def _answered(state: PersonState, findings: tuple[str, ...], watch: Watch, said: Said) -> None:
    """Clear what asked; presses and falls never wait for an answer and are not ended by one."""
    for rule in watch.in_force(state.at):
        kept = state.rules.get(rule.key)
        if rule.name in CALLS or kept is None or kept.running is None or kept.running.id not in findings:
            continue
        scene = Scene(state.at, rule, watch, state.presence)
        said.append(_clear(kept.running, state.at, f"answered to be well {clock(state.at, scene)}"))
        kept.end(state.at, covering=state.at)
        _note_busy(state, rule)


def _clear(finding: Finding, at: Instant, why: str) -> FindingChange:
    return FindingChange(change="cleared", finding=finding, at=at, why=why)
