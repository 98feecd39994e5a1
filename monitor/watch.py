"""What stepping a person needs to know beside their state, compiled once from the log's facts.

A watch is immutable and derived: when a plan, home, absence or test mode changes, compile another and give
the person `WatchChanged`. Everything that would cost datetime arithmetic per reading is worked out here.
"""

import msgspec

from schema.entries import HomeSet, PersonSet, PlanSet
from schema.instants import Instant
from schema.people import Consent, Device
from schema.plans import AnyRule


class WatchedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in force."""

    key: str  # names its state and its timer: the rule's stable id, and the device where it runs once a device
    rule: AnyRule
    device: int | None = None


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """One person as the rules see them."""

    person: str
    home: str
    zone: str
    devices: dict[int, Device]  # whose readings concern this person, by number
    presses: frozenset[int]  # those whose presses and falls are this person's alarm, not the home's
    rules: tuple[WatchedRule, ...]  # button and fall first
    idle: tuple[tuple[str, str], ...]  # (rule id, why it does not run), for people to read
    absences: tuple[tuple[Instant, Instant], ...]
    consent: Consent | None
    test_until: Instant | None
    alone: bool
    plan_version: int | None


def concerns(device: Device, person: str) -> bool:
    """Tell whether a device's readings concern a person: their own, and those of nobody in particular."""
    return device.person is None or device.person == person


def compile_watch(
    home: HomeSet,
    person: PersonSet,
    plan: PlanSet | None,
    test_until: Instant | None,
    residents: tuple[str, ...],
    *,
    before: PlanSet | None = None,
) -> Watch:
    """Compile a person's watch. `before` is the plan that `plan` replaces, in force until `plan.starts`."""
    return Watch(
        person=person.person,
        home=home.home,
        zone=home.zone,
        devices={each.number: each.device for each in home.devices if concerns(each.device, person.person)},
        presses=frozenset(),
        rules=(),
        idle=(),
        absences=(),
        consent=person.consent,
        test_until=test_until,
        alone=residents == (person.person,),
        plan_version=plan.version if plan else None,
    )
