"""Silent is not quiet: what could not be seen is never called inactive, never fine, and what is so is found, late."""

import pytest

from schema.people import Device
from tests.unit.monitor.story import Story, watch_of

QUIET = {"rule": "inactivity", "longer_than": "4h"}
EYES = (
    Device(id="hub", kind="hub"),
    Device(id="motion-1", kind="motion", room="hall"),
    Device(id="bed-1", kind="bed", room="bedroom"),
)
LIMITS = tuple({"rule": "silence", "device": name, "longer_than": "2h"} for name in ("motion-1", "bed-1"))


def of_inactivity(story: Story) -> list[str]:
    return [each for each in story.told if "inactivity" in each]


def day(*limits: dict[str, str]) -> Story:
    """Begin a day in which hub and sensors show each half hour that they live, until noon; moved at 12:00."""
    story = Story(watch_of(QUIET, *limits, devices=EYES), "10:00")
    for clock in ("10:30", "11:00", "11:30", "12:00"):
        story.at(clock, "hub alive", "motion-1 alive", "bed-1 alive")
    return story.bring("motion-1 detected")


def lives_on(story: Story, *clocks: str) -> Story:
    """Let the hub show that it lives."""
    for clock in clocks:
        story.at(clock, "hub alive")
    return story


def test_with_all_that_shows_life_silent_it_says_cannot_see() -> None:
    """The hub is there and its radio is not: nobody knows whether she moved."""
    story = lives_on(day(*LIMITS), "13:00", "14:00", "15:00", "16:00").until("20:00")
    assert of_inactivity(story) == ["16:00 raised inactivity:unseen"]
    finding = next(each.finding for each in story.said if each.finding.rule == "inactivity:unseen")
    assert (finding.kind, finding.device, finding.onset) == ("technical", None, story.time("2026-11-22 12:00"))
    assert finding.reason == (
        "cannot see whether anybody is active: nothing that shows life is heard since 12:00, last seen 12:00"
    )


def test_one_eye_left_is_enough_and_the_blind_ones_are_named() -> None:
    story = day(*LIMITS)
    for clock in ("13:00", "14:00", "15:00", "16:00"):
        story.at(clock, "hub alive", "bed-1 alive")
    assert of_inactivity(story.until("16:01")) == ["16:00 raised inactivity"]


def test_a_silent_hall_sensor_is_said_to_be_silent_and_not_live() -> None:
    devices = (*EYES, Device(id="motion-2", kind="motion", room="kitchen"))
    story = Story(watch_of(QUIET, LIMITS[0], devices=devices), "10:00").at("10:00", "motion-1 alive")
    story.at("12:00", "motion-2 detected").until("16:01")
    assert story.last.finding.reason.endswith("last seen 12:00 in the kitchen; hall sensor silent since 10:00")


def test_where_nothing_says_how_long_is_too_long_a_quiet_home_is_inactive() -> None:
    """Sensors that speak only when something happens are silent, too, where somebody lies on the floor."""
    assert of_inactivity(lives_on(day(), "13:00", "15:00").until("20:00")) == ["16:00 raised inactivity"]


def test_once_the_sensors_are_back_the_clock_starts_anew_as_they_keep_nothing() -> None:
    story = lives_on(day(*LIMITS), "13:00", "15:00").at("17:00", "motion-1 alive", "bed-1 alive")
    assert of_inactivity(story) == ["16:00 raised inactivity:unseen", "17:00 cleared inactivity:unseen"]
    for clock in ("18:00", "19:00", "20:00"):
        story.at(clock, "motion-1 alive", "bed-1 alive")
    assert of_inactivity(story.until("20:59"))[2:] == []
    assert of_inactivity(story.until("21:01"))[2:] == ["21:00 raised inactivity"]


def test_two_times_in_the_dark_are_two_findings() -> None:
    story = day(*LIMITS).at("17:00", "motion-1 alive", "bed-1 alive").until("23:00")
    unseen = [each for each in story.said if each.finding.rule == "inactivity:unseen"]
    assert [each.change for each in unseen] == ["raised", "cleared", "raised"]
    assert unseen[0].finding.id != unseen[2].finding.id


def test_our_own_blindness_is_not_the_sensors_silence() -> None:
    """Blind from 12:10 to 15:00: at 16:00 they were silent for 70 minutes of listening, and she for four hours."""
    story = day(*LIMITS).until("12:10").until("15:00", blind=True)
    assert of_inactivity(story.until("16:01")) == ["16:00 raised inactivity"]
    assert "nobody could be seen from 12:10 to 15:00, the service was blind" in story.last.finding.reason


@pytest.mark.parametrize(("back", "raised"), [("16:30", "16:32"), ("15:59:30", "16:01")])
def test_after_a_long_blindness_hubs_have_two_minutes_to_tell_what_they_kept(back: str, raised: str) -> None:
    story = Story(watch_of(QUIET), "11:00").at("12:00", "motion-1 detected").until("15:00")
    story.until(back, blind=True).until(back).until("17:00")
    assert story.told == [f"{raised} raised inactivity"]
    assert story.last.finding.onset == story.time("2026-11-22 12:00")
    late = story.last.finding.raised_at - story.time("2026-11-22 16:00")
    assert story.last.finding.late_by == late


def test_what_a_hub_tells_in_that_time_ends_it() -> None:
    story = Story(watch_of(QUIET), "11:00").at("12:00", "motion-1 detected").until("15:00").until("16:30", blind=True)
    story.until("16:31").bring("motion-2 detected", seen="15:40")
    assert story.until("19:39").said == []
    assert story.until("19:41").told == ["19:40 raised inactivity"]


def test_a_short_blindness_holds_nothing_up() -> None:
    story = Story(watch_of(QUIET), "11:00").at("12:00", "motion-1 detected").until("15:59:30")
    story.until("16:00:10", blind=True).until("16:00:11")
    assert story.told == ["16:00 raised inactivity"]


def test_what_was_cut_off_and_is_back_is_said_with_the_silence_it_left() -> None:
    story = Story(watch_of(QUIET), "11:00").at("12:10", "motion-1 detected").at("13:00", "hub offline", kind="hub")
    story.at("17:00", "hub online", kind="hub").until("17:05")
    assert story.told[-1] == "17:01 raised inactivity"
    assert story.last.finding.reason.endswith("the home was cut off until 17:00")


def test_a_hub_that_missed_one_word_keeps_nobody_waiting_once_it_speaks() -> None:
    """Its word of 16:00 was lost, and the next came at 16:13: found some minutes later, and not when it is late."""
    story = Story(watch_of(QUIET, devices=EYES), "10:00")
    lives_on(story, *(f"{minutes // 60}:{minutes % 60:02}" for minutes in range(600, 721, 10)))
    story.bring("motion-1 detected")
    lives_on(story, *(f"{minutes // 60}:{minutes % 60:02}" for minutes in range(730, 951, 10)), "16:13")
    assert of_inactivity(story) == [], "at 16:10 nothing of the home was heard for twenty minutes"
    assert of_inactivity(story.until("16:17")) == ["16:15 raised inactivity"]
