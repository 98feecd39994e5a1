"""Wall-clock times mean the clock on the bedroom wall, on the two odd nights of the year as well."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schema.instants import DAY, HOUR, MINUTE, SECOND, Instant, instant, iso, parse_instant
from schema.localtime import (
    between,
    clock_text,
    duration,
    inside,
    last_time,
    local,
    next_opening,
    next_time,
    on_day,
    time_of_day,
    weekdays,
    window,
    window_of_day,
    zone_named,
)

LONDON = "Europe/London"
FORWARD = date(2026, 3, 29)  # 01:00 becomes 02:00
BACK = date(2026, 10, 25)  # 02:00 becomes 01:00

zones = st.sampled_from([LONDON, "UTC", "America/St_Johns", "Australia/Lord_Howe"])  # the last jumps by half an hour
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45, 59]))
windows = st.builds("{}-{}".format, clocks, clocks)
# Half of all days are near a change of some zone's clock.
days = st.dates(date(2026, 1, 1), date(2026, 12, 31)) | st.builds(
    lambda day, off: day + timedelta(days=off),
    st.sampled_from([FORWARD, BACK, date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4)]),
    st.integers(-1, 1),
)
minutes = st.integers(0, 24 * 60 - 1)


def at(text: str) -> Instant:
    return parse_instant(text)


def reader_says(text: str, shown: time) -> bool:
    """Whether somebody looking at the clock would say that it is within the window."""
    opens, closes = between(text)
    if opens < closes:
        return opens <= shown < closes
    return shown >= opens or shown < closes


@settings(max_examples=100)
@given(windows, zones, days, minutes)
def test_an_instant_is_inside_exactly_when_some_days_window_holds_it(
    text: str, zone: str, day: date, minute: int
) -> None:
    here = on_day(day, time(0), zone) + minute * MINUTE
    held = [
        (opens, closes)
        for off in (-2, -1, 0, 1, 2)
        for opens, closes in [window_of_day(text, zone, day + timedelta(days=off))]
        if opens <= here < closes
    ]
    assert inside(text, zone, here) == bool(held)
    assert window(text, zone, here) == (held[0] if held else None)


@settings(max_examples=100)
@given(windows, zones, days, minutes)
@example("01:30-07:00", LONDON, FORWARD, 61)
@example("00:30-01:15", LONDON, BACK, 125)
def test_no_moment_is_missed_that_a_reader_of_the_clock_would_count_in(
    text: str, zone: str, day: date, minute: int
) -> None:
    here = on_day(day, time(0), zone) + minute * MINUTE
    if reader_says(text, local(here, zone).time()):
        assert inside(text, zone, here)


@settings(max_examples=100)
@given(windows, days, minutes)
def test_where_the_clock_never_changes_the_reader_is_exactly_right(text: str, day: date, minute: int) -> None:
    here = on_day(day, time(0), "UTC") + minute * MINUTE
    assert inside(text, "UTC", here) == reader_says(text, local(here, "UTC").time())


@settings(max_examples=100)
@given(windows, zones, days)
@example("01:15-01:45", LONDON, FORWARD)
@example("01:00-02:00", LONDON, FORWARD)
def test_a_days_window_is_never_empty_and_shrinks_by_no_more_than_the_hour_that_the_day_lacks(
    text: str, zone: str, day: date
) -> None:
    opens, closes = window_of_day(text, zone, day)
    first, last = between(text)
    until = day if first < last else day + timedelta(days=1)
    usual = (datetime.combine(until, last) - datetime.combine(day, first)) // timedelta(microseconds=1)
    lacking = max(0, 24 * HOUR - (on_day(day + timedelta(days=1), time(0), zone) - on_day(day, time(0), zone)))
    lacking += max(0, 24 * HOUR - (on_day(day + timedelta(days=2), time(0), zone) - on_day(day, time(0), zone) - DAY))
    assert closes > opens
    assert closes - opens >= usual - lacking


def test_the_night_the_clock_goes_back_is_an_hour_longer() -> None:
    opens, closes = window_of_day("22:00-07:00", LONDON, date(2026, 10, 24))
    assert (iso(opens), iso(closes)) == ("2026-10-24T21:00:00.000Z", "2026-10-25T07:00:00.000Z")


def test_a_window_in_the_hour_that_passes_twice_holds_both_passings() -> None:
    opens, closes = window_of_day("01:10-01:50", LONDON, BACK)
    assert (iso(opens), iso(closes)) == ("2026-10-25T00:10:00.000Z", "2026-10-25T01:50:00.000Z")


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("22:00-07:00", "2026-03-28T22:00", "2026-03-29T06:00"),
        ("22:00-01:30", "2026-03-28T22:00", "2026-03-29T01:30"),
    ],
)
def test_the_night_the_clock_goes_forward_ends_by_the_clock_or_keeps_its_length(
    text: str, opens: str, closes: str
) -> None:
    assert window_of_day(text, LONDON, date(2026, 3, 28)) == (at(opens + "Z"), at(closes + "Z"))


def test_what_opens_in_the_hour_that_is_missing_opens_at_the_jump() -> None:
    jump = at("2026-03-29T01:00:00Z")
    assert on_day(FORWARD, time(1, 0), LONDON) == jump
    assert on_day(FORWARD, time(1, 30), LONDON) == jump
    assert on_day(FORWARD, time(2, 0), LONDON) == jump
    assert next_time("01:30", LONDON, jump - HOUR) == jump
    assert next_opening("01:30-07:00", LONDON, jump - HOUR) == jump


def test_of_two_passings_the_one_asked_for_is_given() -> None:
    assert iso(on_day(BACK, time(1, 30), LONDON)) == "2026-10-25T00:30:00.000Z"
    assert iso(on_day(BACK, time(1, 30), LONDON, second_passing=True)) == "2026-10-25T01:30:00.000Z"


def test_equal_ends_mean_round_the_clock() -> None:
    for minute in range(0, 24 * 60, 30):
        assert inside("07:00-07:00", LONDON, at("2026-06-01T00:00:00Z") + minute * MINUTE)
        assert inside("00:00-24:00", LONDON, at("2026-06-01T00:00:00Z") + minute * MINUTE)


def test_no_window_means_always() -> None:
    assert inside(None, LONDON, 0)


def test_a_window_is_half_open() -> None:
    assert inside("08:00-10:00", "UTC", at("2026-06-01T08:00:00Z"))
    assert not inside("08:00-10:00", "UTC", at("2026-06-01T08:00:00Z") - 1)
    assert inside("08:00-10:00", "UTC", at("2026-06-01T10:00:00Z") - 1)
    assert not inside("08:00-10:00", "UTC", at("2026-06-01T10:00:00Z"))


@settings(max_examples=100)
@given(clocks, zones, days, minutes)
def test_next_and_last_time_bracket_every_moment(clock: str, zone: str, day: date, minute: int) -> None:
    here = on_day(day, time(0), zone) + minute * MINUTE
    coming, gone = next_time(clock, zone, here), last_time(clock, zone, here)
    assert gone <= here < coming
    assert coming - gone <= 25 * HOUR
    assert next_time(clock, zone, gone - 1) == gone


def test_the_clock_is_said_as_it_hangs_on_the_wall() -> None:
    assert clock_text(at("2026-07-01T01:14:00Z"), LONDON) == "02:14"


@pytest.mark.parametrize(
    ("text", "span"), [("30s", 30 * SECOND), ("20m", 20 * MINUTE), ("4h", 4 * HOUR), ("2d", 2 * DAY), ("0s", 0)]
)
def test_durations_are_read(text: str, span: int) -> None:
    assert duration(text) == span


@pytest.mark.parametrize("text", ["", "m", "20", "20 m", "-5m", "1.5h", "20m ", "20m\n", "\u00b2m", "\u0968m", "5w"])
def test_what_is_no_duration_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected for example 30s, 20m, 4h or 2d"):
        duration(text)


@pytest.mark.parametrize("text", ["", "7", "7:5", "25:00", "24:01", "12:60", "aa:bb", "12:00:00", "\u0967\u0968:33"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of day; expected"):
        time_of_day(text)


def test_a_window_needs_both_ends() -> None:
    with pytest.raises(ValueError, match="is no time window; expected for example 22:00-07:00"):
        between("22:00")
    assert between(" 22:00 - 7:00 ") == (time(22), time(7))


@pytest.mark.parametrize(
    ("text", "days_meant"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat", {5}),
        ("sun-tue", {6, 0, 1}),
        ("mon,wed,fri", {0, 2, 4}),
        ("Fri-Mon, wed", {4, 5, 6, 0, 2}),
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_days_are_read_round_the_end_of_the_week(text: str, days_meant: set[int]) -> None:
    assert weekdays(text) == days_meant


@pytest.mark.parametrize("text", ["", "monday", "mon-", "-fri", "mon fri", "mon,", "mon-fry"])
def test_what_names_no_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no days; expected for example mon-fri"):
        weekdays(text)


@pytest.mark.parametrize("name", ["", "Europe/Londn", "../etc/passwd", "BST"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone; expected for example Europe/London"):
        zone_named(name)


def test_the_jump_is_found_to_the_second_in_a_zone_that_jumps_by_half_an_hour() -> None:
    jumped = on_day(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe")
    assert jumped == instant(datetime(2026, 10, 4, 2, 30, tzinfo=zone_named("Australia/Lord_Howe")))
