"""`inactivity` with `learned`: as soon as it is unusual for this person at this hour, and never later than is set."""

from datetime import date

import pytest

from monitor import baseline
from monitor.person_state import pack
from monitor.rules.inactivity import InactivityState
from schema.people import Device
from tests.unit.monitor.story import DAY, Story, watch_of

QUIET = {"rule": "inactivity", "learned": True, "longer_than": "690m", "policy": "urgent"}
FIRST = date(2026, 11, 1)
ASKS = {"rule": "absence", "longer_than": "690m"}
SMALL = (
    Device(id="hub", kind="hub"),
    Device(id="door-1", kind="door", room="hall", exit=True),
    Device(id="motion-1", kind="motion", room="hall"),
    Device(id="motion-2", kind="motion", room="kitchen"),
    Device(id="chair-1", kind="chair", room="lounge"),
)


def home(day: date = DAY, **watch: object) -> Story:
    """Begin in the morning, in a home without a bed mat, Ada up."""
    story = Story(watch_of(QUIET, ASKS, devices=SMALL, **watch), "08:00", day)  # type: ignore[arg-type]
    return story.at("08:00", "door-1 closed", "motion-1 detected", "motion-2 detected")


def lives(story: Story, *hours: int, minute: int = 0) -> Story:
    """Be seen at these hours, which go up."""
    for hour in hours:
        story.at(f"{hour:02}:{minute:02}", "motion-1 detected", "motion-2 detected")
    return story


def days(story: Story, number: int, *hours: int) -> Story:
    """Let so many days pass, each like the other."""
    for _ in range(number):
        lives(story, *hours)
    return story


def usual(story: Story) -> baseline.Usual:
    kept = next(each for each in story.state.own.rules.values() if isinstance(each, InactivityState))
    return kept.usual


def test_of_somebody_unknown_a_silence_by_day_is_said_after_200_minutes() -> None:
    story = lives(home(), 9, 10, 11).until("14:30")
    assert story.told == ["14:20 raised inactivity"]
    assert story.last.finding.onset == story.time("2026-11-22 11:00")
    assert "no sign of life for 3 h 20 min" in story.last.finding.reason


def test_a_night_is_no_emergency_and_one_that_does_not_end_is_found_within_twelve_hours() -> None:
    story = lives(home(), *range(9, 23)).until("2026-11-23 09:00")
    assert story.said == []
    assert story.until("2026-11-23 12:00").told == ["09:30 raised inactivity"]


def test_who_comes_home_and_is_seen_no_more_is_found_within_80_minutes() -> None:
    story = lives(home(), 9).at("09:30", "door-1 open").at("09:30:05", "door-1 closed")
    story.at("12:00", "door-1 open").at("12:00:05", "door-1 closed").at("12:00:40", "motion-2 detected").until("14:00")
    assert story.told == ["13:20 raised inactivity"]


def test_who_comes_home_and_moves_on_is_not_looked_for_so_soon() -> None:
    story = lives(home(), 9).at("09:30", "door-1 open").at("09:30:05", "door-1 closed")
    story.at("12:00", "door-1 open").at("12:00:05", "door-1 closed").at("12:00:40", "motion-2 detected")
    assert story.at("12:10", "motion-1 detected").until("14:00").said == []


def test_what_is_set_comes_first_where_it_is_shorter() -> None:
    story = Story(watch_of({**QUIET, "longer_than": "2h"}, devices=SMALL), "08:00").at("09:00", "motion-1 detected")
    assert story.until("11:30").told == ["11:00 raised inactivity"]


def test_who_is_always_about_is_looked_for_sooner_once_that_is_known() -> None:
    story = days(home(FIRST), 20, *range(8, 23))
    assert story.said == []
    assert lives(story, 8, 9).until("13:00").told == ["12:00 raised inactivity"]


def test_who_often_rests_after_lunch_is_let_be_once_that_is_known() -> None:
    """Three and a half hours on the sofa each day: said on the first, not from the second on."""
    story = days(home(FIRST), 5, *range(8, 23))
    for _ in range(6):
        story.at("08:00", "motion-1 detected").at("10:30", "motion-1 detected").at("13:00", "motion-1 detected")
        story.at("16:35", "motion-1 detected").at("19:00", "motion-1 detected").at("21:35", "motion-2 detected")
    raised = [each for each in story.told if "raised" in each]
    assert raised == ["16:20 raised inactivity"]


def test_whoever_settles_early_is_known_for_it_after_one_night() -> None:
    story = lives(home(FIRST), 9, 11, 13, 15, 17, 19, minute=30)
    for _ in range(4):
        lives(story, 5, 7, 9, 11, 13, 15, 17, 19, minute=30)
    assert [each for each in story.told if "raised" in each] == ["22:50 raised inactivity"]


def test_weeks_in_hospital_make_nothing_usual() -> None:
    story = days(home(FIRST), 16, *range(8, 23))
    before = usual(story)
    story.until("2026-11-27 07:00")  # nine days of silence
    after = lives(story, 8, 9, 10)
    assert baseline.limit(usual(after), baseline.UP, story.now) == baseline.limit(before, baseline.UP, story.now)
    assert usual(after).nights == before.nights
    about = baseline.picture(usual(after)).about["weekday"]
    assert all(about[hour] > 0.8 for hour in range(9, 22))


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 10, 24)], ids=["put forward", "put back"])
def test_a_clock_change_makes_no_night_an_emergency(day: date) -> None:
    story = lives(home(day), *range(9, 23))
    assert story.until("08:00").said == []
    assert story.until("12:00").told == [f"{'10:30' if day.month == 3 else '08:30'} raised inactivity"]


def test_a_planned_absence_mutes_nobody_whom_no_door_has_seen_go() -> None:
    story = home(absences=(("2026-11-22T12:00", "2026-11-24T18:00"),))
    assert lives(story, 9, 10, 11).until("2026-11-22 16:00").told == ["14:20 raised inactivity"]


def test_a_hub_that_has_just_died_makes_nobody_inactive() -> None:
    story = lives(home(), 9)
    for minute in range(0, 60, 10):
        story.at(f"10:{minute:02}", "hub alive")
    story.bring("motion-1 detected")
    for clock in ("11:00", "11:10", "11:20", "14:00", "14:07"):
        story.at(clock, "hub alive")
    story.until("16:00")
    assert [each for each in story.told if "raised inactivity" in each] == ["14:37 raised inactivity:unseen"]


def test_while_the_hub_speaks_its_next_word_is_waited_for_and_no_longer() -> None:
    story = lives(home(), 9)
    for hour in (10, 11, 12, 13, 14):
        for minute in range(3, 60, 10):
            story.at(f"{hour}:{minute:02}", "hub alive")
            if (hour, minute) == (10, 53):
                story.at("11:00", "motion-1 detected")
    assert [each for each in story.told if "inactivity" in each] == ["14:23 raised inactivity"]


def test_all_that_is_learned_of_somebody_packs_small() -> None:
    story = days(home(FIRST), 20, *range(8, 23))
    common, owned, words = pack(story.state)
    assert len(owned) < 1500
    assert baseline.picture(usual(story)).about["weekday"][12] > 0.9
    assert baseline.picture(usual(story)).about["weekday"][3] < 0.2
    assert common
    assert words
