"""A life as messages: `life` tells one person's, `households` all the lives of a people file.

Pure: the same seed and start tell the same messages, without end. Whoever lives with others shares their
day; what is in common (doors, motion) speaks once, what is somebody's own (a pendant, a bed) for its owner.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import count
from typing import NamedTuple

from schema.instants import HOUR, MINUTE, Instant, instant
from schema.localtime import between, local, zone_named
from schema.people import Device, Home, Person
from schema.people_records import PersonRecord
from schema.plans import BedExitRule, CarePlan, MissedPillsRule
from simulator.homes.habits import Dose, Habits, day_of, drawn, gets_up, habits
from simulator.homes.mishaps import with_mishap
from simulator.homes.traces import Fitted, Said, noticed
from simulator.homes.voices import HEARTBEAT, Payload, Voice

Message = tuple[Instant, str, Payload]
_HAS_A_STATE = {"bed", "chair", "door", "motion"}


def _as_it_happens(at: Instant) -> Instant:
    return at


class Manner(NamedTuple):
    """How a life is told."""

    seed: int
    boot: int = 0
    mishaps: bool = False
    told_at: Callable[[Instant], Instant] = _as_it_happens  # the time a payload carries


def life(
    person: Person | None, home: Home, devices: Sequence[Device], start: Instant, manner: Manner
) -> Iterator[Message]:
    """Yield (at, topic, payload) of what these devices tell of the person from `start` on, without end.

    With nobody (None) they only show that they live. Without devices there is nothing to tell, and an end.
    """
    if not devices:
        return
    voices = {device.id: Voice(home.id, device, manner.seed, start, manner.boot) for device in devices}
    for said in _from(start, _told(person, home, devices, start, manner)):
        yield said.at, *voices[said.device.id].say(said, manner.told_at(said.at))


def household(home: Home, residents: Sequence[Person], start: Instant, manner: Manner) -> Iterator[Message]:
    """Yield everything a home tells: the shared devices follow whoever is named first."""
    lives = []
    for number, person in enumerate(residents or [None]):
        theirs = [
            device
            for device in home.devices
            if (number == 0 and device.person is None) or (person is not None and device.person == person.id)
        ]
        lives.append(life(person, home, theirs, start, manner))
    return merge(*lives, key=lambda message: message[0])


def _told(
    person: Person | None, home: Home, devices: Sequence[Device], start: Instant, manner: Manner
) -> Iterator[Said]:
    """Yield what is said from the morning before the day of `start`, in order of time."""
    plan = person.care_plan if isinstance(person, PersonRecord) else None
    ways, fitted = _ways(home, plan or CarePlan(), manner.seed), Fitted(devices)
    away = _absences(person, home) if person is not None else []
    waiting: list[Said] = []
    for days in count(-1):
        day = local(start, home.zone).date() + timedelta(days=days)
        begins, ends = gets_up(ways, day), gets_up(ways, day + timedelta(days=1))
        if person is not None:
            lived = _lived(ways, day, fitted, mishaps=manner.mishaps and days >= 0)
            waiting += [said for said in lived if not any(leaves <= said.at < returns for leaves, returns in away)]
        waiting += _heartbeats(ways, devices, begins, ends)
        waiting.sort(key=_at)
        yield from (said for said in waiting if said.at < ends)
        waiting = [said for said in waiting if said.at >= ends]


def _lived(ways: Habits, day: date, fitted: Fitted, *, mishaps: bool) -> list[Said]:
    """Return what is said of this day's life, until getting up on the next."""
    draw = drawn(ways.seed, day, *sorted(fitted.kinds))
    stays, besides = day_of(ways, day), list[Said]()
    if mishaps:
        stays, besides = with_mishap(ways, day, stays, fitted)
    last = stays[-1]._replace(at=gets_up(ways, day + timedelta(days=1)))
    return besides + noticed([*stays, last], fitted, draw)


def _from(start: Instant, told: Iterator[Said]) -> Iterator[Said]:
    """Yield how every device stands at `start`, said then, and all that is said after."""
    stood: dict[str, Said] = {}
    for said in told:
        if said.at >= start:
            yield from (state._replace(at=start) for state in stood.values())
            yield said
            break
        if said.device.kind in _HAS_A_STATE and said.value != HEARTBEAT:
            stood[said.device.id] = said
    yield from told


def _heartbeats(ways: Habits, devices: Sequence[Device], begins: Instant, ends: Instant) -> Iterator[Said]:
    """Each device shows once an hour that it lives, the hub every five minutes."""
    for device in devices:
        every = 5 * MINUTE if device.kind == "hub" else HOUR
        phase = drawn(ways.seed, device.id, "heartbeat").randrange(every)
        first = begins + (phase - begins) % every
        yield from (Said(at, device, HEARTBEAT) for at in range(first, ends, every))


def _ways(home: Home, plan: CarePlan, seed: int) -> Habits:
    """Return habits that suit the plan: pills in their windows, up once the night that it watches is over."""
    pills = [_minutes(rule.between) for rule in plan.rules if isinstance(rule, MissedPillsRule)]
    nights = [_minutes(rule.between) for rule in plan.rules if isinstance(rule, BedExitRule) and rule.between]
    doses = [Dose(opens, closes) for opens, closes in pills if opens < closes]
    return habits(
        seed, home.id, home.zone, doses, max((closes for opens, closes in nights if closes < opens), default=0)
    )


def _minutes(window: str) -> tuple[float, float]:
    opens, closes = between(window)
    return opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute


def _absences(person: Person, home: Home) -> list[tuple[Instant, Instant]]:
    """Return when the person is away by plan: nobody moves in the home then, and its devices live on."""
    zone = zone_named(home.zone)
    return [
        (
            instant(datetime.fromisoformat(absence.starts).replace(tzinfo=zone)),
            instant(datetime.fromisoformat(absence.ends).replace(tzinfo=zone)),
        )
        for absence in person.absences
    ]


def _at(said: Said) -> Instant:
    return said.at
