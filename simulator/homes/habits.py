"""How a household spends a day: where it is from getting up until getting up again, seeded.

Pure and repeatable: every choice is drawn from (seed, household, day), so that any day can be told without
those before it. Ordinary days stay ordinary: up after seven, an outing of two hours at most, in bed by a
quarter past eleven, a few short visits to the bathroom at night.
"""

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from itertools import cycle
from random import Random
from typing import Literal, NamedTuple

from schema.instants import HOUR, MINUTE, Instant
from schema.localtime import on_day

Doing = Literal["", "pills", "visit"]

BED = "bed"
OUT = "out"


class Stay(NamedTuple):
    """Where somebody is from `at` on, until the next stay: a room, `bed` or `out`; and what for."""

    at: Instant
    place: str
    doing: Doing = ""


class Dose(NamedTuple):
    """When pills are to be taken, in minutes from midnight."""

    opens: float
    closes: float


MORNING_DOSE = Dose(8 * 60, 10 * 60)
"""When they are taken where no plan says it."""


class Habits(NamedTuple):
    """What a household does every day at about the same time, in minutes from midnight."""

    seed: str
    zone: str
    up: float
    to_bed: float
    trips: int  # to the bathroom in a night, at most
    naps: bool
    doses: tuple[Dose, ...]


class _Stretch(NamedTuple):
    """Some minutes of a day with a purpose; `begins` in minutes from midnight."""

    begins: float
    place: str
    minutes: float
    doing: Doing = ""


_ROUND = (
    ("living room", 30, 60),
    ("kitchen", 6, 15),
    ("living room", 30, 60),
    ("bathroom", 4, 8),
    ("bedroom", 4, 10),
)
"""What fills the time between: where, and between how many minutes."""


def drawn(*parts: object) -> Random:
    """Return the dice for one purpose: the same parts throw the same numbers, on every machine."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - a life is told again from its seed; nothing is secret


def habits(seed: int, household: str, zone: str, doses: Sequence[Dose] = (), night_ends: float = 0) -> Habits:
    """Return the household's habits: nobody is up before `night_ends`, but for an early dose."""
    draw = drawn(seed, household)
    doses = tuple(doses or (MORNING_DOSE,))
    first = min(dose.closes for dose in doses)
    return Habits(
        seed=f"{seed}/{household}",
        zone=zone,
        doses=doses,
        up=min(max(7 * 60 + draw.uniform(10, 55), night_ends + 3), max(first - 50, 5 * 60)),
        to_bed=22 * 60 + draw.uniform(5, 45),
        trips=draw.randint(1, 3),
        naps=draw.random() < 0.3,
    )


def day_of(habits: Habits, day: date) -> list[Stay]:
    """Return the stays from getting up on this day until getting up on the next, in order."""
    draw = drawn(habits.seed, day)
    to_bed = habits.to_bed + draw.uniform(0, 20)
    stays = [*_waking(habits, day, draw, until=to_bed - 10)]
    stays += [Stay(_clock(habits, day, to_bed - 10), "bathroom"), Stay(_clock(habits, day, to_bed), BED)]
    return [*stays, *_night(habits, draw, stays[-1].at, gets_up(habits, day + timedelta(days=1)))]


def gets_up(habits: Habits, day: date) -> Instant:
    """Return when the household gets up on this day."""
    return _clock(habits, day, habits.up + drawn(habits.seed, day, "up").uniform(0, 20))


def _waking(habits: Habits, day: date, draw: Random, until: float) -> Iterator[Stay]:
    """Yield the stays of the day: what is planned when its time has come, an ordinary round between."""
    ahead, ordinary = sorted(_planned(habits, draw)), cycle(_ROUND)
    up = gets_up(habits, day)
    yield Stay(up, "bathroom")
    now = (up - _clock(habits, day, 0)) / MINUTE + draw.uniform(8, 14)
    while now < until:
        if ahead and ahead[0].begins <= now:
            next_ = ahead.pop(0)
        else:
            place, shortest, longest = next(ordinary)
            free = (ahead[0].begins if ahead else until) - now
            next_ = _Stretch(now, place, min(draw.uniform(shortest, longest), max(free, 1)))
        yield Stay(_clock(habits, day, now), next_.place, next_.doing)
        dose = next((each.begins - now for each in ahead if each.doing == "pills"), next_.minutes)
        now += min(next_.minutes, max(dose, 1))  # whatever it is, one comes home for the pills


def _planned(habits: Habits, draw: Random) -> Iterator[_Stretch]:
    for opens, closes in habits.doses:
        at = max(opens + draw.uniform(0.1, 0.6) * (closes - opens), habits.up + 35)
        yield _Stretch(min(at, closes - 8), "kitchen", draw.uniform(10, 25), "pills")
    yield _Stretch(draw.uniform(12 * 60, 12 * 60 + 45), "kitchen", draw.uniform(25, 45))
    yield _Stretch(draw.uniform(17 * 60 + 30, 18 * 60 + 30), "kitchen", draw.uniform(30, 50))
    yield _Stretch(draw.uniform(21 * 60 + 20, 21 * 60 + 50), "kitchen", draw.uniform(5, 10))
    if draw.random() < 0.6:
        yield _Stretch(draw.uniform(10 * 60, 15 * 60), OUT, draw.uniform(30, 120))
    if draw.random() < 0.3:
        yield _Stretch(draw.uniform(10 * 60, 19 * 60), "living room", draw.uniform(30, 70), "visit")
    if habits.naps:
        yield _Stretch(draw.uniform(13 * 60 + 30, 14 * 60 + 30), BED, draw.uniform(35, 60))


def _night(habits: Habits, draw: Random, to_bed: Instant, up: Instant) -> Iterator[Stay]:
    """Yield the night's visits to the bathroom, each in a part of the night of its own."""
    trips = draw.randint(0, habits.trips)
    asleep, part = to_bed + HOUR, (up - to_bed - 2 * HOUR) // max(trips, 1)
    for trip in range(trips):
        out = asleep + trip * part + int(draw.uniform(0, 0.8) * part)
        yield Stay(out, "bathroom")
        yield Stay(out + int(draw.uniform(3, 8) * MINUTE), BED)


def _clock(habits: Habits, day: date, minutes: float) -> Instant:
    """Return when the home's clock shows so many minutes past this day's midnight."""
    days, seconds = divmod(int(minutes * 60), 86400)
    shown = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return on_day(day + timedelta(days=days), shown, habits.zone)
