"""Instants are whole microseconds, exact both ways, and never guessed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.instants import DAY, HOUR, MINUTE, SECOND, in_words, instant, iso, moment, parse_instant, to_millisecond

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - UTC is given


@settings(max_examples=100)
@given(MOMENTS)
def test_a_moment_survives_the_way_there_and_back(at: datetime) -> None:
    assert moment(instant(at)) == at


@settings(max_examples=100)
@given(MOMENTS)
def test_what_is_written_is_read_again_to_the_millisecond(at: datetime) -> None:
    assert parse_instant(iso(instant(at))) == to_millisecond(instant(at))


def test_a_time_before_1970_is_truncated_downwards_like_any_other() -> None:
    assert to_millisecond(-1) == -1000


def test_zones_are_read_not_guessed() -> None:
    assert parse_instant("2026-11-22T03:14:03.120+01:00") == parse_instant("2026-11-22T02:14:03.120Z")
    with pytest.raises(ValueError, match="names no time zone; expected for example"):
        parse_instant("2026-11-22T02:14:03")
    with pytest.raises(TypeError):
        instant(datetime(2026, 11, 22))  # noqa: DTZ001 - that it is refused is the point


def test_an_offset_of_odd_seconds_loses_nothing() -> None:
    odd = timezone(timedelta(hours=5, minutes=21, seconds=10))
    assert instant(datetime(2026, 1, 1, tzinfo=odd)) == instant(datetime(2026, 1, 1, tzinfo=UTC)) - 19270 * SECOND


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (-5, "0 s"),
        (40 * SECOND, "40 s"),
        (119 * SECOND, "119 s"),
        (2 * MINUTE, "2 min"),
        (17 * MINUTE + 59 * SECOND, "17 min"),
        (2 * HOUR, "2 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
        (3 * DAY + HOUR, "3 days"),
    ],
)
def test_a_span_is_said_as_a_person_would(span: int, words: str) -> None:
    assert in_words(span) == words
