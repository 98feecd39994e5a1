"""One person at a time: `step` and `timers`, the pure core of the service.

Promises: the same stimuli give the same findings, to the id; no stimulus makes `step` raise; a rule that
throws is set aside for this person, with a technical finding, and all others go on; `button` and `fall` are
stepped first. The state (`monitor.person_state`) is the caller's: `step` may change it in place and returns it; packed
and taken up again it goes on as if nothing had happened.

Most readings only push deadlines away. After those `wake_at` stays where it was, too early at worst, and the
rules are not asked at all; what may bring a deadline nearer has it worked out anew.
"""

from typing import assert_never
from zlib import crc32

import msgspec

from monitor.noting import entered, found_again, stood
from monitor.person_state import PersonState, beginning, keep, kept_of
from monitor.presence import (
    EVERYTHING,
    IN_BED,
    NOTHING,
    OUT,
    STATE,
    STIRRING,
    forget,
    held,
    moved_home,
    new_presence,
    note_silent_hub,
    sight,
)
from monitor.rules import HEARD, RULES, AnyState
from monitor.rules.calls import CallState
from monitor.seeing import HAVE_STATE, made_ready, see
from monitor.standing import TOLD_AS_STATE
from monitor.stimuli import (
    AlarmWasClosed,
    PersonHasAnswered,
    ReadingArrived,
    Stimulus,
    TimePassed,
    UnregisteredPressArrived,
    WatchChanged,
)
from monitor.trail import stand_still
from monitor.verdicts import Scene, changes, technical
from monitor.watch import CALLING, CALLS, Outlook, Watch, WatchedDevice, WatchedRule
from monitor.words import clock
from schema.entries import ReadingEntry
from schema.findings import Finding, FindingChange
from schema.instants import Instant

_PLAN_STARTS = "plan"
_NOTHING_SAID: tuple[FindingChange, ...] = ()
Said = list[FindingChange]


def new_state(watch: Watch) -> PersonState:  # noqa: ARG001 - the shape all subjects share
    """Return the state of somebody nothing is known of yet; step it with `WatchChanged` to begin."""
    return PersonState(new_presence())


def step(state: PersonState, stimulus: Stimulus, watch: Watch) -> tuple[PersonState, tuple[FindingChange, ...]]:
    """Step a person's state; the changes are in the order they are to be said."""
    said: Said = []
    state.presence.at = stimulus.at
    starts = watch.outlook.starts
    if state.plan_runs is not (starts is None or stimulus.at >= starts) or isinstance(stimulus, WatchChanged):
        _take_up(state, watch, said)
    # Nearly all are readings, and nearly all of those bring no deadline nearer.
    if isinstance(stimulus, ReadingArrived):
        if not _reading(state, stimulus.entry, stimulus.place or stimulus.entry.device, watch, said) and not said:
            return state, _NOTHING_SAID
    elif not _other(state, stimulus, watch, said) and not said:
        return state, _NOTHING_SAID
    wake_at = min(timers(state, watch).values(), default=None)
    if wake_at != state.wake_at:  # else it stays the very number the agenda holds as well
        state.wake_at = wake_at
    return state, tuple(said)


def _other(state: PersonState, stimulus: Stimulus, watch: Watch, said: Said) -> bool:
    """Step with what is no reading; return whether any deadline at all may be nearer for it."""
    match stimulus:
        case TimePassed():
            sight(state.presence, stimulus.at, blind=stimulus.blind)
            return _passed(state, watch, said, fires_until=stimulus.fires_until)
        case AlarmWasClosed(findings):
            _closed(state, findings, watch)
        case PersonHasAnswered(findings):
            _answered(state, findings, watch, said)
        case ReadingArrived() | WatchChanged() | UnregisteredPressArrived():
            pass  # stepped and taken up before this; the last is the home's
        case _:
            assert_never(stimulus)
    return True


def timers(state: PersonState, watch: Watch) -> dict[str, Instant]:
    """Return every deadline that runs, by name, derived from the state. One in the past waits for a live tick."""
    due: dict[str, Instant] = {}
    for rule in watch.outlook.in_force(state.presence.at) if state.plan_runs is not None else ():
        if rule.key not in state.own.set_aside:
            at = _due(kept_of(state, rule), _scene(state, rule, watch))
            if at is not None:
                due[rule.key] = at
    starts = watch.outlook.starts
    if starts is not None and state.presence.at < starts:
        due[_PLAN_STARTS] = starts
    return due


def _scene(
    state: PersonState,
    rule: WatchedRule,
    watch: Watch,
    reading: ReadingEntry | None = None,
    *,
    fires_until: Instant = 0,
) -> Scene:
    presence, own = state.presence, state.own
    return Scene(presence.at, rule, watch, presence, watch.outlook, reading, fires_until, own.standing, own.entered_at)


def _due(kept: AnyState, scene: Scene) -> Instant | None:
    try:
        return RULES[scene.rule.name].due(kept, scene)
    except Exception:  # noqa: BLE001 - at once, then: asked at the next tick, it throws where it is set aside
        return scene.at


def _passed(state: PersonState, watch: Watch, said: Said, *, fires_until: Instant) -> bool:
    """Ask the rules whose time has come, and those of which something runs.

    Return whether any was asked; else it is known by then when to wake.
    """
    starts, asked = watch.outlook.starts, False
    wake_at = starts if starts is not None and state.presence.at < starts else None
    for rule in watch.outlook.in_force(state.presence.at):
        if rule.key in state.own.set_aside:
            continue
        if rule.key not in state.own.busy:
            due = _due(kept_of(state, rule), _scene(state, rule, watch))
            if due is None:
                continue
            if due > fires_until:
                wake_at = due if wake_at is None else min(wake_at, due)
                continue
        asked = True
        _ask(state, _scene(state, rule, watch, fires_until=fires_until), said)
    if not asked and wake_at != state.wake_at:
        state.wake_at = wake_at
    return asked


def _reading(  # noqa: C901 - the order in which a reading is taken in, seen at once
    state: PersonState, entry: ReadingEntry, place: int, watch: Watch, said: Said
) -> bool:
    """Take a reading in; return whether any deadline at all may be nearer for it."""
    device = watch.outlook.devices.get(place)
    if device is None:
        return False
    kind = entry.kind
    if kind in CALLING and device.presses:
        _ask_hearing(state, entry, place, watch, said, calls=True)
    before = state.presence.life_by
    try:
        if kind in HAVE_STATE:
            state.presence = made_ready(state.presence, kind, device)
        moved = see(state.presence, entry, device, watch.outlook)
    except Exception as error:  # noqa: BLE001 - what it told is lost; everything else goes on, and it is said
        said.extend(_presence_failed(state, watch, place, error))
        state.presence.held |= IN_BED | OUT | STIRRING  # nobody knows: worked out anew at the next reading
        moved = EVERYTHING
    if device.stays and entered(state, before, device, watch.outlook):
        moved |= EVERYTHING
    if (kind in TOLD_AS_STATE or entry.battery is not None) and _stands(state, entry, device, watch, said):
        moved |= EVERYTHING
    if state.own.busy or kind in HEARD:
        _ask_hearing(state, entry, place, watch, said, calls=False)
    if moved == NOTHING:
        return False
    if moved & EVERYTHING or state.own.busy:
        return True
    if moved != STATE:
        _wake_for(state, moved, place, watch)
    return False


def _stands(state: PersonState, entry: ReadingEntry, device: WatchedDevice, watch: Watch, said: Said) -> bool:
    """Note what the device says until it says otherwise, and ask the rules about it; tell whether any of it turned."""
    kinds = stood(state, entry, device)
    if not kinds:
        return False
    reading = entry if entry.device == device.number else msgspec.structs.replace(entry, device=device.number)
    for rule in watch.outlook.in_force(state.presence.at):
        if RULES[rule.name].stands_on & kinds:
            _ask(state, _scene(state, rule, watch, reading), said)
    return True


def _wake_for(state: PersonState, moved: int, place: int, watch: Watch) -> None:
    """Wake earlier, where what moved has brought a deadline nearer."""
    for rule in _moved_by(moved, place, watch.outlook, state.presence.at):
        if rule.key not in state.own.set_aside:
            due = _due(kept_of(state, rule), _scene(state, rule, watch))
            if due is not None and (state.wake_at is None or due < state.wake_at):
                state.wake_at = due


def _moved_by(moved: int, place: int, outlook: Outlook, at: Instant) -> list[WatchedRule]:
    """Return the rules whose time may be nearer for it."""
    in_force = outlook.in_force(at)
    key = moved, place, in_force is outlook.rules
    rules: list[WatchedRule] | None = outlook.aside.get(key)
    if rules is None:
        rules = outlook.aside[key] = [each for each in in_force if RULES[each.name].is_moved(each, moved, place)]
    return rules


def _ask_hearing(state: PersonState, entry: ReadingEntry, place: int, watch: Watch, said: Said, *, calls: bool) -> None:
    """Ask the rules that hear this kind of reading, and those of which something runs."""
    reading = entry if entry.device == place else msgspec.structs.replace(entry, device=place)
    for rule in watch.outlook.in_force(state.presence.at):
        hears = entry.kind in RULES[rule.name].hears
        if (rule.name in CALLS) == calls and (hears or (not calls and rule.key in state.own.busy)):
            _ask(state, _scene(state, rule, watch, reading), said)


def _ask(state: PersonState, scene: Scene, said: Said) -> None:
    """Step one rule. The one place where a rule that throws is caught."""
    rule = scene.rule
    if rule.key in state.own.set_aside:
        return
    kept = kept_of(state, rule)
    try:
        said.extend(changes(kept, scene, RULES[rule.name].step(kept, scene)))
        keep(state, rule, kept)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rules must run
        said.extend(_failed(state, scene, kept, error))
    _note_busy(state, rule)
    if rule.name == "silence" and kept.running is not None and rule.device == scene.watch.hub:
        note_silent_hub(scene.presence, kept.running.onset)


def _note_busy(state: PersonState, rule: WatchedRule) -> None:
    key = rule.key
    busy = RULES[rule.name].minds(kept_of(state, rule))
    if busy != (key in state.own.busy):
        others = tuple(each for each in state.own.busy if each != key)
        state.note(busy=(*others, key) if busy else others)


def _failed(state: PersonState, scene: Scene, kept: AnyState, error: Exception) -> Said:
    """Set the rule aside until the watch changes; a call for help is said all the same, and its rule begun anew."""
    rule, reading = scene.rule, scene.reading
    if rule.name not in CALLS:
        reason = f"rule {rule.id} failed and is set aside until plan or home change: {error!r}"
        finding = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=scene.at, reason=reason)
        state.note(set_aside={**state.own.set_aside, rule.key: finding})
        keep(state, rule, kept)
        return _say_once(state, finding)
    begun: AnyState = RULES[rule.name].state(since=scene.at, made_of=rule.made_of)  # type: ignore[assignment]
    keep(state, rule, begun)
    reason = f"rule {rule.id} failed over a reading: take it for a call for help: {error!r}"
    onset = scene.at if reading is None else reading.observed_at
    device = None if reading is None else scene.watch.devices[reading.device].id
    finding = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=onset, reason=reason, device=device)
    return _say_once(
        state, msgspec.structs.replace(finding, kind=rule.kind, priority=rule.priority, policy=rule.policy)
    )


def _presence_failed(state: PersonState, watch: Watch, place: int, error: Exception) -> Said:
    """Say that a reading could not be taken in, of each device once until the watch changes."""
    scene = _scene(state, watch.outlook.in_force(state.presence.at)[0], watch)
    device, name = watch.outlook.devices[place].id, "presence"
    reason = f"a reading of {device} could not be taken in: {error!r}"
    since = kept_of(state, scene.rule).since
    return _say_once(
        state, technical(scene, rule=f"{name}:failed", name=name, onset=since, reason=reason, device=device)
    )


def _say_once(state: PersonState, finding: Finding) -> Said:
    """Say it, unless it was said: what fails tends to fail again."""
    if finding.id in state.own.failures:
        return []
    state.note(failures=(*state.own.failures[-15:], finding.id))
    return [FindingChange(change="raised", finding=finding, at=state.presence.at)]


def _take_up(state: PersonState, watch: Watch, said: Said) -> None:
    """Go by a new watch: clocks of rules that stay run on, what is no longer watched is cleared."""
    at, outlook = state.presence.at, watch.outlook
    if state.plan_runs is None:
        state.presence.since = at
    in_force = {rule.key: rule for rule in outlook.in_force(at)}
    state.plan_runs = outlook.starts is None or at >= outlook.starts
    for finding in state.own.set_aside.values():
        said.append(_clear(finding, at, "tried again, as plan or home changed"))
    state.note(set_aside={})
    rules = {key: beginning(state, name, made_of) for key, name, made_of in state.made} | state.own.rules
    why = dict(outlook.idle)
    for key, kept in rules.items():
        if key not in in_force and key not in state.own.idle:
            _leave_off(kept, at, f"no longer watched: {why.get(key, 'not in the plan')}", said)
    for key, rule in in_force.items():
        rules[key] = _begin(state, rule, rules.get(key), said)
    _settle(state, rules, in_force)
    state.made = outlook.made_at(at)
    _find_place(state, watch)


def _begin(state: PersonState, rule: WatchedRule, kept: AnyState | None, said: Said) -> AnyState:
    """Begin with a rule, or go on with one that stays; what it ended before keeps its next finding another."""
    kind = RULES[rule.name].state
    if isinstance(kept, kind) and rule.key not in state.own.idle:
        if kept.made_of != rule.made_of:
            begins = kept.since == state.presence.at  # edited before anything could happen: it is as it begins
            kept.made_of, kept.edited_at = rule.made_of, 0 if begins else state.presence.at
        return kept
    begun: AnyState = kind(since=state.presence.at, made_of=rule.made_of)  # type: ignore[assignment]
    if kept is not None:
        _leave_off(kept, state.presence.at, "the rule is another now", said)
        begun.ended_for, begun.ended_at = kept.ended_for, kept.ended_at
    if isinstance(kept, CallState) and isinstance(begun, CallState):
        begun.known = kept.known
    return begun


def _settle(state: PersonState, rules: dict[str, AnyState], in_force: dict[str, WatchedRule]) -> None:
    """Keep of these what is not as it began, note what is idle and what runs."""
    idle = {key: kept for key, kept in rules.items() if key not in in_force and _remembers(kept)}
    state.note(idle=tuple(idle), rules=idle, busy=())
    for key, rule in in_force.items():
        keep(state, rule, rules[key])
        _note_busy(state, rule)


def _remembers(kept: AnyState) -> bool:
    """Tell whether a rule no longer in force leaves anything to know: what it ended, or calls heard."""
    return bool(kept.ended_for or kept.ended_at or (isinstance(kept, CallState) and kept.known))


def _find_place(state: PersonState, watch: Watch) -> None:
    """Have room in presence for the home's devices; of another home, none is the device it was."""
    home = crc32(watch.home.encode())
    if state.presence.moving_by:
        stand_still(state.presence)  # where that is may be another thing from now on
    if state.presence.home != home:
        state.presence = moved_home(state.presence, home)
        state.note(standing={})
    presence = state.presence = forget(state.presence, watch.outlook)
    presence.held = held(presence, watch.outlook)
    if not presence.held & OUT:
        presence.doubted = ()
    found_again(state, watch.outlook)


def _leave_off(kept: AnyState, at: Instant, why: str, said: Said) -> None:
    said.extend(_clear(each, at, why) for each in (kept.running, kept.unseen) if each is not None)
    if kept.running is not None:
        kept.end(at, covering=at)
    kept.unseen = None


def _closed(state: PersonState, findings: tuple[str, ...], watch: Watch) -> None:
    """Restart the clocks of what still ran. What could not be seen stays said until it can."""
    for rule in watch.outlook.in_force(state.presence.at):
        kept = state.own.rules.get(rule.key)
        if kept is not None and kept.running is not None and kept.running.id in findings:
            kept.end(state.presence.at, covering=state.presence.at)
            _note_busy(state, rule)


def _answered(state: PersonState, findings: tuple[str, ...], watch: Watch, said: Said) -> None:
    """Clear what asked; presses and falls never wait for an answer and are not ended by one."""
    for rule in watch.outlook.in_force(state.presence.at):
        kept = state.own.rules.get(rule.key)
        if rule.name in CALLS or kept is None or kept.running is None or kept.running.id not in findings:
            continue
        scene = _scene(state, rule, watch)
        said.append(_clear(kept.running, state.presence.at, f"answered to be well {clock(state.presence.at, scene)}"))
        kept.end(state.presence.at, covering=state.presence.at)
        _note_busy(state, rule)


def _clear(finding: Finding, at: Instant, why: str) -> FindingChange:
    return FindingChange(change="cleared", finding=finding, at=at, why=why)
