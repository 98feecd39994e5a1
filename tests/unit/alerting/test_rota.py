"""Who is on duty, in wall-clock time, across midnights and clock changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from alerting.rota import next_change, on_duty
from schema.instants import DAY, HOUR, MINUTE, Instant, iso, parse_instant
from schema.people import Member, Rota, Shift, Team
from tests.unit.alerting.plans import ON_THEIR_OWN_TIME, RAPID_RESPONSE

A, B = Member(id="a", name="A"), Member(id="b", name="B")


def _team(*shifts: Shift, zone: str = "Europe/London") -> Team:
    return Team(members=(A, B), rota=Rota(zone=zone, shifts=shifts))


def _names(team: Team, at: str) -> list[str]:
    return [member.id for member in on_duty(team, parse_instant(at))]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T07:59:59Z", ["social-worker"]),  # Monday, still Sunday night's shift
        ("2026-11-23T08:00:00Z", ["nurse"]),
        ("2026-11-23T19:59:59Z", ["nurse"]),
        ("2026-11-23T20:00:00Z", ["social-worker"]),
        ("2026-11-28T12:00:00Z", ["social-worker"]),  # Saturday
        ("2026-07-06T07:30:00Z", ["nurse"]),  # summer: 08:30 on the wall
    ],
)
def test_the_example_rota(at: str, expected: list[str]) -> None:
    assert _names(RAPID_RESPONSE, at) == expected


def test_without_a_rota_all_members_are_always_on_duty() -> None:
    assert _names(ON_THEIR_OWN_TIME, "2026-11-22T02:14:00Z") == ["nurse", "social-worker"]
    assert next_change(ON_THEIR_OWN_TIME, 0) is None


def test_a_shift_past_midnight_belongs_to_its_first_day() -> None:
    team = _team(Shift(who="a", every="mon-fri", from_="20:00", to="08:00"))
    assert _names(team, "2026-11-28T07:00:00Z") == ["a"]  # Saturday morning, Friday's shift
    assert _names(team, "2026-11-23T07:00:00Z") == []  # Monday morning: Sunday has none


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("mon-fri", "mon tue wed thu fri"),
        ("sat-mon", "sat sun mon"),
        ("mon,wed,fri", "mon wed fri"),
        ("fri-sat, tue", "tue fri sat"),
    ],
)
def test_days_as_people_write_them(every: str, days: str) -> None:
    team = _team(Shift(who="a", every=every, from_="09:00", to="17:00"))
    monday = parse_instant("2026-11-23T12:00:00Z")
    working = [
        name
        for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
        if on_duty(team, monday + number * DAY)
    ]
    assert sorted(working) == sorted(days.split())


def test_round_the_clock_and_to_midnight() -> None:
    assert _names(_team(Shift(who="a")), "2026-11-22T23:59:59Z") == ["a"]
    assert _names(_team(Shift(who="a", from_="08:00", to="08:00")), "2026-11-22T07:59:59Z") == ["a"]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])  # the clock is put forward, and back
@pytest.mark.parametrize("handover", ["00:30", "01:00", "01:30", "02:00", "02:30"])
def test_no_clock_change_leaves_a_gap_between_two_shifts(day: str, handover: str) -> None:
    team = _team(
        Shift(who="a", from_="12:00", to=handover), Shift(who="b", from_=handover, to="12:00"), zone="Europe/London"
    )
    midnight = parse_instant(f"{day}T00:00:00Z") - HOUR
    for minutes in range(0, 6 * 60, 10):
        assert on_duty(team, midnight + minutes * MINUTE), iso(midnight + minutes * MINUTE)


def test_the_next_change_of_duty() -> None:
    saturday = parse_instant("2026-11-28T12:00:00Z")
    change = next_change(RAPID_RESPONSE, saturday)
    assert change is not None
    assert iso(change) == "2026-11-30T08:00:00.000Z"  # the same person works the whole weekend through


_CLOCKS = some.builds(lambda hour, minute: f"{hour:02}:{minute:02}", some.integers(0, 23), some.sampled_from([0, 30]))
_SHIFTS = some.builds(
    Shift,
    who=some.sampled_from(["a", "b"]),
    every=some.sampled_from(["mon-sun", "mon-fri", "sat,sun", "fri-mon", "wed"]),
    from_=_CLOCKS,
    to=_CLOCKS,
)


@settings(max_examples=60, deadline=None)
@given(
    shifts=some.lists(_SHIFTS, max_size=4),
    zone=some.sampled_from(["Europe/London", "UTC", "America/New_York", "Australia/Lord_Howe"]),
    at=some.integers(parse_instant("2026-03-20T00:00:00Z"), parse_instant("2026-11-10T00:00:00Z")),
)
def test_nobody_comes_or_goes_before_the_next_change(shifts: list[Shift], zone: str, at: Instant) -> None:
    team = _team(*shifts, zone=zone)
    now, change = on_duty(team, at), next_change(team, at)
    until = at + 9 * DAY if change is None else change
    for part in range(1, 40):
        assert on_duty(team, at + (until - 1 - at) * part // 40) == now
    assert change is None or on_duty(team, change) != now
