"""Whether somebody is on duty is a question of the clock on the wall, on odd nights and over midnight as well."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.duty_gaps import duty_gaps
from schema.instants import DAY, HOUR, MINUTE, Instant, iso, parse_instant
from schema.localtime import local, on_day, weekdays
from schema.people import Member, Rota, Shift, Team

LONDON = "Europe/London"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONDAY = parse_instant("2026-11-23T00:00:00Z")


def team(*shifts: tuple[str, str, str], zone: str = LONDON) -> Team:
    rota = Rota(zone=zone, shifts=tuple(Shift(who="a", every=every, from_=from_, to=to) for every, from_, to in shifts))
    return Team(members=(Member(id="a", name="A"),), rota=rota)


def said(gaps: list[tuple[Instant, Instant]]) -> list[tuple[str, str]]:
    return [(iso(begins)[:16], iso(ends)[:16]) for begins, ends in gaps]


def test_a_team_without_a_rota_is_always_on_duty() -> None:
    assert duty_gaps(Team(members=(Member(id="a", name="A"),)), MONDAY, MONDAY + DAY) == []


def test_a_team_without_members_never_is() -> None:
    assert duty_gaps(Team(), MONDAY, MONDAY + DAY) == [(MONDAY, MONDAY + DAY)]


def test_a_rota_without_shifts_is_one_gap() -> None:
    assert duty_gaps(team(), MONDAY, MONDAY + DAY) == [(MONDAY, MONDAY + DAY)]


def test_a_shift_past_midnight_is_its_first_days() -> None:
    gaps = duty_gaps(team(("mon-fri", "08:00", "20:00"), ("mon-thu", "20:00", "08:00")), MONDAY, MONDAY + 7 * DAY)
    assert said(gaps) == [("2026-11-23T00:00", "2026-11-23T08:00"), ("2026-11-27T20:00", "2026-11-30T00:00")]


def test_one_minute_short_is_a_gap_of_one_minute_a_night() -> None:
    gaps = duty_gaps(team(("mon-sun", "08:00", "07:59")), MONDAY + 12 * HOUR, MONDAY + 2 * DAY + 12 * HOUR)
    assert said(gaps) == [("2026-11-24T07:59", "2026-11-24T08:00"), ("2026-11-25T07:59", "2026-11-25T08:00")]


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_two_shifts_round_the_clock_leave_no_gap_when_the_clock_changes(day: str) -> None:
    since = parse_instant(f"{day}T12:00:00Z")
    for handover in ("20:00", "01:00", "01:30", "02:00"):
        assert duty_gaps(team(("mon-sun", "08:00", handover), ("mon-sun", handover, "08:00")), since, since + DAY) == []


def test_whole_days_leave_no_gap() -> None:
    assert duty_gaps(team(("mon-sun", "00:00", "24:00")), MONDAY, MONDAY + 14 * DAY) == []


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.builds("{}-{}".format, st.sampled_from(WEEK), st.sampled_from(WEEK)),
            st.builds("{:02}:00".format, st.integers(0, 23)),
            st.builds("{:02}:00".format, st.integers(0, 23)),
        ),
        max_size=4,
    ),
    st.sampled_from([date(2026, 6, 1), date(2026, 3, 27), date(2026, 10, 23)]),
)
def test_an_hour_is_in_a_gap_exactly_when_no_shift_holds_it(shifts: list[tuple[str, str, str]], first: date) -> None:
    """Against a count of hours, one by one, away from the hour that is missing or passes twice."""
    since = on_day(first, time(0), LONDON)
    gaps = duty_gaps(team(*shifts), since, since + 4 * DAY)
    assert gaps == sorted(gaps)
    assert all(begins < ends for begins, ends in gaps)
    for hour in range(4 * 24):
        here = since + hour * HOUR + 30 * MINUTE
        if local(here, LONDON).hour in {0, 1, 2} and first != date(2026, 6, 1):
            continue
        held = any(_holds(shift, here) for shift in shifts)
        assert any(begins <= here < ends for begins, ends in gaps) != held


def _holds(shift: tuple[str, str, str], here: Instant) -> bool:
    every, from_, to = shift
    shown = local(here, LONDON)
    begins, ends = int(from_[:2]), int(to[:2])
    today, yesterday = shown.weekday(), (shown - timedelta(days=1)).weekday()
    if begins < ends:
        return today in weekdays(every) and begins <= shown.hour < ends
    return (today in weekdays(every) and shown.hour >= begins) or (yesterday in weekdays(every) and shown.hour < ends)
