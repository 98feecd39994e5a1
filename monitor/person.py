"""One person at a time: `step` and `timers`, the pure core of the service.

Promises: the same stimuli give the same findings, to the id; no stimulus makes `step` raise; a rule that
throws is set aside for this person, with a technical finding, and all others go on; `button` and `fall` are
stepped first. The state is the caller's: `step` may change it in place and returns it. It packs as it stands
(`pack`), and a state taken up again goes on as if nothing had happened.

Most readings only push deadlines away. After those `wake_at` stays where it was, too early at worst, and the
rules are not asked at all; what may bring a deadline nearer has it worked out anew.
A rule of which nothing is to be remembered has no state: it is as it began (`beginning`).
"""

from functools import lru_cache
from struct import Struct
from typing import assert_never
from zlib import crc32

import msgspec

from monitor.presence import Presence, Room, Spot, forget, moved, new_presence, note_silent_hub, sight, taken_up
from monitor.rules import RULES, AnyState
from monitor.rules.calls import CallState
from monitor.seeing import made_ready, see
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
from monitor.watch import CALLS, Made, Watch, WatchedRule
from monitor.words import clock
from schema.entries import ReadingEntry
from schema.findings import Finding, FindingChange
from schema.instants import Instant

_PLAN_STARTS = "plan"
_NO_RULES: dict[str, AnyState] = {}
_NONE_ASIDE: dict[str, Finding] = {}
Said = list[FindingChange]


class PersonState(msgspec.Struct, gc=False):
    """What the monitor knows of one person. No part of it is changed in place but `presence` and what `rules` keep."""

    presence: Presence
    wake_at: Instant | None = None  # no timer of the person is due earlier: cheap to ask after every step
    at: Instant = 0  # the log's time of the last stimulus
    since: Instant = 0  # since when they are watched
    plan_runs: bool | None = None  # the plan has started; False: the one before is in force; None: not watched yet
    made: Made = ()  # the rules in force, as they were when the watch last changed
    rules: dict[str, AnyState] = msgspec.field(default_factory=lambda: _NO_RULES)  # by key: those not as they began
    busy: tuple[str, ...] = ()  # rules of which something runs: asked at every reading
    set_aside: dict[str, Finding] = msgspec.field(default_factory=lambda: _NONE_ASIDE)  # rules that threw
    failures: tuple[str, ...] = ()  # said lately: no finding is raised twice
    idle: tuple[str, ...] = ()  # rules no longer in force; what they ended stays known


def new_state(watch: Watch) -> PersonState:  # noqa: ARG001 - the shape all subjects share
    """Return the state of somebody nothing is known of yet; step it with `WatchChanged` to begin."""
    return PersonState(new_presence())


def step(state: PersonState, stimulus: Stimulus, watch: Watch) -> tuple[PersonState, tuple[FindingChange, ...]]:
    """Step a person's state; the changes are in the order they are to be said."""
    said: Said = []
    state.at = at = stimulus.at
    outlook = watch.outlook
    if isinstance(stimulus, WatchChanged) or state.plan_runs is not (outlook.starts is None or at >= outlook.starts):
        _take_up(state, watch, said)
    match stimulus:
        case ReadingArrived(entry, _, place):
            if not _reading(state, entry, place or entry.device, watch, said):
                return state, tuple(said)
        case TimePassed():
            sight(state.presence, at, blind=stimulus.blind)
            for rule in outlook.in_force(at):
                _ask(state, _scene(state, rule, watch, fires_until=stimulus.fires_until), said)
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
    for rule in watch.outlook.in_force(state.at) if state.plan_runs is not None else ():
        if rule.key not in state.set_aside:
            at = _due(_kept(state, rule), _scene(state, rule, watch))
            if at is not None:
                due[rule.key] = at
    starts = watch.outlook.starts
    if starts is not None and state.at < starts:
        due[_PLAN_STARTS] = starts
    return due


class _Common(msgspec.Struct, array_like=True, frozen=True):
    """What a state has in common with many others, so that a checkpoint holds it once for all of them."""

    room: tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    made: Made
    blind: tuple[tuple[Instant, Instant], ...]
    plan_runs: bool | None


class _Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """What few states have at all."""

    rules: dict[str, AnyState] = {}
    busy: tuple[str, ...] = ()
    set_aside: dict[str, Finding] = {}
    failures: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    seen: tuple[Spot, ...] = ()
    doubted: tuple[Spot, ...] = ()


_TIMES = Struct("<3q")
_common_decoder, _own_decoder = msgspec.msgpack.Decoder(_Common), msgspec.msgpack.Decoder(_Own)
_NOTHING_OWN = _Own()


def pack(state: PersonState) -> tuple[bytes, bytes, bytes]:
    """Pack a state: what it has in common with many others, what is its own, and words that are mostly instants."""
    presence = state.presence
    common = _Common(presence.room, state.made, presence.blind, state.plan_runs)
    own = _Own(state.rules, state.busy, state.set_aside, state.failures, state.idle, presence.seen, presence.doubted)
    times = _TIMES.pack(-1 if state.wake_at is None else state.wake_at, state.at, state.since)
    owned = b"" if own == _NOTHING_OWN else msgspec.msgpack.encode(own)
    return msgspec.msgpack.encode(common), owned, times + bytes(presence)


@lru_cache(maxsize=4096)
def _common_of(packed: bytes) -> tuple[Room, _Common]:
    common = _common_decoder.decode(packed)
    return Room(*common.room), common


def unpack(common_bytes: bytes, owned: bytes, words: bytes) -> PersonState:
    """Return the state that was packed; msgspec.DecodeError or ValueError where it is of another make."""
    room, common = _common_of(common_bytes)
    if len(words) < _TIMES.size:
        raise ValueError("a state's words are cut short")
    wake_at, at, since = _TIMES.unpack_from(words)
    presence = taken_up(room, words, _TIMES.size)
    presence.blind = common.blind
    state = PersonState(presence, None if wake_at == -1 else wake_at, at, since, common.plan_runs, common.made)
    if owned:
        own = _own_decoder.decode(owned)
        presence.seen, presence.doubted = own.seen, own.doubted
        state.rules, state.busy, state.set_aside = own.rules, own.busy, own.set_aside
        state.failures, state.idle = own.failures, own.idle
    return state


def beginning(state: PersonState, name: str, made_of: int) -> AnyState:
    """Return what a rule of this name keeps as long as nothing has happened that it must remember."""
    begun: AnyState = RULES[name].state(since=state.since, made_of=made_of)  # type: ignore[assignment]
    return begun


def _kept(state: PersonState, rule: WatchedRule) -> AnyState:
    return state.rules.get(rule.key) or beginning(state, rule.name, rule.made_of)


def _keep(state: PersonState, rule: WatchedRule, kept: AnyState) -> None:
    """Keep what the rule has to remember, if it has anything."""
    known = state.rules.get(rule.key)
    if kept == beginning(state, rule.name, rule.made_of):
        if known is not None:
            state.rules = {key: each for key, each in state.rules.items() if key != rule.key}
    elif known is not kept:
        state.rules = {**state.rules, rule.key: kept}


def _scene(
    state: PersonState,
    rule: WatchedRule,
    watch: Watch,
    reading: ReadingEntry | None = None,
    *,
    fires_until: Instant = 0,
) -> Scene:
    return Scene(state.at, rule, watch, state.presence, watch.outlook, reading, fires_until)


def _due(kept: AnyState, scene: Scene) -> Instant | None:
    try:
        return RULES[scene.rule.name].due(kept, scene)
    except Exception:  # noqa: BLE001 - at once, then: asked at the next tick, it throws where it is set aside
        return scene.at


def _reading(state: PersonState, entry: ReadingEntry, place: int, watch: Watch, said: Said) -> bool:
    """Take a reading in; return whether a deadline may be nearer for it."""
    outlook = watch.outlook
    device = outlook.devices.get(place)
    if device is None:
        return False
    kind = entry.kind
    if kind in CALLS and device.presses:
        _ask_hearing(state, entry, place, watch, said, calls=True)
    try:
        state.presence = made_ready(state.presence, kind, device)
        nearer = see(state.presence, entry, device, outlook)
    except Exception as error:  # noqa: BLE001 - what it told is lost; everything else goes on, and it is said
        said.extend(_presence_failed(state, watch, place, error))
        nearer = True
    if state.busy or kind == "pill":
        _ask_hearing(state, entry, place, watch, said, calls=False)
    return nearer or bool(said)


def _ask_hearing(state: PersonState, entry: ReadingEntry, place: int, watch: Watch, said: Said, *, calls: bool) -> None:
    """Ask the rules that hear this kind of reading, and those of which something runs."""
    reading = entry if entry.device == place else msgspec.structs.replace(entry, device=place)
    for rule in watch.outlook.in_force(state.at):
        hears = entry.kind in RULES[rule.name].hears
        if (rule.name in CALLS) == calls and (hears or (not calls and rule.key in state.busy)):
            _ask(state, _scene(state, rule, watch, reading), said)


def _ask(state: PersonState, scene: Scene, said: Said) -> None:
    """Step one rule. The one place where a rule that throws is caught."""
    rule = scene.rule
    if rule.key in state.set_aside:
        return
    kept = _kept(state, rule)
    try:
        said.extend(changes(kept, scene, RULES[rule.name].step(kept, scene)))
        _keep(state, rule, kept)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rules must run
        said.extend(_failed(state, scene, kept, error))
    _note_busy(state, rule)
    if rule.name == "silence" and kept.running is not None and rule.device == scene.watch.hub:
        note_silent_hub(scene.presence, kept.running.onset)


def _note_busy(state: PersonState, rule: WatchedRule) -> None:
    key = rule.key
    busy = RULES[rule.name].minds(_kept(state, rule))
    if busy != (key in state.busy):
        state.busy = (*state.busy, key) if busy else tuple(each for each in state.busy if each != key)


def _failed(state: PersonState, scene: Scene, kept: AnyState, error: Exception) -> Said:
    """Set the rule aside until the watch changes; a call for help is said all the same, and its rule begun anew."""
    rule, reading = scene.rule, scene.reading
    if rule.name not in CALLS:
        reason = f"rule {rule.id} failed and is set aside until plan or home change: {error!r}"
        finding = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=scene.at, reason=reason)
        state.set_aside = {**state.set_aside, rule.key: finding}
        _keep(state, rule, kept)
        return _say_once(state, finding)
    begun: AnyState = RULES[rule.name].state(since=scene.at, made_of=rule.made_of)  # type: ignore[assignment]
    _keep(state, rule, begun)
    reason = f"rule {rule.id} failed over a reading: take it for a call for help: {error!r}"
    onset = scene.at if reading is None else reading.observed_at
    device = None if reading is None else scene.watch.devices[reading.device].id
    finding = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=onset, reason=reason, device=device)
    return _say_once(
        state, msgspec.structs.replace(finding, kind=rule.kind, priority=rule.priority, policy=rule.policy)
    )


def _presence_failed(state: PersonState, watch: Watch, place: int, error: Exception) -> Said:
    """Say that a reading could not be taken in, of each device once until the watch changes."""
    scene = _scene(state, watch.outlook.in_force(state.at)[0], watch)
    device, name = watch.outlook.devices[place].id, "presence"
    reason = f"a reading of {device} could not be taken in: {error!r}"
    since = _kept(state, scene.rule).since
    return _say_once(
        state, technical(scene, rule=f"{name}:failed", name=name, onset=since, reason=reason, device=device)
    )


def _say_once(state: PersonState, finding: Finding) -> Said:
    """Say it, unless it was said: what fails tends to fail again."""
    if finding.id in state.failures:
        return []
    state.failures = (*state.failures[-15:], finding.id)
    return [FindingChange(change="raised", finding=finding, at=state.at)]


def _take_up(state: PersonState, watch: Watch, said: Said) -> None:
    """Go by a new watch: clocks of rules that stay run on, what is no longer watched is cleared."""
    at, outlook = state.at, watch.outlook
    if state.plan_runs is None:
        state.since = at
    in_force = {rule.key: rule for rule in outlook.in_force(at)}
    state.plan_runs = outlook.starts is None or at >= outlook.starts
    for finding in state.set_aside.values():
        said.append(_clear(finding, at, "tried again, as plan or home changed"))
    state.set_aside = _NONE_ASIDE
    rules = {key: beginning(state, name, made_of) for key, name, made_of in state.made} | state.rules
    why = dict(outlook.idle)
    for key, kept in rules.items():
        if key not in in_force and key not in state.idle:
            _leave_off(kept, at, f"no longer watched: {why.get(key, 'not in the plan')}", said)
    for key, rule in in_force.items():
        rules[key] = _begin(state, rule, rules.get(key), said)
    _settle(state, rules, in_force)
    state.made = outlook.made_at(at)
    _find_place(state, watch)


def _begin(state: PersonState, rule: WatchedRule, kept: AnyState | None, said: Said) -> AnyState:
    """Begin with a rule, or go on with one that stays; what it ended before keeps its next finding another."""
    kind = RULES[rule.name].state
    if isinstance(kept, kind) and rule.key not in state.idle:
        if kept.made_of != rule.made_of:
            kept.made_of, kept.edited_at = rule.made_of, state.at
        return kept
    begun: AnyState = kind(since=state.at, made_of=rule.made_of)  # type: ignore[assignment]
    if kept is not None:
        _leave_off(kept, state.at, "the rule is another now", said)
        begun.ended_for, begun.ended_at = kept.ended_for, kept.ended_at
    if isinstance(kept, CallState) and isinstance(begun, CallState):
        begun.known = kept.known
    return begun


def _settle(state: PersonState, rules: dict[str, AnyState], in_force: dict[str, WatchedRule]) -> None:
    """Keep of these what is not as it began, note what is idle and what runs."""
    idle = {key: kept for key, kept in rules.items() if key not in in_force and _remembers(kept)}
    state.idle = tuple(idle)
    state.rules = idle or _NO_RULES
    state.busy = ()
    for key, rule in in_force.items():
        _keep(state, rule, rules[key])
        _note_busy(state, rule)


def _remembers(kept: AnyState) -> bool:
    """Tell whether a rule no longer in force leaves anything to know: what it ended, or calls heard."""
    return bool(kept.ended_for or kept.ended_at or (isinstance(kept, CallState) and kept.known))


def _find_place(state: PersonState, watch: Watch) -> None:
    """Have room in presence for the home's devices; of another home, none is the device it was."""
    home = crc32(watch.home.encode())
    if state.presence.home != home:
        state.presence = moved(state.presence, home)
    state.presence = forget(state.presence, watch.outlook.devices, watch.outlook.places())


def _leave_off(kept: AnyState, at: Instant, why: str, said: Said) -> None:
    said.extend(_clear(each, at, why) for each in (kept.running, kept.unseen) if each is not None)
    if kept.running is not None:
        kept.end(at, covering=at)
    kept.unseen = None


def _closed(state: PersonState, findings: tuple[str, ...], watch: Watch) -> None:
    """Restart the clocks of what still ran. What could not be seen stays said until it can."""
    for rule in watch.outlook.in_force(state.at):
        kept = state.rules.get(rule.key)
        if kept is not None and kept.running is not None and kept.running.id in findings:
            kept.end(state.at, covering=state.at)
            _note_busy(state, rule)


def _answered(state: PersonState, findings: tuple[str, ...], watch: Watch, said: Said) -> None:
    """Clear what asked; presses and falls never wait for an answer and are not ended by one."""
    for rule in watch.outlook.in_force(state.at):
        kept = state.rules.get(rule.key)
        if rule.name in CALLS or kept is None or kept.running is None or kept.running.id not in findings:
            continue
        scene = _scene(state, rule, watch)
        said.append(_clear(kept.running, state.at, f"answered to be well {clock(state.at, scene)}"))
        kept.end(state.at, covering=state.at)
        _note_busy(state, rule)


def _clear(finding: Finding, at: Instant, why: str) -> FindingChange:
    return FindingChange(change="cleared", finding=finding, at=at, why=why)
