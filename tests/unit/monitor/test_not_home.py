"""`not_home`: out, and not back by a time of day or for longer than that."""

from datetime import date

from tests.unit.monitor.story import Story, watch_of

BY = {"rule": "not_home", "by": "22:00"}
LONG = {"rule": "not_home", "longer_than": "5h"}


def gone(rule: dict[str, str], at: str = "14:00", **watch: object) -> Story:
    story = Story(watch_of(rule, **watch), "12:00").at("12:10", "motion-1 detected", "door-1 closed")  # type: ignore[arg-type]
    return story.at(at, "door-1 open").at(f"{at}:06", "door-1 closed")


def test_not_back_by_the_time_and_back_at_last() -> None:
    story = gone(BY).until("22:30").at("23:10", "door-1 open").at("23:10:05", "door-1 closed")
    story.at("23:11", "motion-2 detected")
    assert story.told == ["22:00 raised not_home", "23:11 cleared not_home"]
    finding = story.said[0].finding
    assert (finding.device, finding.reason) == ("door-1", "went out 14:00, not back for 8 h")


def test_back_in_time_is_nobodys_business() -> None:
    story = gone(BY).at("21:50", "door-1 open").at("21:50:05", "door-1 closed").at("21:51", "motion-2 detected")
    assert story.until("2026-11-23 12:00").said == []


def test_whichever_comes_first() -> None:
    assert gone(LONG).until("22:30").told == ["19:00 raised not_home"]
    assert gone({**BY, "longer_than": "5h"}).until("22:30").told == ["19:00 raised not_home"]
    assert gone({**BY, "longer_than": "5h"}, "19:00").until("22:30").told == ["22:00 raised not_home"]


def test_out_already_when_the_rule_begins_counts() -> None:
    story = gone({"rule": "button"}).until("16:00")
    assert story.goes_by(watch_of(BY)).until("22:30").told == ["22:00 raised not_home"]


def test_a_planned_absence_is_no_business_of_it() -> None:
    away = (("2026-11-22T13:00", "2026-11-24T12:00"),)
    story = gone(BY, absences=away).until("2026-11-24 21:00")
    assert story.said == []
    assert story.until("2026-11-24 22:10").told == ["22:00 raised not_home"]


def test_two_openings_in_a_row_are_one_absence() -> None:
    story = gone(LONG).at("14:02", "door-1 open").at("14:02:05", "door-1 closed").until("22:30")
    assert story.told == ["19:00 raised not_home"]


def test_somebody_else_who_is_seen_inside_counts_as_back() -> None:
    story = gone(BY, residents=("ada", "bert")).at("15:00", "motion-2 detected", "motion-1 detected").until("23:00")
    assert story.at("23:10", "motion-2 detected").told == []


def test_on_the_day_the_clock_goes_back_ten_is_ten() -> None:
    story = Story(watch_of(BY), "12:00", date(2026, 10, 24)).at("12:10", "motion-1 detected", "door-1 closed")
    story.at("23:00", "door-1 open").at("23:00:06", "door-1 closed").until("2026-10-25 22:30")
    assert story.told == ["22:00 raised not_home"]
