"""`restless_night`: out of bed more often than usual, told in the morning as a notice."""

from datetime import date

from tests.unit.monitor.story import Story, watch_of

RESTLESS = {"rule": "restless_night", "more_than": 2}


def night(times: int, *, day: date = date(2026, 11, 22)) -> Story:
    story = Story(watch_of(RESTLESS), "20:00", day).at("22:30", "bed-1 in")  # type: ignore[arg-type]
    for hour in range(times):
        story.at(f"0{hour}:30", "bed-1 out").at(f"0{hour}:35", "bed-1 in")
    return story


def test_a_restless_night_is_a_notice_in_the_morning_and_a_quiet_one_ends_it() -> None:
    story = night(3).until("08:00")
    assert story.told == ["07:00 raised restless_night"]
    finding = story.last.finding
    assert (finding.kind, finding.priority) == ("bed", "notice")
    assert finding.reason == "3 times out of bed between 22:00 and 07:00, more than 2"
    assert story.until("2026-11-24 08:00").told[1:] == ["07:00 cleared restless_night"]


def test_as_often_as_the_plan_says_is_no_restless_night() -> None:
    assert night(2).until("08:00").said == []


def test_turning_over_on_a_mat_that_chatters_is_none() -> None:
    story = Story(watch_of(RESTLESS), "20:00").at("22:30", "bed-1 in")  # type: ignore[arg-type]
    for minute in range(10, 40):
        story.at(f"02:{minute}", "bed-1 out").at(f"02:{minute}:20", "bed-1 in")
    assert story.until("08:00").said == []


def test_late_and_repeated_words_count_once() -> None:
    story = night(2).at("03:00", "bed-1 in", "bed-1 in").bring("bed-1 out", seen="02:10")
    assert story.until("08:00").said == []


def test_out_when_the_night_ends_is_an_exit() -> None:
    story = night(2).at("06:30", "bed-1 out").until("08:00")
    assert story.told == ["07:00 raised restless_night"]


def test_in_the_longer_night_the_window_closes_by_the_wall() -> None:
    assert night(3, day=date(2026, 10, 24)).until("2026-10-25 08:00").told == ["07:00 raised restless_night"]
