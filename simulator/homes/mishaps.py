"""Mishaps, planted on request: what the rules are there for, in about one day of three.

A press, a fall, a night on the floor, a day without a step, going out at two in the morning: each only
where the home has the devices to notice it.
"""

from collections.abc import Callable
from datetime import date
from random import Random

from schema.instants import HOUR, MINUTE, SECOND, Instant
from simulator.homes.habits import BED, OUT, Habits, Stay, drawn
from simulator.homes.traces import Fitted, Said

FLOOR = "floor"
"""Where no sensor sees anybody."""

_Planted = tuple[list[Stay], list[Said]]
_Mishap = Callable[[list[Stay], Fitted, Random], _Planted]


def with_mishap(habits: Habits, day: date, stays: list[Stay], fitted: Fitted) -> _Planted:
    """Return the day's stays with its mishap, if it has one, and what is said besides."""
    draw = drawn(habits.seed, day, "mishap")
    possible = _possible(fitted)
    if not possible or draw.random() > 1 / 3:
        return stays, []
    return draw.choice(possible)(stays, fitted, draw)


def _press(stays: list[Stay], fitted: Fitted, draw: Random) -> _Planted:
    at = draw.choice(stays).at + draw.randint(1, 20) * MINUTE
    return stays, [Said(at, draw.choice(fitted.kinds["button"]), "pressed")]


def _fall(stays: list[Stay], fitted: Fitted, draw: Random) -> _Planted:
    device = draw.choice(fitted.kinds["fall"])
    at = draw.choice(stays).at + 3 * MINUTE
    gets_up = [Said(at + 20 * SECOND, device, "recovered")] if draw.random() < 0.3 else []
    return stays, [Said(at, device, "fallen"), *gets_up]


def _night_on_the_floor(stays: list[Stay], _: Fitted, draw: Random) -> _Planted:
    out = stays[-1].at + draw.randint(60, 200) * MINUTE
    return _instead(stays, out, [Stay(out, "bathroom"), Stay(out + 2 * MINUTE, FLOOR)], 90 * MINUTE, BED), []


def _still_day(stays: list[Stay], _: Fitted, draw: Random) -> _Planted:
    falls = stays[0].at + draw.randint(100, 200) * MINUTE
    return _instead(stays, falls, [Stay(falls, FLOOR)], 6 * HOUR, "living room"), []


def _out_at_night(stays: list[Stay], _: Fitted, draw: Random) -> _Planted:
    goes = stays[0].at + 18 * HOUR + draw.randint(30, 150) * MINUTE
    return _instead(stays, goes, [Stay(goes, OUT)], 45 * MINUTE, BED), []


def _instead(stays: list[Stay], at: Instant, mishap: list[Stay], lasting: int, after: str) -> list[Stay]:
    """Return the stays with the mishap in place of what would have been meanwhile."""
    over = at + lasting
    return sorted([stay for stay in stays if not at <= stay.at < over] + [*mishap, Stay(over, after)])


def _possible(fitted: Fitted) -> list[_Mishap]:
    """Return the mishaps that this home would notice."""
    noticed = {
        _press: fitted.kinds["button"],
        _fall: fitted.kinds["fall"],
        _night_on_the_floor: fitted.kinds["bed"],
        _still_day: fitted.kinds["motion"],
        _out_at_night: fitted.exits,
    }
    return [mishap for mishap, devices in noticed.items() if devices]
