"""When nobody of a team is on duty, by its rota, in the zone's own wall-clock time."""

from collections.abc import Iterator
from datetime import timedelta

from schema.instants import Instant
from schema.localtime import local, weekdays, window_of_day
from schema.people import Rota, Team

Span = tuple[Instant, Instant]


def duty_gaps(team: Team, since: Instant, until: Instant) -> list[Span]:
    """Return the spans between the two in which nobody is on duty; with no rota all members always are."""
    if team.rota is None:
        return [] if team.members else [(since, until)]
    gaps, covered = [], since
    for begins, ends in sorted(_shifts(team.rota, since, until)):
        if begins >= until:
            break
        if begins > covered:
            gaps.append((covered, begins))
        covered = max(covered, ends)
    return [*gaps, (covered, until)] if covered < until else gaps


def _shifts(rota: Rota, since: Instant, until: Instant) -> Iterator[Span]:
    """Yield when each shift begins and ends; one past midnight is its first day's."""
    first, last = local(since, rota.zone).date(), local(until, rota.zone).date()
    for days in range(-1, (last - first).days + 1):
        day = first + timedelta(days=days)
        for shift in rota.shifts:
            if day.weekday() in weekdays(shift.every):
                yield window_of_day(f"{shift.from_}-{shift.to}", rota.zone, day)
