"""`visit_missed`: a carer's visit window with no door."""

from datetime import date

import pytest

from tests.unit.monitor.story import Story, watch_of

VISIT = {"rule": "visit_missed", "between": "08:00-09:30"}
SUNDAY = date(2026, 11, 22)


def morning(rule: dict[str, str] = VISIT, **watch: object) -> Story:
    return Story(watch_of(rule, **watch), "06:00").at("06:10", "door-1 closed", "motion-1 detected")  # type: ignore[arg-type]


def test_nobody_came() -> None:
    story = morning().until("10:00")
    assert story.told == ["09:30 raised visit_missed"]
    finding = story.last.finding
    assert (finding.kind, finding.onset) == ("visit", story.time("2026-11-22 08:00"))
    assert finding.reason.startswith("no visit between 08:00 and 09:30: no exit door was used")


@pytest.mark.parametrize(("came", "missed"), [("07:59", True), ("08:00", False), ("09:29", False)])
def test_a_minute_more_or_less_decides(came: str, *, missed: bool) -> None:
    story = morning().at(came, "door-1 open").at(f"{came}:04", "door-1 closed").until("10:00")
    assert bool(story.said) == missed


def test_who_comes_late_clears_it() -> None:
    story = morning().at("10:10", "door-1 open")
    assert story.told == ["09:30 raised visit_missed", "10:10 cleared visit_missed"]


def test_a_door_that_stands_open_all_morning_is_no_visit() -> None:
    story = morning().at("07:00", "door-1 open").until("10:00")
    assert story.told == ["09:30 raised visit_missed"]
    assert "a door stands open" in story.last.finding.reason


def test_a_door_that_repeats_itself_was_not_used() -> None:
    story = morning().at("08:30", "door-1 closed").at("08:40", "door-1 closed", retained=True).until("10:00")
    assert story.told == ["09:30 raised visit_missed"]


def test_only_on_its_days_and_not_while_the_person_is_away() -> None:
    assert morning({**VISIT, "days": "mon-fri"}).until("2026-11-23 09:00").said == []
    assert morning({**VISIT, "days": "mon-fri"}).until("2026-11-23 09:31").told == ["09:30 raised visit_missed"]
    assert morning(absences=(("2026-11-22T07:00", "2026-11-22T08:30"),)).until("12:00").said == []


def test_each_missed_visit_is_a_finding_of_its_own() -> None:
    story = morning().until("2026-11-23 10:00")
    assert [each.change for each in story.said] == ["raised", "cleared", "raised"]


def test_a_home_that_is_cut_off_cannot_tell_and_late_news_of_the_door_is_a_visit() -> None:
    story = morning().at("07:30", "hub offline").until("10:00")
    assert story.told == ["09:30 raised visit_missed:unseen"]
    story.at("10:30", "hub alive").bring("door-1 open", seen="08:20").until("11:00")
    assert story.told[1:] == ["10:30 cleared visit_missed:unseen"]


def test_in_the_night_the_clock_goes_forward_a_window_it_jumps_over_is_judged_all_the_same() -> None:
    story = Story(watch_of({**VISIT, "between": "01:00-02:00"}), "20:00", date(2027, 3, 27))
    assert story.until("2027-03-28 05:00").told == ["03:00 raised visit_missed"]
