"""What the screen calls things."""

from datetime import date
from typing import get_args

import msgspec
import pytest

from alerting.console import words
from alerting.console.alarm_reading import named
from schema.alarms import Kind, Priority, Role, State
from schema.instants import SECOND, Duration, parse_instant
from schema.plans import AnyRule
from schema.readings import VALUES


@pytest.mark.parametrize(
    ("vocabulary", "table"),
    [(Kind, words.KIND), (Priority, words.PRIORITY), (State, words.STATE), (Role, words.ROLE)],
)
def test_every_word_of_the_contract_has_one_for_the_screen(vocabulary: object, table: dict[str, str]) -> None:
    assert set(get_args(vocabulary)) == set(table)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0:00"),
        (0, "0:00"),
        (42, "0:42"),
        (725, "12:05"),
        (11232, "3:07:12"),
        (172799, "47:59:59"),
        (172800, "2 days"),
    ],
)
def test_a_wait_is_told_as_a_clock_shows_it(seconds: int, said: str) -> None:
    span: Duration = seconds * SECOND
    assert words.age(span) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-22T02:14:05Z", "02:14:05"),
        ("2026-11-21T23:59:59Z", "Sat 21 Nov 23:59"),
        ("2025-03-01T08:00:00Z", "Sat 1 Mar 2025 08:00"),
        ("2026-06-01T08:00:00Z", "Mon 1 Jun 09:00"),
    ],
)
def test_a_time_carries_its_day_where_it_is_not_todays(at: str, said: str) -> None:
    assert words.when(parse_instant(at), "Europe/London", parse_instant("2026-11-22T02:30:00Z")) == said


@pytest.mark.parametrize(("today", "age"), [("2026-04-01", 87), ("2026-04-02", 88)])
def test_somebody_is_a_year_older_on_their_birthday(today: str, age: int) -> None:
    assert words.years(date(1938, 4, 2), date.fromisoformat(today)) == age


def test_every_rule_of_a_plan_is_said_in_a_sentence() -> None:
    for rule in get_args(AnyRule):
        sentence = words.rule_sentence(rule())
        assert sentence[0].isupper()
        assert "None" not in sentence


def test_a_rule_says_its_window_and_its_limit() -> None:
    rule = msgspec.convert({"rule": "bed_exit", "longer_than": "20m", "between": "22:00-07:00"}, AnyRule)
    assert words.rule_sentence(rule) == "Out of bed longer than 20 min, 22:00 to 07:00"


def test_every_reading_can_be_said() -> None:
    for kind, values in VALUES.items():
        for value in values:
            assert words.seen(kind, value)[0].isupper()


def test_a_number_is_grouped_and_what_is_none_stands_as_it_is() -> None:
    assert words.phone("+447700900121") == "+44 7700 900121"
    assert words.phone("0") == "0"


def test_names_stand_for_ids_and_for_nothing_that_only_looks_like_one() -> None:
    names = {"sam": "Sam Second", "rrt-nurse": "Priya Nair"}
    assert named("sam took it from rrt-nurse.", names) == "Sam Second took it from Priya Nair."
    assert named("the same sample; not rrt-nurse-2", names) == "the same sample; not rrt-nurse-2"
    assert named("sam", {}) == "sam"
