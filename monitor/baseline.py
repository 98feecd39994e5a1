"""What is usual for a person: when they are about, when they settle and rise, how long they are still or out. Pure.

Learned from the log by the same fold as everything else, once an hour and never at a reading:
- *About*: for each hour of the day, apart for weekdays and weekends, in what part of the hours in which they were at
  home, up, and could be seen they were seen at all. Slow to forget: an hour weighs half after fourteen of its kind.
- *Nights*: when they settled and rose, where no bed tells: the silences that reach into the small hours.
- *Still*: by state, the longest silences of the day that ended by themselves. *Out*: how long absences were.

So each state has one limit for the day, pooled, and one for the night: limits by the hour gave 2 to 4 false alarms a
week. A limit is never more than LIMITS allows, whatever was learned: a true emergency, a holiday or a hospital that is
taken for usual does little harm, and is forgotten in ten weeks.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from schema.instants import DAY, HOUR, MINUTE, Duration, Instant
from schema.localtime import local

UP, SEATED, RISEN, BACK, IN_BED, OUT = range(6)
"""States, by the last believable reading: what a silence began in."""
NAMES = ("up", "seated", "just risen", "back at the door", "in bed", "out")


class Limit(msgspec.Struct, frozen=True):
    """How long a silence of a state may last by day: for somebody of whom nothing is known, at least, and at most."""

    general: Duration
    least: Duration
    most: Duration


LIMITS = {
    UP: Limit(200 * MINUTE, 180 * MINUTE, 240 * MINUTE),
    SEATED: Limit(200 * MINUTE, 180 * MINUTE, 240 * MINUTE),
    RISEN: Limit(150 * MINUTE, 75 * MINUTE, 240 * MINUTE),
    BACK: Limit(80 * MINUTE, 60 * MINUTE, 210 * MINUTE),
}
"""`python -m benchmarks.detection` says what they do on recordings (docs/detection.md). Who comes home moves on within
minutes, so silence there speaks early; most others are still for two or three hours now and then."""
AFTER_RISING: Duration = 2 * HOUR
"""How long after the latest usual rising a night's silence is unusual."""
OUT_LEAST: Duration = 4 * HOUR
_MARGIN = 1.2
_KEPT = 4
_OLD = 70  # days
_KNOWN_AFTER = 14  # days
_NIGHTS = 14
_NIGHT_LASTS: Duration = 4 * HOUR
_SMALL_HOURS = range(12 * 60, 17 * 60)  # minutes after noon
_SETTLES, _RISES = 21 * 60 + 30 - 720, 8 * 60 + 720  # by default, in minutes after noon
_SETTLES_FROM, _RISES_UNTIL = 18 * 60 + 30 - 720, 11 * 60 + 720
_BEFORE_SETTLING = 20  # minutes
_KEEPS = 0.95  # of what an hour of a kind of day weighed, when the same hour comes again: half after 14
_WEEKEND = 5
_GENERAL = np.array([0.12] * 5 + [0.2, 0.45, 0.7] + [0.85] * 13 + [0.7, 0.5, 0.25])
_GENERAL_WEIGHS, _WEEK_WEIGHS = 2.0, 3.0

Grid = NDArray[np.float64]


class Silence(msgspec.Struct, frozen=True, array_like=True):
    """A silence that ended by itself, or an absence."""

    state: int
    day: int  # days since 1970
    minutes: int


class Night(msgspec.Struct, frozen=True, array_like=True):
    """A night as silences tell of it. Minutes after noon."""

    day: int
    settled: int
    rose: int


class Usual(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one person. Packs in less than 800 bytes."""

    about: bytes = b""  # float32, [seen, watched] by kind of day and hour
    silences: tuple[Silence, ...] = ()
    nights: tuple[Night, ...] = ()
    since: int = 0  # the first day of which anything is known


class Picture(msgspec.Struct, frozen=True):
    """What is known as numbers, for a picture. Lists are by hour of the day, 0 to 23."""

    about: dict[str, list[float]]  # by kind of day: in what part of such hours they are seen, 0 to 1
    known: dict[str, list[float]]  # by kind of day: how many such hours that rests on
    silences: dict[str, list[int]]  # by state: the longest, in minutes
    settles: int  # minutes after noon: what begins later may be sleep
    rises: int


NOTHING_YET = Usual()


def with_hour(usual: Usual, begins: Instant, zone: str, *, seen: bool) -> Usual:
    """Return what is usual, an hour more known: whether they were seen in it."""
    grid = _grid(usual).copy()
    middle = local(begins + HOUR // 2, zone)
    kind, hour = int(middle.weekday() >= _WEEKEND), middle.hour
    grid[:, kind, hour] *= _KEEPS
    grid[1, kind, hour] += 1
    grid[0, kind, hour] += seen
    return msgspec.structs.replace(known_since(usual, begins), about=grid.astype(np.float32).tobytes())


def known_since(usual: Usual, at: Instant) -> Usual:
    """Return what is usual, known since this day if since none before."""
    return usual if usual.since else msgspec.structs.replace(usual, since=at // DAY)


def with_silence(usual: Usual, state: int, since: Instant, until: Instant, zone: str) -> Usual:
    """Return what is usual, a silence (or an absence) that ended by itself more known."""
    if state == OUT:
        return _with_longest(usual, state, since, until)
    night = _night_of(since, until, zone)
    if night is not None:
        return _with_night(usual, night)
    if begins_in_night(usual, since, zone):
        return usual
    return _with_longest(usual, state, since, until)


def begins_in_night(usual: Usual, since: Instant, zone: str) -> bool:
    """Tell whether a silence that begins here may be sleep."""
    settles, rises = _hours_of_night(usual)
    return settles <= _after_noon(since, zone) < rises


def unusual_at(usual: Usual, state: int, since: Instant, at: Instant, zone: str, *, bed_tells: bool) -> Instant:
    """Return when a silence of this state, begun at `since`, is unusual for this person at this hour.

    Where a bed tells who sleeps, nothing else is taken for sleep.
    """
    due = since + limit(usual, state, at)
    if bed_tells or not begins_in_night(usual, since, zone):
        return due
    _, rises = _hours_of_night(usual)
    sleeps_until = since + (rises - _after_noon(since, zone)) * MINUTE
    return max(due, sleeps_until + AFTER_RISING)


def limit(usual: Usual, state: int, at: Instant) -> Duration:
    """Return how long a silence of this state may last by day."""
    bounds = LIMITS[state]
    own = int(_MARGIN * max(_minutes(usual, state), default=0) * MINUTE)
    least = bounds.least if _is_known(usual, at) else bounds.general
    return min(max(own or bounds.general, least), bounds.most)


def longest_out(usual: Usual, at: Instant, cap: Duration) -> Duration:
    """Return how long they may be out before it is unusual: never more than `cap`."""
    known = _minutes(usual, OUT)
    if len(known) < _KEPT or not _is_known(usual, at):
        return cap
    return min(cap, max(OUT_LEAST, int(1.5 * known[1] * MINUTE)))


def picture(usual: Usual) -> Picture:
    """Return what is known as numbers."""
    grid = _grid(usual)
    whole = (grid[0].sum(axis=0) + _GENERAL_WEIGHS * _GENERAL) / (grid[1].sum(axis=0) + _GENERAL_WEIGHS)
    parts = (grid[0] + _WEEK_WEIGHS * whole) / (grid[1] + _WEEK_WEIGHS)  # weekends lean on the week, all on most people
    kinds = ("weekday", "weekend")
    settles, rises = _hours_of_night(usual)
    return Picture(
        about={kind: [round(float(part), 3) for part in parts[index]] for index, kind in enumerate(kinds)},
        known={kind: [round(float(known), 1) for known in grid[1, index]] for index, kind in enumerate(kinds)},
        silences={name: list(_minutes(usual, state)) for state, name in enumerate(NAMES)},
        settles=settles,
        rises=rises,
    )


def _with_longest(usual: Usual, state: int, since: Instant, until: Instant) -> Usual:
    day = until // DAY
    others = [each for each in usual.silences if each.state != state]
    mine = [each for each in usual.silences if each.state == state and day - each.day < _OLD]
    mine = sorted((*mine, Silence(state, day, (until - since) // MINUTE)), key=lambda each: -each.minutes)[:_KEPT]
    return msgspec.structs.replace(usual, silences=(*others, *mine))


def _with_night(usual: Usual, night: Night) -> Usual:
    before = usual.nights
    if before and before[-1].day == night.day:  # several silences are one night
        last = before[-1]
        night = Night(night.day, min(last.settled, night.settled), max(last.rose, night.rose))
        before = before[:-1]
    return msgspec.structs.replace(usual, nights=(*before[1 - _NIGHTS :], night))


def _night_of(since: Instant, until: Instant, zone: str) -> Night | None:
    settled, lasted = _after_noon(since, zone), (until - since) // MINUTE
    rose = settled + lasted
    if until - since < _NIGHT_LASTS or settled >= _SMALL_HOURS.stop or rose <= _SMALL_HOURS.start:
        return None
    return Night((since - DAY // 2) // DAY, settled, min(rose, _RISES_UNTIL))


def _hours_of_night(usual: Usual) -> tuple[int, int]:
    """Return the minutes after noon between which a silence that begins may be sleep."""
    settles = min((_SETTLES, *(night.settled - _BEFORE_SETTLING for night in usual.nights)))
    rises = max((_RISES, *(night.rose for night in usual.nights)))
    return max(settles, _SETTLES_FROM), min(rises, _RISES_UNTIL)


def _minutes(usual: Usual, state: int) -> tuple[int, ...]:
    """Return the longest silences of the state, longest first."""
    return tuple(each.minutes for each in usual.silences if each.state == state)


def _is_known(usual: Usual, at: Instant) -> bool:
    return bool(usual.since) and at // DAY - usual.since >= _KNOWN_AFTER


def _after_noon(at: Instant, zone: str) -> int:
    shown = local(at, zone)
    return (shown.hour * 60 + shown.minute - 720) % 1440


def _grid(usual: Usual) -> Grid:
    if not usual.about:
        return np.zeros((2, 2, 24))
    return np.frombuffer(usual.about, dtype=np.float32).reshape(2, 2, 24).astype(np.float64)
