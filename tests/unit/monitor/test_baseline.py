"""What is usual: learned an hour at a time, bounded whatever was learned, slow to forget."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import baseline
from monitor.baseline import BACK, LIMITS, NOTHING_YET, OUT, UP, Usual
from schema.instants import DAY, HOUR, MINUTE, Instant, parse_instant

ZONE = "Europe/London"
MONDAY = parse_instant("2026-11-02T00:00:00Z")


def at(day: int, hour: float) -> Instant:
    return MONDAY + day * DAY + int(hour * HOUR)


def known(days: int = 20) -> Usual:
    usual = NOTHING_YET
    for day in range(days):
        for hour in range(24):
            usual = baseline.with_hour(usual, at(day, hour), ZONE, seen=8 <= hour < 22)
    return usual


def test_hours_are_known_apart_for_weekdays_and_weekends() -> None:
    usual = NOTHING_YET
    for day in range(28):
        usual = baseline.with_hour(usual, at(day, 9), ZONE, seen=day % 7 < 5)
    about = baseline.picture(usual).about
    assert about["weekday"][9] > 0.85
    assert about["weekend"][9] < 0.4


def test_a_fortnight_of_another_life_weighs_about_as_much_as_all_before() -> None:
    usual = known(40)
    for day in range(40, 60):
        usual = baseline.with_hour(usual, at(day, 12), ZONE, seen=False)
    assert 0.3 < baseline.picture(usual).about["weekday"][12] < 0.7


def test_before_anything_is_known_the_general_limit_holds() -> None:
    assert baseline.limit(NOTHING_YET, UP, at(0, 12)) == LIMITS[UP].general
    assert baseline.longest_out(NOTHING_YET, at(0, 12), 12 * HOUR) == 12 * HOUR


def test_for_two_weeks_a_limit_only_grows() -> None:
    usual = baseline.with_silence(known(3), UP, at(2, 10), at(2, 11.5), ZONE)
    assert baseline.limit(usual, UP, at(3, 12)) == LIMITS[UP].general
    assert baseline.limit(usual, UP, at(16, 12)) == LIMITS[UP].least


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 23), st.floats(1, 14), st.sampled_from([UP, BACK, OUT]))))
def test_whatever_was_learned_no_limit_leaves_its_bounds(silences: list[tuple[int, float, float, int]]) -> None:
    usual = known(2)
    for day, hour, lasts, state in sorted(silences):
        usual = baseline.with_silence(usual, state, at(day, hour), at(day, hour + lasts), ZONE)
    for state in (UP, BACK):
        assert LIMITS[state].least <= baseline.limit(usual, state, at(70, 12)) <= LIMITS[state].most
    assert baseline.OUT_LEAST <= baseline.longest_out(usual, at(70, 12), 12 * HOUR) <= 12 * HOUR
    assert len(msgspec.msgpack.encode(usual)) < 800


def test_a_night_is_no_silence_of_the_day() -> None:
    usual = baseline.with_silence(NOTHING_YET, UP, at(0, 22.5), at(1, 7), ZONE)
    assert baseline.picture(usual).silences["up"] == []
    assert baseline.begins_in_night(usual, at(1, 22.3), ZONE)
    assert not baseline.begins_in_night(usual, at(1, 14), ZONE)


def test_where_a_bed_tells_who_sleeps_nothing_else_is_taken_for_sleep() -> None:
    late = at(0, 23)
    assert baseline.unusual_at(NOTHING_YET, UP, late, late, ZONE, bed_tells=True) == late + LIMITS[UP].general
    assert baseline.unusual_at(NOTHING_YET, UP, late, late, ZONE, bed_tells=False) == at(1, 10)


def test_silences_are_forgotten_after_ten_weeks() -> None:
    usual = baseline.with_silence(known(3), UP, at(2, 10), at(2, 14), ZONE)
    later = baseline.with_silence(usual, UP, at(80, 10), at(80, 12), ZONE)
    assert baseline.picture(later).silences["up"] == [120]


def test_one_very_long_absence_does_not_count() -> None:
    usual = known(20)
    for day, hours in enumerate((1, 1.5, 2, 10)):
        usual = baseline.with_silence(usual, OUT, at(day, 9), at(day, 9 + hours), ZONE)
    assert baseline.longest_out(usual, at(20, 9), 12 * HOUR) == baseline.OUT_LEAST
    assert baseline.OUT_LEAST > 120 * MINUTE
