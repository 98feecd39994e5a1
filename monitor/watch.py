"""What stepping a person needs to know beside their state, compiled once from the log's facts.

A watch is derived and never changed: when a plan, home, absence, consent or test mode changes, compile
another and give the person `WatchChanged`. What would cost datetime arithmetic per reading is worked out
here. A pendant is never mute: whatever the plan says or forgets, `button` and `fall` are in force.

Nearly all of a watch is its `Outlook`, which names nobody: devices stand in it by their place in the home (1, 2,
3, ...). So people with like homes and like plans share one, and a watch itself is three words.
"""

from datetime import datetime, time
from functools import lru_cache
from typing import Any
from zlib import crc32

import msgspec

from monitor.asked import asks_of, length_of, low_of, share, times_of, window_of
from monitor.hours import Daily, Hours
from schema.alarms import Kind, Priority, SubjectKind
from schema.entries import HomeSet, NumberedDevice, PersonSet, PlanSet
from schema.instants import SECOND, Duration, Instant, instant
from schema.localtime import duration, on_day, weekdays, zone_named
from schema.people import Absence, Consent, Device, DeviceKind
from schema.plans import (
    AnyRule,
    BatteryRule,
    ButtonRule,
    EnvironmentRule,
    FallRule,
    ImpactRule,
    LongStayRule,
    NotHomeRule,
    NotUpRule,
    VisitMissedRule,
    impact_like_fall,
)

BED_SETTLE = 60 * SECOND
DOOR_SETTLE = 5 * SECOND
NEVER_GATED = frozenset({"button", "fall", "acceleration", "hub"})
"""Kinds of device whose readings no consent holds back: calls for help, and what concerns equipment."""


CALLS = ("button", "fall", "impact")
"""Rules about calls for help: stepped before everything else, whatever else may be wrong."""
CALLING = frozenset({"button", "fall", "acceleration"})
"""Kinds of reading that may call for help."""
_FIRST = (*CALLS, "environment", "silence")
"""Then danger in the home; then what tells whether the home can be seen at all, as the others go by it."""
DANGERS: tuple[DeviceKind, ...] = ("smoke", "gas", "water", "cold", "heat")
OF_LIFE = frozenset({"smoke", "gas"})
"""Dangers that are a matter of life, whatever priority a plan gives the others."""
_EVERY_DAY = frozenset(range(7))


Made = tuple[tuple[str, str, int], ...]
"""Of rules in force: key, name, and what they are made of."""


class WatchedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the home with what the rules ask of it, answered beforehand."""

    number: int  # its place in the home
    device: Device
    id: str
    room: str | None
    seen: bool  # consent covers its kind: its readings tell how the person lives
    elsewhere: bool  # not in the room of a bed: a sign of life here is one of somebody up
    exit: bool  # leads out of the home
    passage: bool  # an exit, or a door that a rule about going out names
    presses: bool  # a press or fall here is this subject's alarm
    stays: bool = False  # a motion sensor of a room of which a rule asks how long they stay
    low: float = 0.0  # below this charge its battery is low, as a rule has it; 0: no rule asks


class WatchedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in force, its times worked out."""

    key: str  # names its state and its timer: the id, and the device where it runs once a device
    id: str  # stable over versions: what findings hang on
    name: str
    kind: Kind
    priority: Priority
    hours: Hours
    policy: str | None = None
    made_of: int = 0  # differs where the plan was edited: a hash of what it says
    by: Daily | None = None
    device: int | None = None  # the device it is about, where it is about one
    longer_than: Duration = 0
    settle: Duration = 0
    cancel_within: Duration = 0
    long_lie: bool = False  # says since when they may be on the floor, and becomes more pressing as that grows
    learned: bool = False  # what is usual for the person makes it come true earlier
    left_out: frozenset[int] = frozenset()  # devices that another rule of this name is about
    about: str = ""  # which danger, or which room, it is about
    below: float = 0.0  # a charge, 0 to 1
    times: int = 0
    days: frozenset[int] = _EVERY_DAY  # of the week, Monday 0

    def takes(self, number: int) -> bool:
        """Tell whether the rule is about this device."""
        return number not in self.left_out if self.device is None else number == self.device


class Aside(dict[Any, Any]):
    """What was worked out from the rest, and is remembered: it makes no two things differ."""

    def __eq__(self, other: object) -> bool:
        """Return True."""
        return True

    __hash__ = None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """A subject as the rules see it, whoever it is."""

    zone: str
    devices: dict[int, WatchedDevice]  # whose readings concern this subject, by their place in the home
    rules: tuple[WatchedRule, ...]  # button and fall first, then silence
    earlier: tuple[WatchedRule, ...] = ()  # in force until `starts`
    made: Made = ()  # of `rules`, and of `earlier`
    made_earlier: Made = ()
    starts: Instant | None = None
    idle: tuple[tuple[str, str], ...] = ()  # (rule id, why it does not run), for people to read
    absences: tuple[tuple[Instant, Instant], ...] = ()
    consent: Consent | None = None
    test_until: Instant | None = None
    alone: bool = True
    has_bed: bool = False
    hub: int | None = None
    exits: tuple[int, ...] = ()
    bed_settle: Duration = BED_SETTLE
    door_settle: Duration = DOOR_SETTLE
    plan_version: int | None = None
    aside: Aside = msgspec.field(default_factory=Aside)

    def in_force(self, at: Instant) -> tuple[WatchedRule, ...]:
        """Return the rules in force at `at`: the plan before, until this one starts."""
        return self.rules if self.starts is None or at >= self.starts else self.earlier

    def made_at(self, at: Instant) -> Made:
        """Return what the rules in force at `at` are made of."""
        return self.made if self.starts is None or at >= self.starts else self.made_earlier

    def places(self, *kinds: DeviceKind) -> tuple[int, ...]:
        """Return the places of the devices of these kinds (none named: of all of them) that concern the subject."""
        return tuple(place for place, each in self.devices.items() if not kinds or each.device.kind in kinds)


class Watch(msgspec.Struct, frozen=True, gc=False):
    """One subject as the rules see it: its outlook, and who and where it is. Shows all that its outlook shows."""

    outlook: Outlook
    person: str  # the subject's id
    home: str
    subject_kind: SubjectKind = "person"

    def __getattr__(self, name: str) -> Any:
        """Show what the outlook shows."""
        return getattr(self.outlook, name)


def concerns(device: Device, person: str) -> bool:
    """Tell whether a device's readings concern a person: their own, and those of nobody in particular."""
    return device.person is None or device.person == person


def calls_in_force(zone: str, devices: dict[int, WatchedDevice]) -> tuple[WatchedRule, ...]:
    """Return the rules about calls of our own, where no plan says how: what else is fitted is the residents' matter."""
    return tuple(rule for rule in _Fitting(zone, devices, None).compile(())[0] if rule.name in CALLS)


def compile_watch(
    home: HomeSet,
    person: PersonSet,
    plan: PlanSet | None,
    test_until: Instant | None,
    residents: tuple[str, ...],
    *,
    before: PlanSet | None = None,
) -> Watch:
    """Compile a person's watch. `before` is the plan that `plan` replaces, in force until `plan.starts`.

    The home's devices are numbered by their places in it.
    """
    outlook = compile_outlook(home, person, plan, test_until, residents, before=before)
    return Watch(outlook, person.person, home.home)


def compile_outlook(
    home: HomeSet,
    person: PersonSet,
    plan: PlanSet | None,
    test_until: Instant | None,
    residents: tuple[str, ...],
    *,
    before: PlanSet | None = None,
) -> Outlook:
    """Compile what a person's watch shows: the same for all who differ in nothing but their ids."""
    numbered = tuple(each for each in home.devices if concerns(each.device, person.person))
    rules = plan.plan.rules if plan else ()
    earlier = before.plan.rules if before else ()
    devices = _devices(numbered, person, rules + earlier, alone=residents == (person.person,))
    fitted = _Fitting(home.zone, devices, person.consent)
    in_force, idle = fitted.compile(rules)
    until_then = fitted.compile(earlier)[0]
    return Outlook(
        zone=home.zone,
        devices=devices,
        rules=in_force,
        earlier=until_then,
        made=_made(in_force),
        made_earlier=_made(until_then),
        starts=_starts(plan, home.zone),
        idle=idle,
        absences=_absences(person.absences, home.zone),
        consent=person.consent,
        test_until=test_until,
        alone=residents == (person.person,),
        has_bed=any(each.device.kind == "bed" and each.seen for each in devices.values()),
        hub=next((each.number for each in devices.values() if each.device.kind == "hub"), None),
        exits=tuple(each.number for each in devices.values() if each.exit and each.seen),
        bed_settle=max((r.settle for r in in_force if r.name == "bed_exit"), default=BED_SETTLE),
        door_settle=max((r.settle for r in in_force if r.name in {"door_open", "wandering"}), default=DOOR_SETTLE),
        plan_version=plan.version if plan else None,
    )


def _devices(
    numbered: tuple[NumberedDevice, ...], person: PersonSet, rules: tuple[AnyRule, ...], *, alone: bool
) -> dict[int, WatchedDevice]:
    bedrooms = {each.device.room for each in numbered if each.device.kind == "bed"} - {None}
    named = {rule.device for rule in rules if rule.name in {"wandering", "not_home"}}
    covers = None if person.consent is None else NEVER_GATED | set(person.consent.covers)
    return {
        each.number: WatchedDevice(
            number=each.number,
            device=each.device,
            id=each.device.id,
            room=each.device.room,
            seen=covers is None or each.device.kind in covers,
            elsewhere=each.device.kind != "bed" and (each.device.room is None or each.device.room not in bedrooms),
            exit=each.device.kind == "door" and each.device.exit,
            passage=each.device.kind == "door" and (each.device.exit or each.device.id in named),
            presses=each.device.person == person.person or (each.device.person is None and alone),
            stays=each.device.kind == "motion" and any(asks_of(rule, each.device) for rule in rules),
            low=low_of(rules, each.device),
        )
        for each in numbered
    }


def _made(rules: tuple[WatchedRule, ...]) -> Made:
    return tuple((rule.key, rule.name, rule.made_of) for rule in rules)


def _starts(plan: PlanSet | None, zone: str) -> Instant | None:
    return None if plan is None or plan.plan.starts is None else on_day(plan.plan.starts, time(0), zone)


def _absences(absences: tuple[Absence, ...], zone: str) -> tuple[tuple[Instant, Instant], ...]:
    spans = ((_wall_clock(each.starts, zone), _wall_clock(each.ends, zone)) for each in absences)
    return tuple(sorted(span for span in spans if span[0] < span[1]))


def _wall_clock(text: str, zone: str) -> Instant:
    read = datetime.fromisoformat(text)
    return instant(read if read.tzinfo else read.replace(tzinfo=zone_named(zone)))


class _Fitting:
    """Fits the rules of a plan to the devices there are and the consent given."""

    def __init__(self, zone: str, devices: dict[int, WatchedDevice], consent: Consent | None) -> None:
        self._zone = zone
        self._devices = devices
        self._consent = consent
        self._ids: set[str] = set()

    def compile(self, rules: tuple[AnyRule, ...]) -> tuple[tuple[WatchedRule, ...], tuple[tuple[str, str], ...]]:
        """Return the rules in force, button and fall first, and why the others do not run."""
        self._ids = set()
        running: list[WatchedRule] = []
        idle: list[tuple[str, str]] = []
        for rule in self._with_own(rules):
            name = self._own_id(rule.stable_id)
            why = self._why_idle(rule)
            if why:
                idle.append((name, why))
            else:
                running.extend(self._watched(rule, name, rules))
        running.extend(self._contact(each) for each in self._devices.values() if each.exit and each.seen)
        running.sort(key=lambda each: _FIRST.index(each.name) if each.name in _FIRST else len(_FIRST))
        return tuple(running), tuple(idle)

    def _worn(self) -> bool:
        return any(each.device.kind == "acceleration" for each in self._devices.values())

    def _with_own(self, rules: tuple[AnyRule, ...]) -> tuple[AnyRule, ...]:
        """Return the rules and those of our own: a call for help, and danger where a device tells of it."""
        fitted = any(each.device.kind in DANGERS for each in self._devices.values())
        ours = fitted and not any(isinstance(rule, EnvironmentRule) for rule in rules)
        called = _with_calls(rules, worn=self._worn())
        return (*called, EnvironmentRule()) if ours else called

    def _contact(self, door: WatchedDevice) -> WatchedRule:
        """Every exit door's contact is looked after, whatever the plan says: the rules about going out rest on it."""
        name = f"contact:{door.id}"
        hours = Hours(None, self._zone)
        return WatchedRule(
            key=name, id=name, name="contact", kind="technical", priority="routine", hours=hours, device=door.number
        )

    def _own_id(self, wanted: str) -> str:
        """Two rules of one name and no id each need one, or their findings would be taken for the same."""
        name, again = wanted, 2
        while name in self._ids:
            name, again = f"{wanted}#{again}", again + 1
        self._ids.add(name)
        return name

    def _why_idle(self, rule: AnyRule) -> str | None:
        covered = None if self._consent is None else set(self._consent.covers)
        if covered is not None and rule.needs_consent and not covered & set(rule.needs_consent):
            return f"consent covers no {' or '.join(rule.needs_consent)}"
        if rule.device is not None and self._number(rule.device) is None:
            return f"the home has no device '{rule.device}'"
        kinds = {each.device.kind for each in self._devices.values() if each.seen}
        if rule.device is None and rule.needs_consent and not kinds & set(rule.needs_consent):
            return f"the home has no {' or '.join(rule.needs_consent)} to rest on"
        return None

    def _number(self, device: str | None) -> int | None:
        return next((each.number for each in self._devices.values() if each.id == device), None)

    def _watched(self, rule: AnyRule, name: str, rules: tuple[AnyRule, ...]) -> list[WatchedRule]:
        others = {each.device for each in rules if each.name == rule.name} - {rule.device}
        claimed = frozenset(each.number for each in self._devices.values() if each.id in others)
        if rule.name == "door_open" and rule.device is None:
            exits = [each for each in self._devices.values() if each.exit and each.number not in claimed]
            return [self._one(rule, name, f"{name}@{door.id}", door.number, claimed) for door in exits]
        number = self._number(rule.device)
        if isinstance(rule, EnvironmentRule):
            return [self._one(rule, name, f"{name}@{danger}", number, claimed, danger) for danger in DANGERS]
        return [self._one(rule, name, name, number, claimed)]

    def _one(  # noqa: PLR0917 - what differs where one rule is watched several times
        self, rule: AnyRule, name: str, key: str, device: int | None, left_out: frozenset[int], danger: str = ""
    ) -> WatchedRule:
        watched = WatchedRule(
            key=key,
            id=name,
            name=rule.name,
            kind=rule.alarm_kind,
            priority="life" if danger in OF_LIFE else rule.priority or rule.usual_priority,
            hours=Hours(window_of(rule), self._zone),
            policy=rule.policy,
            made_of=crc32(msgspec.json.encode(rule)),
            by=Daily(rule.by, self._zone) if isinstance(rule, NotUpRule | NotHomeRule) and rule.by else None,
            device=device,
            left_out=left_out if device is None else frozenset(),
            longer_than=duration(length_of(rule)),
            settle=duration(getattr(rule, "settle", "0s")),
            cancel_within=duration(getattr(rule, "cancel_within", "0s")),
            long_lie=getattr(rule, "long_lie", False),
            learned=getattr(rule, "learned", False),
            about=rule.room if isinstance(rule, LongStayRule) else danger,
            below=share(rule.below) if isinstance(rule, BatteryRule) else 0.0,
            times=times_of(rule),
            days=weekdays(rule.days) if isinstance(rule, VisitMissedRule) else _EVERY_DAY,
        )
        return _shared(watched)


@lru_cache(maxsize=65_536)
def _shared(rule: WatchedRule) -> WatchedRule:
    """Return the one of all rules that say the same: plans differ in a rule or two, and share the rest."""
    return rule


def _with_calls(rules: tuple[AnyRule, ...], *, worn: bool) -> tuple[AnyRule, ...]:
    """Return the rules and, where the plan has none for every device, a `button` and a `fall` of our own.

    Where something is worn that sends windows of acceleration, an `impact` as well, which goes by the plan's `fall`.
    """
    missing: list[AnyRule] = []
    if not any(isinstance(rule, ButtonRule) and rule.device is None for rule in rules):
        missing.append(ButtonRule())
    if not any(isinstance(rule, FallRule) and rule.device is None for rule in rules):
        missing.append(FallRule())
    if worn and not any(isinstance(rule, ImpactRule) and rule.device is None for rule in rules):
        missing.append(impact_like_fall(rules))
    return (*rules, *missing)
