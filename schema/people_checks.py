"""What must hold within a people file, whatever else is known: no id twice, no time of day that is none.

Checks yield (path, sentence) in the file's order; the first becomes the error. What the file refers to is
`people_references`' matter.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import phonenumbers

from schema import localtime
from schema.people import (
    CANARY_PREFIX,
    RESERVED_DEVICE_IDS,
    RESERVED_HOME_IDS,
    Absence,
    ClockText,
    Home,
    PhoneText,
    Rota,
    Team,
    WindowText,
)
from schema.people_records import PeopleFile, PersonRecord
from schema.people_words import nearest, pattern_of, patterned, type_of
from schema.people_yaml import Path
from schema.plans import CarePlan, DaysText, DurationText, NotHomeRule, Policy

Problem = tuple[Path, str]
RESERVED_TARGETS = ("operators", "contacts", "person")
"""Whom a policy step can notify besides teams."""


def check(people_file: PeopleFile) -> None:
    """Raise PeopleFileError for the first thing that is wrong in itself."""
    for path, what in _problems(people_file):
        raise people_file.source.error(path, what)


def check_plan(plan: CarePlan) -> Iterator[Problem]:
    """Yield what is wrong in a plan by itself."""
    yield from _texts(plan, CarePlan, ())
    yield from _plan(plan, ())


def _problems(people_file: PeopleFile) -> Iterator[Problem]:
    for name, policy in people_file.policies.items():
        yield from _texts(policy, Policy, ("policies", name))
        yield from _policy(policy, ("policies", name))
    for name, team in people_file.teams.items():
        yield from _texts(team, Team, ("teams", name))
        yield from _team(name, team, ("teams", name))
    yield from _twice(people_file.homes, ("homes",), "id")
    for at, home in enumerate(people_file.homes):
        yield from _home(home, ("homes", at))
    yield from _twice(people_file.people, ("people",), "id")
    for at, person in enumerate(people_file.people):
        yield from _texts(person, PersonRecord, ("people", at))
        yield from _person(person, ("people", at))


def _twice(parts: Iterable[object], path: Path, field: str, name: str = "") -> Iterator[Problem]:
    """Yield each part whose field says what an earlier part's did."""
    seen = set[str]()
    for at, part in enumerate(parts):
        value = getattr(part, field)
        if value in seen:
            yield (*path, at, name or field), f"{name or field} '{value}' is given twice; expected once"
        seen.add(value)


def _policy(policy: Policy, path: Path) -> Iterator[Problem]:
    if not policy:
        yield path, "has no steps; expected at least one, the last with repeat"
        return
    before = 0
    for at, step in enumerate(policy):
        after = localtime.duration(step.after)
        if after < before:
            yield (*path, at, "after"), f"step {at + 1} comes before step {at}; expected steps in order of after"
        if not step.targets:
            yield (*path, at, "notify"), f"step {at + 1} notifies nobody; expected operators, contacts or a team"
        if step.repeat is not None and not localtime.duration(step.repeat):
            yield (*path, at, "repeat"), f"repeat is '{step.repeat}'; expected more than nothing, for example 4m"
        before = after
    if policy[-1].repeat is None:
        yield (*path, len(policy) - 1), "the last step has no repeat; expected for example repeat: 4m"


def _team(name: str, team: Team, path: Path) -> Iterator[Problem]:
    if name in RESERVED_TARGETS:
        yield path, f"'{name}' cannot be a team's name, as policies mean something else by it; expected another"
    yield from _twice(team.members, (*path, "members"), "id")
    for at, member in enumerate(team.members):
        yield from _named(member.name, (*path, "members", at))
    if team.rota is not None:
        yield from _rota(team.rota, {member.id for member in team.members}, (*path, "rota"))


def _rota(rota: Rota, members: set[str], path: Path) -> Iterator[Problem]:
    yield from _readable(localtime.zone_named, rota.zone, (*path, "zone"))
    for at, shift in enumerate(rota.shifts):
        here = (*path, "shifts", at)
        if shift.who not in members:
            yield (*here, "who"), f"who is '{shift.who}', not a member of the team{nearest(shift.who, members)}"
        yield from _readable(localtime.weekdays, shift.every, (*here, "every"))


def _home(home: Home, path: Path) -> Iterator[Problem]:
    if home.id in RESERVED_HOME_IDS:
        yield (*path, "id"), f"id '{home.id}' is reserved for a topic of the gateway's; expected another id"
    if home.id.startswith(CANARY_PREFIX):
        what = f"id '{home.id}' is reserved for the service's own canary homes, whose alarms reach nobody"
        yield (*path, "id"), f"{what}; expected another id"
    yield from _readable(localtime.zone_named, home.zone, (*path, "zone"))
    yield from _twice(home.devices, (*path, "devices"), "id")
    for at, device in enumerate(home.devices):
        if device.id in RESERVED_DEVICE_IDS:
            yield (*path, "devices", at, "id"), f"id '{device.id}' is reserved for a topic; expected another id"


def _person(person: PersonRecord, path: Path) -> Iterator[Problem]:
    yield from _named(person.name, path)
    yield from _twice(person.contacts, (*path, "contacts"), "id")
    for at, contact in enumerate(person.contacts):
        yield from _named(contact.name, (*path, "contacts", at))
    for at, absence in enumerate(person.absences):
        yield from _absence(absence, (*path, "absences", at))
    yield from _twice(person.absences, (*path, "absences"), "starts", "from")
    if person.care_plan is not None:
        yield from _plan(person.care_plan, (*path, "care_plan"))


def _absence(absence: Absence, path: Path) -> Iterator[Problem]:
    read = {}
    for field, text in (("from", absence.starts), ("to", absence.ends)):
        problems = list(_readable(_wall_clock, text, (*path, field)))
        yield from problems
        if not problems:
            read[field] = _wall_clock(text)
    if len(read) == 2 and read["to"] <= read["from"]:
        yield (*path, "to"), f"to '{absence.ends}' is not after from '{absence.starts}'; expected a later time"


def _plan(plan: CarePlan, path: Path) -> Iterator[Problem]:
    if plan.starts and plan.review and plan.review < plan.starts:
        yield (*path, "review"), f"review {plan.review} is before starts {plan.starts}; expected a later day"
    seen = set[str]()
    for at, rule in enumerate(plan.rules):
        if rule.stable_id in seen:
            yield (
                (*path, "rules", at),
                f"'{rule.stable_id}' is in the plan twice; expected an id of its own, for example id: {rule.name}-2",
            )
        seen.add(rule.stable_id)
        if isinstance(rule, NotHomeRule) and rule.by is None and rule.longer_than is None:
            yield (*path, "rules", at), "neither by nor longer_than is given; expected for example by: 22:00"


def _named(name: str, path: Path) -> Iterator[Problem]:
    if not name.strip():
        yield (*path, "name"), "name is ''; expected a name"


def _wall_clock(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise ValueError(f"'{text}' is no local time; expected for example 2026-12-24T10:00")
    return read


def _phone(text: str) -> None:
    # Possible, not valid: the numbers set aside for drama, which every example uses, are assigned to nobody.
    try:
        looks = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        looks = phonenumbers.ValidationResult.INVALID_COUNTRY_CODE
    if looks != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(
            f"'{text}' cannot be a telephone number; expected an international one, for example +447700900123"
        )


_READERS: dict[str, Callable[[str], object]] = {
    pattern_of(DurationText): localtime.duration,
    pattern_of(WindowText): localtime.between,
    pattern_of(ClockText): localtime.time_of_day,
    pattern_of(DaysText): localtime.weekdays,
    pattern_of(PhoneText): _phone,
}


def _texts(value: object, kind: object, path: Path) -> Iterator[Problem]:
    """Yield every duration, time, window and number that has the right look and cannot be."""
    for inner, pattern, text in patterned(value, type_of(kind), path):
        if pattern in _READERS:
            yield from _readable(_READERS[pattern], text, inner)


def _readable(reader: Callable[[str], object], text: str, path: Path) -> Iterator[Problem]:
    try:
        reader(text)
    except ValueError as error:
        yield path, f"{path[-1]}: {error}"
