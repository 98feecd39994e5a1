"""Wall-clock times as plans and rotas write them, in a home's own zone, right across clock changes.

A plan says `22:00-07:00` and means the clock on the bedroom wall. Where the clock is put back, a window
opens at the first and closes at the second passing of the hour. Where it is put forward over a time of
day, what opens or falls due then does so at the jump, and what closes then keeps its length. So a window
never misses a moment that its reader would count as inside, and is there on every day of the year.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from schema.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant, instant, moment

_UNITS: dict[str, Duration] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache(maxsize=4096)
def duration(text: str) -> Duration:
    """Read `30s`, `20m`, `4h` or `2d`; ValueError says what was expected."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit()) or unit not in _UNITS:
        raise ValueError(f"'{text}' is no duration; expected for example 30s, 20m, 4h or 2d")
    return int(number) * _UNITS[unit]


@lru_cache(maxsize=4096)
def time_of_day(text: str) -> time:
    """Read `07:30`; ValueError says what was expected. `24:00` is read as midnight."""
    hours, colon, minutes = text.partition(":")
    if not (colon and text.isascii() and hours.isdigit() and minutes.isdigit() and len(minutes) == 2):
        raise ValueError(f"'{text}' is no time of day; expected for example 07:30")
    if int(hours) > 24 or int(minutes) > 59 or (int(hours) == 24 and int(minutes)):
        raise ValueError(f"'{text}' is no time of day; expected 00:00 to 24:00")
    return time(int(hours) % 24, int(minutes))


@lru_cache(maxsize=4096)
def between(text: str) -> tuple[time, time]:
    """Read `22:00-07:00` as (opens, closes); equal ends mean round the clock."""
    opens, dash, closes = text.partition("-")
    if not dash:
        raise ValueError(f"'{text}' is no time window; expected for example 22:00-07:00")
    return time_of_day(opens.strip()), time_of_day(closes.strip())


@lru_cache(maxsize=1024)
def weekdays(text: str) -> frozenset[int]:
    """Read `mon-fri`, `sat`, `sun-tue` or `mon,wed,fri` as days (Monday is 0); ValueError says what was expected."""
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if first not in _WEEKDAYS or (dash and last not in _WEEKDAYS):
            raise ValueError(f"'{text}' names no days; expected for example mon-fri, sat or mon,wed,fri")
        start = _WEEKDAYS.index(first)
        length = (_WEEKDAYS.index(last) - start) % 7 if dash else 0
        days |= {(start + day) % 7 for day in range(length + 1)}
    return frozenset(days)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """Return the zone; ValueError where there is none of that name."""
    try:
        return ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"'{name}' is no time zone; expected for example Europe/London") from error


def local(at: Instant, zone: str) -> datetime:
    """Return the wall-clock time of the instant in the zone."""
    return moment(at).astimezone(zone_named(zone))


@lru_cache(maxsize=65536)
def on_day(day: date, clock: time, zone: str, *, second_passing: bool = False) -> Instant:
    """Return when the clock in the zone shows this time on this day (of two passings, the one asked for).

    A time that the clock jumps over: the jump itself, or, where the second passing is asked for (what closes),
    as long after the jump as it would have been.
    """
    first = datetime.combine(day, clock, zone_named(zone))
    second = first.replace(fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if before < after:  # jumped over: with fold 0 it lies after the jump, with fold 1 before it
        return instant(first) if second_passing else _jump(instant(second), instant(first), zone)
    return instant(second if second_passing else first)


def _jump(before: Instant, after: Instant, zone: str) -> Instant:
    """Return when between the two the zone's clock is put forward, to the second."""
    offset = local(before, zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        if local(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def window_of_day(text: str, zone: str, day: date) -> tuple[Instant, Instant]:
    """Return (opens, closes) of the window that opens on this day, half-open; it is never empty."""
    opens, closes = between(text)
    until = day if opens < closes else day + timedelta(days=1)
    start, end = on_day(day, opens, zone), on_day(until, closes, zone, second_passing=True)
    if end <= start:  # the clock jumps over the whole of it: as long as on any other day, from the jump on
        usual = datetime.combine(until, closes) - datetime.combine(day, opens)
        end = start + usual // timedelta(microseconds=1)
    return start, end


def window(text: str, zone: str, at: Instant) -> tuple[Instant, Instant] | None:
    """Return (opens, closes) of the window that holds `at`, half-open, or None when `at` is outside."""
    today = local(at, zone).date()
    for day in (today - timedelta(days=1), today):
        opens, closes = window_of_day(text, zone, day)
        if opens <= at < closes:
            return opens, closes
    return None


def inside(text: str | None, zone: str, at: Instant) -> bool:
    """Tell whether `at` lies in the window; no window means always."""
    return text is None or window(text, zone, at) is not None


def next_time(clock: str, zone: str, after: Instant) -> Instant:
    """Return the first instant later than `after` at which the zone's clock shows `clock`."""
    wanted = time_of_day(clock)
    today = local(after, zone).date()
    for days in (0, 1, 2):
        at = on_day(today + timedelta(days=days), wanted, zone)
        if at > after:
            return at
    raise AssertionError("a time of day comes round within two days")


def last_time(clock: str, zone: str, at: Instant) -> Instant:
    """Return the latest instant not later than `at` at which the zone's clock showed `clock`."""
    wanted = time_of_day(clock)
    today = local(at, zone).date()
    for days in (0, 1, 2):
        shown = on_day(today - timedelta(days=days), wanted, zone)
        if shown <= at:
            return shown
    raise AssertionError("a time of day comes round within two days")


def next_opening(text: str, zone: str, after: Instant) -> Instant:
    """Return when the window next opens, later than `after`."""
    return next_time(text.partition("-")[0].strip(), zone, after)


def clock_text(at: Instant, zone: str) -> str:
    """Say the time of day as a reason does: `02:14`."""
    return local(at, zone).strftime("%H:%M")
