"""The facts of the log about homes, people and plans: what the rules may know, and not a word more.

A person is an id here. Free text that somebody wrote about a person (why they are away, who gave consent,
why a plan was made) stays in its table: the log is kept, and read where nobody's record is opened.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from schema.entries import Entry, HomeSet, NumberedDevice, PersonSet, PlanSet
from schema.people import Consent, Home, Person
from schema.people_records import PeopleFile
from schema.plans import CarePlan


class Numbered(NamedTuple):
    """The facts in the order a log takes them, and the number of each (home, device id)."""

    entries: list[Entry]
    numbers: dict[tuple[str, str], int]


def entries(people_file: PeopleFile) -> Numbered:
    """Return the facts of a file that is loaded into an empty house; devices are numbered from 1 in its order."""
    everything = [(home.id, device.id) for home in people_file.homes for device in home.devices]
    numbers = {device: number for number, device in enumerate(everything, 1)}
    facts: list[Entry] = [home_set(home, numbers) for home in people_file.homes]
    facts += [person_set(record.person) for record in people_file.people]
    facts += [plan_set(record.id, 1, record.care_plan) for record in people_file.people if record.care_plan is not None]
    return Numbered(facts, numbers)


def home_set(home: Home, numbers: Mapping[tuple[str, str], int]) -> HomeSet:
    """Return the home as the rules know it, each device with the number by which readings name it."""
    devices = tuple(NumberedDevice(numbers[home.id, device.id], device) for device in home.devices)
    return HomeSet(home.id, home.zone, home.area, devices)


def person_set(person: Person) -> PersonSet:
    """Return the person as the rules know them."""
    consent = None if person.consent is None else Consent(on=person.consent.on, covers=person.consent.covers)
    absences = tuple(msgspec.structs.replace(absence, why="") for absence in person.absences)
    return PersonSet(person.id, person.home, consent, absences)


def plan_set(person: str, version: int, plan: CarePlan) -> PlanSet:
    """Return a version of the person's plan as the rules know it."""
    return PlanSet(person, version, msgspec.structs.replace(plan, reason="", author=""))
