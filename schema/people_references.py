"""What a people file refers to is there: homes, policies, teams, devices, and who lives where.

Looked for in the file itself and in what is already known, as a file may bring only a part.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from schema.people import Device, Home
from schema.people_checks import RESERVED_TARGETS, Problem
from schema.people_merge import merged_home
from schema.people_records import PeopleFile, PersonRecord
from schema.people_words import nearest
from schema.people_yaml import Path
from schema.plans import CarePlan, Rule

_USED_BY: dict[str, tuple[str, ...]] = {
    "button": ("button",),
    "fall": ("fall",),
    "impact": ("acceleration",),
    "repeated_falls": ("fall",),
    "environment": ("smoke", "gas", "water", "cold", "heat"),
}


class Known(NamedTuple):
    """What there is: names of policies and teams, homes by id, and the home of each person."""

    policies: AbstractSet[str]
    teams: AbstractSet[str]
    homes: Mapping[str, Home]
    living: Mapping[str, str]


NOTHING_KNOWN = Known(frozenset(), frozenset(), {}, {})


def usable_kinds(rule: Rule) -> tuple[str, ...]:
    """Return the kinds of device the rule listens to; none means any."""
    return _USED_BY.get(rule.name, rule.needs_consent)


def check_references(people_file: PeopleFile, known: Known) -> None:
    """Raise PeopleFileError for the first thing the file refers to that is neither in it nor known."""
    for path, what in _problems(people_file, together(people_file, known)):
        raise people_file.source.error(path, what)


def together(people_file: PeopleFile, known: Known) -> Known:
    """Return what there is once the file is loaded."""
    homes = {home.id: merged_home(known.homes.get(home.id), home, people_file.left_out) for home in people_file.homes}
    return Known(
        known.policies | people_file.policies.keys(),
        known.teams | people_file.teams.keys(),
        {**known.homes, **homes},
        {**known.living, **{person.id: person.home for person in people_file.people}},
    )


def _problems(people_file: PeopleFile, there: Known) -> Iterator[Problem]:
    targets = {*RESERVED_TARGETS, *there.teams}
    for name, policy in people_file.policies.items():
        for at, step in enumerate(policy):
            for target in step.targets:
                if target not in targets:
                    yield ("policies", name, at, "notify"), f"notify is '{target}'{nearest(target, targets)}"
    for at, home in enumerate(people_file.homes):
        for number, device in enumerate(home.devices):
            yield from _owner(device, home.id, there, ("homes", at, "devices", number, "person"))
            yield from _address(device, there.homes[home.id], ("homes", at, "devices", number, "address"))
    for at, person in enumerate(people_file.people):
        yield from _person(person, there, ("people", at))


def _owner(device: Device, home: str, there: Known, path: Path) -> Iterator[Problem]:
    if device.person is None:
        return
    lives = there.living.get(device.person)
    if lives is None:
        residents = [person for person, where in there.living.items() if where == home]
        yield path, f"person '{device.person}' is not known{nearest(device.person, residents)}"
    elif lives != home:
        yield path, f"person '{device.person}' lives in home '{lives}'; expected somebody who lives in '{home}'"


def _address(device: Device, home: Home, path: Path) -> Iterator[Problem]:
    """Yield a device that its hub would know by the same name as another of the home."""
    if device.address is None:
        return
    if not device.address.strip():
        yield path, "address is ''; expected the name or EUI by which its hub knows the device"
    for other in home.devices:
        if other.id != device.id and other.dialect == device.dialect and device.address in {other.id, other.address}:
            yield path, f"address '{device.address}' is also that of device '{other.id}'; expected one of its own"


def _person(person: PersonRecord, there: Known, path: Path) -> Iterator[Problem]:
    home = there.homes.get(person.home)
    if home is None:
        yield (*path, "home"), f"home '{person.home}' is not known{nearest(person.home, there.homes)}"
    elif person.care_plan is not None:
        yield from _plan(person.care_plan, person.id, home, there, (*path, "care_plan", "rules"))


def _plan(plan: CarePlan, person: str, home: Home, there: Known, path: Path) -> Iterator[Problem]:
    for at, rule in enumerate(plan.rules):
        if rule.policy is not None and rule.policy not in there.policies:
            yield (*path, at, "policy"), f"policy '{rule.policy}' is not known{nearest(rule.policy, there.policies)}"
        if rule.device is not None:
            yield from _device(rule, person, home, (*path, at, "device"))


def _device(rule: Rule, person: str, home: Home, path: Path) -> Iterator[Problem]:
    device = next((device for device in home.devices if device.id == rule.device), None)
    kinds = usable_kinds(rule)
    if device is None:
        ids = [device.id for device in home.devices if not kinds or device.kind in kinds]
        yield path, f"device '{rule.device}' is not in home '{home.id}'{nearest(str(rule.device), ids)}"
    elif kinds and device.kind not in kinds:
        yield path, f"device '{device.id}' is of kind {device.kind}; expected one of kind {' or '.join(kinds)}"
    elif device.person not in {None, person}:
        yield path, f"device '{device.id}' is that of '{device.person}'; expected one of this person or of the home"
