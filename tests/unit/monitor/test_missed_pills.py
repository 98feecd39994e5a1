"""`missed_pills`: the pill box not opened within the window."""

import pytest

from schema.instants import MINUTE, SECOND
from tests.unit.monitor.story import Story, watch_of

PILLS = {"rule": "missed_pills", "between": "08:00-10:00", "policy": "routine"}


def test_not_opened_within_the_window() -> None:
    story = Story(watch_of(PILLS), "07:00").until("10:30")
    assert story.told == ["10:00 raised missed_pills"]
    finding = story.last.finding
    assert (finding.kind, finding.device, finding.priority) == ("pills", "pills-1", "routine")
    assert finding.reason == "pill box not opened between 08:00 and 10:00; box never heard"
    assert finding.onset == story.time("2026-11-22 08:00")


@pytest.mark.parametrize(
    ("opened", "raised"), [("07:59:59", True), ("08:00:00", False), ("09:59:59", False), ("10:00:05", True)]
)
def test_a_second_more_or_less_decides(opened: str, *, raised: bool) -> None:
    story = Story(watch_of(PILLS), "07:00").at(opened, "pills-1 opened").until("11:00")
    assert any(each.change == "raised" for each in story.said) == raised


def test_opened_later_clears() -> None:
    story = Story(watch_of(PILLS), "07:00").at("10:20", "pills-1 opened")
    assert story.told == ["10:00 raised missed_pills", "10:20 cleared missed_pills"]
    assert story.last.why == "pill box opened 10:20"


def test_late_news_of_an_opening_in_time_clears() -> None:
    story = Story(watch_of(PILLS), "07:00").until("10:30").bring("pills-1 opened", seen="09:50")
    assert story.last.change == "cleared"


def test_late_news_of_yesterdays_opening_does_not() -> None:
    story = Story(watch_of(PILLS), "07:00").until("10:30").bring("pills-1 opened", seen="07:10")
    assert story.told == ["10:00 raised missed_pills"]


def test_the_boxs_own_word_is_raised_at_once_and_only_once() -> None:
    story = Story(watch_of(PILLS), "07:00").at("09:30", "pills-1 missed")
    assert story.told == ["09:30 raised missed_pills"]
    story.closes("09:40").until("12:00")
    assert story.told == ["09:30 raised missed_pills"]


def test_a_missed_dose_that_was_taken_since_raises_nothing() -> None:
    story = Story(watch_of(PILLS), "07:00").at("09:50", "pills-1 opened").until("10:30")
    assert story.bring("pills-1 missed", seen="09:30").said == []


def test_every_day_anew() -> None:
    story = Story(watch_of(PILLS), "07:00").at("09:00", "pills-1 opened").until("2026-11-23 10:01")
    assert story.told == ["10:00 raised missed_pills"]
    story.closes("10:10").until("2026-11-24 10:01")
    assert [each.change for each in story.said] == ["raised", "raised"]


def test_a_window_that_ran_already_when_the_rule_began_counts_not() -> None:
    story = Story(watch_of(PILLS), "08:01").until("2026-11-23 10:01")
    assert story.told == ["10:00 raised missed_pills"]
    assert story.last.at == story.time("2026-11-23 10:00")


@pytest.mark.parametrize("away", [("2026-11-20T10:00", "2026-11-22T18:00"), ("2026-11-22T09:30", "2026-11-22T18:00")])
def test_not_on_days_of_absence(away: tuple[str, str]) -> None:
    story = Story(watch_of(PILLS, absences=(away,)), "07:00").at("09:45", "pills-1 missed").until("2026-11-23 07:00")
    assert story.said == []


def test_a_retained_opening_is_none() -> None:
    story = Story(watch_of(PILLS), "07:00").at("09:00", "pills-1 opened", retained=True).until("10:30")
    assert story.told == ["10:00 raised missed_pills"]


def test_a_blind_window_is_judged_when_somebody_listens_again() -> None:
    story = Story(watch_of(PILLS), "07:00").until("08:30").until("10:30", blind=True)
    assert story.bring("pills-1 opened", seen="09:00").until("11:00").said == []
    story = Story(watch_of(PILLS), "07:00").until("08:30").until("10:30", blind=True).until("10:31")
    assert story.told == ["10:30 raised missed_pills"]
    assert story.last.finding.late_by == 30 * MINUTE + SECOND


def test_days_of_blindness_are_one_occurrence() -> None:
    story = Story(watch_of(PILLS), "07:00").until("2026-11-25 12:00", blind=True).until("2026-11-25 12:00:01")
    assert story.told == ["12:00 raised missed_pills"]
    assert story.until("2026-11-26 09:00").told == ["12:00 raised missed_pills"]
