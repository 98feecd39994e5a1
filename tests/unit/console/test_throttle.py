"""How often a wrong password may be tried."""

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.console.throttle import MOST_REMEMBERED, TRIES_OF_A_USER, TRIES_OF_AN_ADDRESS, WITHIN, Throttle
from schema.instants import SECOND


@settings(max_examples=60)
@given(st.lists(st.integers(0, 4 * 60), max_size=120))
def test_no_quarter_of_an_hour_holds_more_than_five_tries_of_a_user(pauses: list[int]) -> None:
    throttle, at, tried = Throttle(), 0, list[int]()
    for pause in pauses:
        at += pause * SECOND
        if not throttle.wait("olga", "here", at):
            throttle.tried("olga", "here", at)
            tried.append(at)
    for first in tried:
        assert sum(first <= each < first + WITHIN for each in tried) <= TRIES_OF_A_USER


def test_waiting_as_long_as_told_is_enough() -> None:
    throttle = Throttle()
    for second in range(TRIES_OF_A_USER):
        throttle.tried("olga", "here", second * SECOND)
    at = 10 * SECOND
    assert throttle.wait("olga", "here", at + throttle.wait("olga", "here", at)) == 0


def test_an_address_that_tries_everybody_waits() -> None:
    throttle = Throttle()
    for number in range(TRIES_OF_AN_ADDRESS):
        assert throttle.wait(f"user-{number}", "there", 0) == 0
        throttle.tried(f"user-{number}", "there", 0)
    assert throttle.wait("olga", "there", 0) == WITHIN
    assert throttle.wait("olga", "here", 0) == 0


def test_the_right_password_forgets_the_wrong_ones() -> None:
    throttle = Throttle()
    for _ in range(TRIES_OF_A_USER):
        throttle.tried("olga", "here", 0)
    throttle.succeeded("olga", "here")
    assert throttle.wait("olga", "here", 0) == 0


def test_who_was_turned_away_unchecked_has_not_tried() -> None:
    throttle = Throttle()
    for _ in range(TRIES_OF_AN_ADDRESS):
        throttle.tried("olga", "here", 0)
        throttle.not_checked("olga", "here")
    assert throttle.wait("olga", "here", 0) == 0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    throttle = Throttle()
    for number in range(MOST_REMEMBERED + 100):
        throttle.tried(f"user-{number}", f"address-{number}", 0)
    assert len(throttle._tries) <= MOST_REMEMBERED
