"""A home as a subject: presses, falls and impacts that are nobody's in particular.

A device without `person:` in a home where not exactly one person lives, and anything that presses without
being registered, raise an alarm of the home. Same shape as `monitor.person`, and the same rules.
"""

from collections.abc import Callable, Iterable

import msgspec

from monitor.presence import new_presence
from monitor.rules import RULES
from monitor.rules.button import ButtonState, press
from monitor.rules.fall import FallState, fell
from monitor.rules.impact import ImpactState
from monitor.stimuli import AlarmWasClosed, ReadingArrived, Stimulus, UnregisteredPressArrived
from monitor.verdicts import Scene, State, Verdict, changes, technical
from monitor.watch import Outlook, Watch, WatchedDevice, WatchedRule, calls_in_force
from schema.entries import HomeSet, NumberedDevice, ReadingEntry, UnregisteredPress
from schema.findings import Evidence, Finding, FindingChange, finding_id
from schema.instants import Instant, iso
from schema.people import Device

_NOBODY = new_presence()
"""A home's calls rest on nothing but themselves."""
_UNKNOWN = "unknown"


class HomeWatch(msgspec.Struct, frozen=True, kw_only=True):
    """What stepping a home needs to know beside its state."""

    home: str
    zone: str
    presses: dict[int, Device]  # devices whose presses and falls are the home's alarm, by their place in it
    test_until: Instant | None
    watch: Watch


class HomeState(msgspec.Struct):
    """What the monitor knows of a home as a subject."""

    home: str
    wake_at: Instant | None = None
    button: ButtonState = msgspec.field(default_factory=lambda: ButtonState(since=0))
    fall: FallState = msgspec.field(default_factory=lambda: FallState(since=0))
    impact: ImpactState = msgspec.field(default_factory=lambda: ImpactState(since=0))


def compile_home_watch(home: HomeSet, test_until: Instant | None, residents: tuple[str, ...]) -> HomeWatch:
    """Compile a home's watch: it answers for every device that is no resident's, unless one lives there alone."""
    nobodys = [each for each in home.devices if is_nobodys(each.device, residents)]
    devices = {each.number: _watched(each) for each in nobodys}
    rules = calls_in_force(home.zone, devices)
    outlook = Outlook(zone=home.zone, devices=devices, rules=rules, test_until=test_until)
    watch = Watch(outlook, home.home, home.home, "home")
    presses = {each.number: each.device for each in nobodys}
    return HomeWatch(home=home.home, zone=home.zone, presses=presses, test_until=test_until, watch=watch)


def new_state(watch: HomeWatch) -> HomeState:
    """Return the state of a home nothing is known of yet."""
    return HomeState(home=watch.home)


def step(state: HomeState, stimulus: Stimulus, watch: HomeWatch) -> tuple[HomeState, tuple[FindingChange, ...]]:
    """Step a home's state, as `monitor.person.step` steps a person's."""
    said: list[FindingChange] = []
    for rule in watch.watch.outlook.rules:
        kept: ButtonState | FallState = getattr(state, rule.name)
        match stimulus:
            case ReadingArrived(entry, at, place) if (place or entry.device) in watch.presses:
                reading = msgspec.structs.replace(entry, device=place or entry.device)
                said += _asked(kept, _scene(at, rule, watch, reading), RULES[rule.name].step)
            case UnregisteredPressArrived(unregistered, at) if unregistered.kind == rule.name:
                said += _asked(kept, _scene(at, rule, watch), _unregistered(unregistered))
            case AlarmWasClosed(findings, at) if kept.running is not None and kept.running.id in findings:
                kept.end(at, covering=at)
            case _:
                pass  # calls wait for no time, and no answer ends them
    return state, tuple(said)


def timers(state: HomeState, watch: HomeWatch) -> dict[str, Instant]:  # noqa: ARG001 - the shape of all subjects
    """Return the home's deadlines: none so far, as presses and falls wait for nothing."""
    return {}


def press_in_unknown_home(press: UnregisteredPress, at: Instant) -> FindingChange:
    """Return the finding for a press in a home that nobody registered: the service is its subject."""
    said = _SAID[press.kind]
    home = press.home or _UNKNOWN
    reason = f"{said} {iso(press.observed_at)} on {press.device} of home {home}, which nobody registered"
    finding = Finding(
        id=finding_id(home, press.kind, press.device, press.observed_at),
        subject_kind="service",
        subject=home,
        home=None,
        rule=press.kind,
        rule_name=press.kind,
        kind="fall" if press.kind == "fall" else "button",
        device=press.device,
        onset=press.observed_at,
        raised_at=at,
        priority="life",
        policy=None,
        reason=f"{reason}: {press.reason}",
        evidence=(_fact(press),),
        late_by=max(at - press.observed_at, 0),
    )
    return FindingChange(change="raised", finding=finding, at=at)


_SAID = {"button": "help pressed", "fall": "a fall"}
Judge = Callable[[State, Scene], Iterable[Verdict]]


def is_nobodys(device: Device, residents: tuple[str, ...]) -> bool:
    """Tell whether presses and falls of this device are no resident's in particular."""
    if device.person is None:
        return len(residents) != 1
    return device.person not in residents


def _watched(numbered: NumberedDevice) -> WatchedDevice:
    device = numbered.device
    return WatchedDevice(
        number=numbered.number,
        device=device,
        id=device.id,
        room=device.room,
        seen=False,
        elsewhere=False,
        exit=False,
        passage=False,
        presses=True,
    )


def _scene(at: Instant, rule: WatchedRule, watch: HomeWatch, entry: ReadingEntry | None = None) -> Scene:
    return Scene(at, rule, watch.watch, _NOBODY, watch.watch.outlook, reading=entry)


def _asked(kept: State, scene: Scene, judge: Judge) -> list[FindingChange]:
    """Step a rule; one that throws over a call is a call all the same."""
    try:
        return changes(kept, scene, judge(kept, scene))
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody may need help
        rule = scene.rule
        reason = f"rule {rule.id} failed over a reading: take it for a call for help: {error!r}"
        failed = technical(scene, rule=f"{rule.id}:failed", name=rule.name, onset=scene.at, reason=reason)
        failed = msgspec.structs.replace(failed, kind=rule.kind, priority=rule.priority)
        return [FindingChange(change="raised", finding=failed, at=scene.at)]


def _unregistered(unregistered: UnregisteredPress) -> Judge:
    def judge(kept: State, scene: Scene) -> Iterable[Verdict]:
        fact = _fact(unregistered)
        assert isinstance(kept, ButtonState | FallState)
        if not kept.first_time((fact.device, fact.at, 0, 0)):
            return ()
        if isinstance(kept, FallState):
            return fell(kept, fact, scene)
        return press(kept, fact, scene, said="help pressed by a device nobody registered")

    return judge


def _fact(press: UnregisteredPress) -> Evidence:
    value = "fallen" if press.kind == "fall" else "pressed"
    return Evidence(at=press.observed_at, device=press.device, kind=press.kind, value=value)
