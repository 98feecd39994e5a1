"""Who of a team is on duty at a moment, and when that next changes.

A rota is wall-clock time in its own zone. A shift past midnight belongs to the day it begins on: `mon-fri`
from 20:00 to 08:00 ends on Saturday morning. When the clock is put back, who goes and who comes share the hour
that passes twice: a clock change never leaves a gap that the rota does not have.
"""

from datetime import timedelta

from schema.instants import Instant
from schema.localtime import local, weekdays, window_of_day
from schema.people import Member, Shift, Team

_WEEK_AND_A_DAY = 8


def on_duty(team: Team, at: Instant) -> tuple[Member, ...]:
    """Return who is on duty, in the order of the team's list; with no rota all members always are."""
    rota = team.rota
    if rota is None:
        return team.members
    working = {shift.who for shift in rota.shifts if _covers(shift, rota.zone, at)}
    return tuple(member for member in team.members if member.id in working)


def next_change(team: Team, at: Instant) -> Instant | None:
    """Return the first moment later than `at` at which other people are on duty; None where that never is."""
    if team.rota is None:
        return None
    now = on_duty(team, at)
    changes = (moment for moment in _boundaries(team, at) if on_duty(team, moment) != now)
    return next(changes, None)


def _covers(shift: Shift, zone: str, at: Instant) -> bool:
    today = local(at, zone).date()
    for day in (today - timedelta(days=1), today):
        if day.weekday() in weekdays(shift.every):
            begins, ends = window_of_day(f"{shift.from_}-{shift.to}", zone, day)
            if begins <= at < ends:
                return True
    return False


def _boundaries(team: Team, at: Instant) -> list[Instant]:
    """Return when shifts begin or end in the week to come, in order."""
    assert team.rota is not None
    zone = team.rota.zone
    today = local(at, zone).date()
    found: set[Instant] = set()
    for shift in team.rota.shifts:
        for day in (today + timedelta(days=number) for number in range(-1, _WEEK_AND_A_DAY)):
            if day.weekday() in weekdays(shift.every):
                found.update(window_of_day(f"{shift.from_}-{shift.to}", zone, day))
    return sorted(moment for moment in found if moment > at)
