"""Homes, people, plans, teams: what a seed makes, small enough that the truth about them can be told simply.

A *sleeper* has a bed mat and a rule about leaving the bed; a *mover* has motion sensors and a rule about
inactivity; both have a pendant, and many a fall sensor. Nobody has doors: what a door may mean is the unit tests'
business, and the truth must stay plain.
"""

from random import Random
from typing import NamedTuple

import msgspec

from schema.people import Contact, Device, Home, Member, Rota, Shift, Team
from schema.people_records import PeopleFile, PersonRecord
from schema.plans import BedExitRule, ButtonRule, CarePlan, FallRule, InactivityRule, Policy, PolicyStep, SilenceRule
from tests.simulation.weather import draws

ZONE = "Europe/London"


class Resident(NamedTuple):
    """Somebody who lives there, and what the plan waits for, in seconds."""

    person: str
    home: str
    sleeps: bool  # a sleeper; else a mover
    limit: int  # of their bed_exit or inactivity rule
    settle: int  # of the mat
    has_fall_sensor: bool


class Village(NamedTuple):
    """All of a world's homes and people, and the file that loads them."""

    residents: tuple[Resident, ...]
    people: PeopleFile
    silent_after: int  # seconds: of every hub
    phones: dict[str, str]  # whose they are, by number


def village(seed: int) -> Village:
    """Return the seed's village."""
    draw = draws(seed, "village")
    residents = tuple(_residents(draw))
    silent_after = draw.choice([100, 130])
    homes = {resident.home: [each for each in residents if each.home == resident.home] for resident in residents}
    people = PeopleFile(
        policies=_policies(draw),
        teams={"wardens": _team(draw)},
        homes=tuple(_home(name, living) for name, living in homes.items()),
        people=tuple(_person(resident, silent_after, first=homes[resident.home][0] is resident, draw=draw)
                     for resident in residents),
    )  # fmt: skip
    return Village(residents, people, silent_after, _phones(people))


def _residents(draw: Random) -> list[Resident]:
    numbers = [(home, number) for home in range(1, draw.randint(2, 3)) for number in range(1, draw.choice([2, 2, 3]))]
    return [
        Resident(
            person=f"p{home}{number}",
            home=f"h{home}",
            sleeps=draw.random() < 0.5,
            limit=draw.choice([60, 90, 120]),
            settle=draw.choice([5, 15]),
            has_fall_sensor=draw.random() < 0.6,
        )
        for home, number in numbers
    ]


def _home(name: str, living: list[Resident]) -> Home:
    devices = [Device(id="hub", kind="hub"), Device(id="pendant-0", kind="button")]
    for each in living:
        devices.append(Device(id=f"pendant-{each.person}", kind="button", person=each.person))
        if each.has_fall_sensor:
            devices.append(Device(id=f"fall-{each.person}", kind="fall", person=each.person, room="hall"))
        if each.sleeps:
            devices.append(Device(id=f"bed-{each.person}", kind="bed", person=each.person, room="bedroom"))
        else:
            devices.append(Device(id=f"motion-{each.person}", kind="motion", person=each.person, room="kitchen"))
            devices.append(Device(id=f"hall-{each.person}", kind="motion", person=each.person, room="hall"))
    return Home(id=name, zone=ZONE, devices=tuple(devices))


def _person(resident: Resident, silent_after: int, *, first: bool, draw: Random) -> PersonRecord:
    own = (
        BedExitRule(longer_than=f"{resident.limit}s", settle=f"{resident.settle}s", policy="urgent")
        if resident.sleeps
        else InactivityRule(longer_than=f"{resident.limit}s", policy="urgent")
    )
    rules = [ButtonRule(policy="urgent"), FallRule(policy="urgent", cancel_within="30s"), own]
    if first:
        rules.append(SilenceRule(device="hub", longer_than=f"{silent_after}s", policy="routine"))
    contacts = tuple(
        Contact(id=f"{resident.person}-{who}", name=who, phone=_phone(draw)) for who in ("daughter", "neighbour")
    )
    return PersonRecord(
        id=resident.person,
        name=f"Resident {resident.person}",
        home=resident.home,
        contacts=contacts[: draw.randint(0, 2)],
        care_plan=CarePlan(rules=tuple(rules)),
    )


def _policies(draw: Random) -> dict[str, Policy]:
    first = draw.choice([15, 30])
    urgent = (
        PolicyStep(after="0s", notify="operators"),
        PolicyStep(after=f"{first}s", notify="wardens"),
        PolicyStep(after=f"{first + 30}s", notify="contacts"),
        PolicyStep(after=f"{first + 90}s", notify=("operators", "wardens"), repeat="60s"),
    )
    routine = (
        PolicyStep(after="0s", notify="operators"),
        PolicyStep(after="60s", notify="contacts"),
        PolicyStep(after="120s", notify="operators", repeat="100s"),
    )
    return {"urgent": urgent, "routine": routine}


def _team(draw: Random) -> Team:
    members = tuple(Member(id=f"warden-{number}", name=f"Warden {number}", phone=_phone(draw)) for number in (1, 2))
    halves = (Shift(who="warden-1", to="01:30"), Shift(who="warden-2", from_="01:30"))  # round the clock's change
    rotas = [
        None,  # all are always on duty
        Rota(zone=ZONE, shifts=(Shift(who="warden-1"),)),
        Rota(zone=ZONE, shifts=halves),
        Rota(zone=ZONE, shifts=(Shift(who="warden-2", from_="03:00", to="03:01"),)),  # nobody, nearly always
    ]
    return Team(members=members, rota=draw.choice(rotas))


def _phone(draw: Random) -> str:
    return f"+447700900{draw.randrange(1000):03d}"


def _phones(people: PeopleFile) -> dict[str, str]:
    everybody = [*(member for team in people.teams.values() for member in team.members)]
    everybody += [contact for person in people.people for contact in person.contacts]  # type: ignore[misc] # all have these two
    return {each.phone: each.id for each in everybody if each.phone}


def rules_of(person: PersonRecord) -> list[str]:
    """Return the plan's rules as they are written, for the story."""
    assert person.care_plan is not None
    return [msgspec.json.encode(rule).decode() for rule in person.care_plan.rules]
