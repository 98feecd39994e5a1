"""The time a reading counts at, and the identity it is known by."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stamp import stamp
from schema.instants import DAY, MILLISECOND, MINUTE, SECOND, Instant, parse_instant
from schema.readings import Reading

NOW: Instant = parse_instant("2026-11-22T02:14:05.123456Z")


def reading(at: Instant | None = None, seq: int | None = None, value: str = "pressed") -> Reading:
    return Reading(home="h1", device="pendant-1", kind="button", value=value, at=at, seq=seq)


@pytest.mark.parametrize("at", [NOW - 30 * DAY, NOW - 3, NOW, NOW + 2 * MINUTE])
def test_the_devices_own_time_counts_to_the_millisecond(at: Instant) -> None:
    entry = stamp(reading(at, 1), 7, NOW, b"")
    assert entry.observed_at == at - at % MILLISECOND
    assert not entry.clock_doubted


@pytest.mark.parametrize(
    "at",
    [
        None,
        parse_instant("1970-01-01T00:00:07Z"),
        parse_instant("2106-02-07T06:28:15Z"),
        NOW - 30 * DAY - SECOND,
        NOW + 2 * MINUTE + SECOND,
    ],
)
def test_a_missing_or_absurd_time_gives_way_to_the_moment_of_receiving_and_says_so(at: Instant | None) -> None:
    entry = stamp(reading(at, 1), 7, NOW, b"", retained=True)
    assert entry.observed_at == NOW - NOW % MILLISECOND
    assert entry.received_at == NOW
    assert entry.clock_doubted
    assert entry.retained


def test_a_sequence_number_is_kept_as_it_is() -> None:
    assert stamp(reading(NOW, 2**63 - 1), 7, NOW, b"x").seq == 2**63 - 1


def test_a_redelivery_has_the_identity_of_the_first_arrival_where_its_time_is_dated() -> None:
    first, again = (stamp(reading(NOW - SECOND), 7, at, b"payload") for at in (NOW, NOW + MINUTE))
    assert (first.seq, first.observed_at) == (again.seq, again.observed_at)


def test_two_equal_messages_without_time_or_number_are_two_readings() -> None:
    first, again = (stamp(reading(), 7, at, b"payload") for at in (NOW, NOW + SECOND))
    assert first.seq != again.seq


def test_two_words_of_one_message_are_told_apart() -> None:
    pressed, cancelled = (stamp(reading(NOW, value=value), 7, NOW, b"[..]") for value in ("pressed", "cancelled"))
    assert pressed.seq != cancelled.seq


@given(payload=st.binary(max_size=64), at=st.none() | st.integers(-(10**17), 10**17))
@settings(max_examples=100)
def test_an_identity_always_fits_its_column(payload: bytes, at: Instant | None) -> None:
    entry = stamp(reading(at), 7, NOW, payload)
    assert 0 <= entry.seq < 2**63
    assert entry.observed_at % MILLISECOND == 0
    assert NOW - 30 * DAY - MILLISECOND <= entry.observed_at <= NOW + 2 * MINUTE
