"""What the log's facts say of homes, people and plans, as of the position last taken. Pure.

Facts of every home and person are kept, whoever's partition they are in: a home's alarm depends on who
lives there, and partitions change hands. Versions of plans are all kept, as one may start in the future.

A hundred thousand homes are fitted in a few hundred ways, and plans are made from templates: what is said in the
same bytes is kept once. So a device stands in it by its *place* in the home, 1, 2, 3, ...: the order in which the
log first named it. A place is never given to another device.
"""

from datetime import time
from typing import NamedTuple

import msgspec

from monitor.rows import read_row
from schema.entries import AlarmClosed, HomeSet, NumberedDevice, PersonAnswered, PersonSet, PlanSet, TestModeSet
from schema.instants import Instant
from schema.localtime import on_day
from schema.people import Absence, Consent, Device
from schema.plans import CarePlan

Fact = HomeSet | PersonSet | PlanSet | TestModeSet
_MIDNIGHT = time(0)
_encode = msgspec.msgpack.encode


class RawHome(msgspec.Struct, array_like=True, tag=3, gc=False):
    """A HomeSet whose devices are still packed."""

    home: str
    zone: str
    area: str | None
    devices: list[tuple[int, msgspec.Raw]]


class RawPerson(msgspec.Struct, array_like=True, tag=4, gc=False):
    """A PersonSet whose consent and absences are still packed."""

    person: str
    home: str
    consent: msgspec.Raw
    absences: msgspec.Raw


class RawPlan(msgspec.Struct, array_like=True, tag=5, gc=False):
    """A PlanSet whose plan is still packed."""

    person: str
    version: int
    plan: msgspec.Raw


RawFact = RawHome | RawPerson | RawPlan | TestModeSet
_raw_decoder = msgspec.msgpack.Decoder(list[RawFact | AlarmClosed | PersonAnswered])


def read_facts(packed: bytes) -> list[Fact | RawFact]:
    """Return the facts of one row of the log, as far as they can be read; packed still: three times as fast."""
    try:
        entries = _raw_decoder.decode(packed)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [each for each in read_row(packed)[0] if isinstance(each, Fact)]
    return [each for each in entries if not isinstance(each, AlarmClosed | PersonAnswered)]


class Fitted(msgspec.Struct, frozen=True, eq=False):
    """The devices of a home, by their places, in the order in which the home is described."""

    devices: tuple[NumberedDevice, ...]
    personal: bool  # it says of some device whose it is


class Home(msgspec.Struct, gc=False):
    """What is known of a home."""

    id: str
    zone: str
    fitted: Fitted
    first: int  # the number of the device in the first place; the others follow, where `scattered` is empty
    scattered: tuple[int, ...] = ()  # the numbers of its devices by place, also of those that are no longer there
    residents: tuple[str, ...] = ()  # in the order in which the log first named them

    def number(self, place: int) -> int:
        """Return the number of the device in a place."""
        return self.scattered[place - 1] if self.scattered else self.first + place - 1

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of its devices by place, also of those that are no longer there."""
        return self.scattered or tuple(range(self.first, self.first + len(self.fitted.devices)))


class Given(msgspec.Struct, frozen=True, eq=False):
    """What a person consented to, and when they are away."""

    consent: Consent | None
    absences: tuple[Absence, ...]


class Version(NamedTuple):
    """A version of a plan."""

    version: int
    plan: CarePlan


class Resident(msgspec.Struct, gc=False):
    """What is known of a person."""

    id: str
    home: str
    given: Given
    plans: tuple[Version, ...] = ()  # in order of their numbers


class Facts:
    """Homes, people, plans and test modes by id, in the order in which the log first named them."""

    def __init__(self) -> None:
        self.homes: dict[str, Home] = {}
        self.people: dict[str, Resident] = {}
        self._homeless: dict[str, Resident] = {}  # whose home the log has not named yet
        self._early: dict[str, tuple[Version, ...]] = {}  # plans of people whom the log has not named yet
        self._tests: dict[str, Instant | None] = {}
        self._fitted: dict[tuple[bytes, ...], Fitted] = {}
        self._given: dict[bytes, Given] = {}
        self._versions: dict[tuple[int, bytes], tuple[Version]] = {}
        self._zones: dict[str, str] = {}

    def take(self, fact: Fact | RawFact) -> tuple[str, ...]:  # noqa: PLR0911 - one for each kind of fact
        """Take a fact in; return the homes whose people must be looked at again."""
        match fact:
            case HomeSet():
                devices = [(each.number, msgspec.Raw(_encode(each.device))) for each in fact.devices]
                return self._take_home(fact.home, fact.zone, devices)
            case RawHome():
                return self._take_home(fact.home, fact.zone, fact.devices)
            case PersonSet():
                return self._take_person(fact.person, fact.home, _encode(fact.consent), _encode(fact.absences))
            case RawPerson():
                return self._take_person(fact.person, fact.home, bytes(fact.consent), bytes(fact.absences))
            case PlanSet():
                return self._take_plan(fact.person, fact.version, _encode(fact.plan))
            case RawPlan():
                return self._take_plan(fact.person, fact.version, bytes(fact.plan))
            case TestModeSet():
                return self._take_test(fact)

    def residents(self, home: str) -> tuple[str, ...]:
        """Return who lives in the home, in the order in which the log first named them."""
        known = self.homes.get(home)
        return known.residents if known else ()

    def test_until(self, home: str) -> Instant | None:
        """Return until when an installer tests the home."""
        return self._tests.get(home)

    def plan(self, person: str, at: Instant) -> Version | None:
        """Return the plan in force: the newest version whose start has come in the home's zone."""
        for version in reversed(self._plans(person)):
            if self._start(person, version) <= at:
                return version
        return None

    def plans(self, person: str, at: Instant) -> tuple[Version | None, Version | None]:
        """Return the plan in force, and the one it replaced: what is late is judged by the plan of its time."""
        version = self.plan(person, at)
        if version is None or version.plan.starts is None:
            return version, None
        return version, self.plan(person, self._start(person, version) - 1)

    def next_start(self, person: str, at: Instant) -> Instant | None:
        """Return when a version newer than the one in force will start, or None where none waits."""
        versions = self._plans(person)
        if not versions or versions[-1].plan.starts is None:
            return None  # the newest is in force
        current = self.plan(person, at)
        starts = [
            self._start(person, each)
            for each in versions
            if (current is None or each.version > current.version) and self._start(person, each) > at
        ]
        return min(starts, default=None)

    def _take_test(self, fact: TestModeSet) -> tuple[str, ...]:
        self._tests[fact.home] = fact.until
        return (fact.home,) if fact.home in self.homes else ()

    def _take_home(self, home: str, zone: str, devices: list[tuple[int, msgspec.Raw]]) -> tuple[str, ...]:
        known = self.homes.get(home)
        named = [number for number, _ in devices]
        numbers = named if known is None else [*dict.fromkeys((*known.numbers(), *named))]
        places = None if numbers == named else [numbers.index(number) + 1 for number in named]
        fitted, zone = self._fit(places, [bytes(raw) for _, raw in devices]), self._zones.setdefault(zone, zone)
        first = numbers[0] if numbers else 0
        follow = places is None and numbers == [*range(first, first + len(numbers))]
        residents = known.residents if known else ()
        self.homes[home] = Home(
            known.id if known else home, zone, fitted, first, () if follow else tuple(numbers), residents
        )
        if known is not None or not self._homeless:
            return (home,)
        waited = [each for each in self._homeless.values() if each.home == home]
        moved = [each for resident in waited for each in self._move(resident)]
        return tuple({home: None, **dict.fromkeys(moved)})

    def _fit(self, places: list[int] | None, packed: list[bytes]) -> Fitted:
        """Return what all homes fitted like this share; None: the devices stand in their places in order."""
        key = (_encode(places), *packed)
        known = self._fitted.get(key)
        if known is None:
            devices = [msgspec.msgpack.decode(each, type=Device) for each in packed]
            taken = range(1, len(devices) + 1) if places is None else places
            numbered = (NumberedDevice(place, device) for place, device in zip(taken, devices, strict=True))
            personal = any(device.person is not None for device in devices)
            known = self._fitted[key] = Fitted(tuple(numbered), personal)
        return known

    def _take_person(self, person: str, home: str, consent: bytes, absences: bytes) -> tuple[str, ...]:
        given = self._given.get(consent + absences)
        if given is None:
            given = Given(
                msgspec.msgpack.decode(consent, type=Consent | None),
                msgspec.msgpack.decode(absences, type=tuple[Absence, ...]),
            )
            self._given[consent + absences] = given
        return self._move(Resident(person, home, given))

    def _take_plan(self, person: str, number: int, packed: bytes) -> tuple[str, ...]:
        version = self._versions.get((number, packed))
        if version is None:
            version = (Version(number, msgspec.msgpack.decode(packed, type=CarePlan)),)
            self._versions[number, packed] = version
        resident, known = self.people.get(person), self._plans(person)
        if known:
            others = (each for each in known if each.version != number)
            plans = tuple(sorted((*others, *version), key=lambda each: each.version))
        else:
            plans = version
        if resident is None:
            self._early[person] = plans
            return ()
        resident.plans = plans
        return (resident.home,)

    def _plans(self, person: str) -> tuple[Version, ...]:
        resident = self.people.get(person)
        return self._early.get(person, ()) if resident is None else resident.plans

    def _move(self, resident: Resident) -> tuple[str, ...]:
        """Take in where somebody lives; until that home is known they live where they did."""
        person, home = resident.id, self.homes.get(resident.home)
        self._homeless.pop(person, None)
        if home is None:
            self._homeless[person] = resident
            return ()
        before = self.people.get(person)
        left = before.home if before and before.home != home.id else None
        plans = self._early.pop(person, ()) if before is None else before.plans
        self.people[person] = Resident(person if before is None else before.id, home.id, resident.given, plans)
        if left:
            self.homes[left].residents = tuple(each for each in self.residents(left) if each != person)
        if person not in home.residents:
            home.residents = (*home.residents, self.people[person].id)
        return (left, home.id) if left else (home.id,)

    def _start(self, person: str, version: Version) -> Instant:
        starts = version.plan.starts
        if starts is None:
            return 0
        return on_day(starts, _MIDNIGHT, self.homes[self.people[person].home].zone)
