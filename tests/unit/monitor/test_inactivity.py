"""`inactivity`: no sign of life, while at home and not in bed."""

from datetime import date

import pytest

from schema.instants import HOUR, MINUTE
from schema.people import Consent, Device
from tests.unit.monitor.story import DEVICES, Story, watch_of

QUIET = {"rule": "inactivity", "between": "07:00-22:00", "longer_than": "4h", "policy": "urgent"}


def day(*more: dict[str, str], **watch: object) -> Story:
    """Begin a morning with Ada up and about since 07:30."""
    story = Story(watch_of(QUIET, *more, **watch), "07:00")  # type: ignore[arg-type]
    return story.at("07:30", "motion-1 detected")


def test_four_hours_without_a_sign_of_life() -> None:
    story = day().at("09:00", "motion-2 detected").until("13:30")
    assert story.told == ["13:00 raised inactivity"]
    finding = story.last.finding
    assert finding.onset == story.time("2026-11-22 09:00")
    assert finding.reason == (
        "no sign of life for 4 h, last seen 09:00 in the bathroom; hall sensor live, bedroom sensor never heard"
    )


@pytest.mark.parametrize(("seen", "raised"), [("12:59:59", False), ("13:00:01", True)])
def test_a_second_more_or_less_decides(seen: str, *, raised: bool) -> None:
    story = day().at("09:00", "motion-2 detected").at(seen, "motion-2 detected").until("15:00")
    assert bool(story.said) == raised


@pytest.mark.parametrize(
    "life", ["motion-1 detected", "door-1 open", "fridge open", "bed-1 in", "pills-1 opened", "pendant-1 cancelled"]
)
def test_signs_of_life(life: str) -> None:
    assert day().at("11:00", life).until("12:30").said == []


@pytest.mark.parametrize(
    ("fact", "more"),
    [
        ("motion-1 clear", {}),
        ("motion-1 alive", {}),
        ("motion-1 detected", {"retained": True}),
        ("fridge closed", {}),
        ("fridge open", {"retained": True}),
        ("pills-1 missed", {}),
    ],
    ids=["clear", "heartbeat", "retained movement", "first word of a closed door", "retained door", "missed"],
)
def test_no_signs_of_life(fact: str, more: dict[str, object]) -> None:
    story = day().at("11:00", fact, **more).until("12:00")
    assert story.told == ["11:30 raised inactivity"]


def test_a_state_said_again_is_no_sign_of_life() -> None:
    """Zigbee2mqtt publishes a door's state with every battery report."""
    story = day().at("08:00", "fridge open").at("08:01", "fridge closed")
    for hour in (9, 10, 11, 12):
        story.at(f"{hour}:00", "fridge closed")
    assert story.until("13:00").told == ["12:01 raised inactivity"]


def test_it_is_cleared_when_she_is_seen() -> None:
    story = day().until("12:00").at("12:31", "fridge open")
    assert story.told == ["11:30 raised inactivity", "12:31 cleared inactivity"]
    assert story.last.why == "seen 12:31 at the kitchen door"


def test_a_late_batch_is_no_fresh_movement() -> None:
    """At 11:00 the hub tells of 08:00: the silence is since then."""
    story = day().until("11:00").bring("motion-2 detected", seen="08:00").until("13:00")
    assert story.told == ["12:00 raised inactivity"]


def test_older_news_takes_nothing_back() -> None:
    story = day().at("09:00", "motion-2 detected").until("11:00").bring("motion-1 detected", seen="08:00")
    assert story.until("13:30").told == ["13:00 raised inactivity"]
    assert story.last.finding.onset == story.time("2026-11-22 09:00")


def test_a_first_reading_older_than_the_watch_counts_from_when_it_was() -> None:
    story = Story(watch_of(QUIET)).bring("motion-1 detected", seen="07:00").until("12:01")
    assert story.told == ["12:00 raised inactivity"]


def test_late_evidence_refines_the_onset_and_keeps_the_id() -> None:
    story = day().until("12:30").bring("motion-2 detected", seen="08:10")
    assert story.told == ["11:30 raised inactivity", "12:30 updated inactivity"]
    assert story.last.finding.onset == story.time("2026-11-22 08:10")
    assert story.last.finding.id == story.said[0].finding.id
    story.bring("motion-2 detected", seen="10:00")
    assert story.last.change == "cleared"


def test_a_silence_begun_in_the_evening_is_found_that_night() -> None:
    story = day().at("19:00", "motion-2 detected").until("23:30")
    assert story.told[-1] == "23:00 raised inactivity"


def test_into_bed_for_the_night_ends_it() -> None:
    story = day().at("19:00", "motion-2 detected").at("22:40", "bed-1 in")
    story.until("2026-11-23 10:00")
    assert story.told == ["11:30 raised inactivity", "19:00 cleared inactivity"]


def test_a_silence_begun_before_the_window_starts_its_clock_when_it_opens() -> None:
    story = Story(watch_of(QUIET), "04:00").at("05:30", "motion-1 detected").until("12:00")
    assert story.told == ["11:00 raised inactivity"]
    assert story.last.finding.onset == story.time("2026-11-22 05:30")


def test_in_bed_the_clock_stands_still_and_runs_from_getting_up() -> None:
    story = Story(watch_of(QUIET), "22:00").at("22:30", "bed-1 in").until("2026-11-23 11:30")
    assert story.said == []
    story.at("11:45", "bed-1 out").until("16:00")
    assert story.told == ["15:45 raised inactivity"]


def test_a_bed_is_not_believed_for_ever() -> None:
    story = Story(watch_of(QUIET), "22:00").at("22:30", "bed-1 in").until("2026-11-23 15:00")
    assert story.told == ["14:30 raised inactivity"]
    assert story.last.finding.reason == "in bed since 22:30, no sign of life since 22:30"


def test_the_beds_word_does_not_outlive_a_later_reading_elsewhere() -> None:
    """The mat sticks: she was seen in the kitchen since."""
    story = Story(watch_of(QUIET), "22:00").at("22:30", "bed-1 in").at("08:00", "fridge open").until("13:00")
    assert story.told == ["12:00 raised inactivity"]


def test_where_two_live_the_other_ones_steps_do_not_empty_her_bed() -> None:
    watch = watch_of(QUIET, residents=("ada", "bert"))
    assert Story(watch, "22:00").at("22:30", "bed-1 in").at("08:00", "fridge open").until("13:00").said == []


def test_out_by_the_door_she_is_away() -> None:
    story = day().at("09:10", "door-1 open").at("09:10:08", "door-1 closed").until("22:00")
    assert story.said == []


def test_an_absence_it_infers_is_bounded() -> None:
    story = day().at("09:10", "door-1 open").at("09:10:08", "door-1 closed").until("23:59")
    assert story.told == ["23:10 raised inactivity"]
    assert story.last.finding.reason == "went out 09:10, not seen since"


def test_movement_behind_the_closing_door_is_that_of_who_went() -> None:
    story = day().at("09:10", "door-1 open", "motion-1 detected").at("09:10:08", "door-1 closed")
    story.at("09:10:14", "motion-1 detected").until("22:00")
    assert story.said == []


def test_who_is_seen_inside_after_the_door_is_at_home() -> None:
    story = day().at("09:10", "door-1 open").at("09:10:08", "door-1 closed").at("09:11", "motion-2 detected")
    assert story.until("13:30").told == ["13:11 raised inactivity"]


def test_a_lone_sensors_fancy_brings_nobody_home() -> None:
    """A motion sensor speaks once in the empty home: nobody comes back through a wall."""
    story = day().at("09:10", "door-1 open").at("09:10:08", "door-1 closed").at("12:00", "motion-2 detected")
    assert story.until("20:00").said == []


def test_two_sensors_within_minutes_are_somebody_at_home_after_all() -> None:
    story = day().at("09:10", "door-1 open").at("09:10:08", "door-1 closed").at("12:00", "motion-2 detected")
    assert story.at("12:04", "fridge open").until("17:00").told == ["16:04 raised inactivity"]


def test_coming_home_and_falling_silent_is_found() -> None:
    story = day().at("09:10", "door-1 open").at("09:10:08", "door-1 closed")
    story.at("12:00", "door-1 open").at("12:00:05", "door-1 closed").at("12:01", "motion-1 detected").until("17:00")
    assert story.told == ["16:01 raised inactivity"]


def test_a_planned_absence_holds_it_and_the_clock_starts_when_it_ends() -> None:
    story = day(absences=(("2026-11-22T10:00", "2026-11-22T15:00"),)).until("18:59:59")
    assert story.said == []
    assert story.until("19:01").told == ["19:00 raised inactivity"]


def test_an_absence_that_begins_while_it_runs_ends_nothing() -> None:
    story = day(absences=(("2026-11-22T12:00", "2026-11-22T15:00"),)).until("2026-11-22 07:31")
    watch = watch_of(QUIET, absences=(("2026-11-22T12:00", "2026-11-22T15:00"),))
    story = Story(watch_of(QUIET), "07:00").at("07:30", "motion-1 detected").until("11:45")
    story.goes_by(watch).until("16:00")
    assert story.told == ["11:30 raised inactivity"]


def test_who_was_never_seen_is_missed_from_when_the_watch_began() -> None:
    story = Story(watch_of(QUIET), "08:00").until("13:00")
    assert story.told == ["12:00 raised inactivity"]
    assert story.last.finding.reason.startswith("no sign of life was ever seen, watched since 08:00")


def test_already_silent_when_the_rule_begins_counts() -> None:
    story = Story(watch_of(), "07:00").at("07:30", "motion-1 detected").until("13:00")
    story.goes_by(watch_of(QUIET)).until("13:01")
    assert story.told == ["13:00 raised inactivity"]
    assert story.last.finding.late_by == 0


def test_closing_what_still_holds_restarts_the_clock() -> None:
    story = day().until("11:45").closes("12:00").until("17:00")
    assert story.told == ["11:30 raised inactivity", "16:00 raised inactivity"]
    first, second = (each.finding for each in story.said)
    assert first.id != second.id
    assert second.onset == story.time("2026-11-22 12:00")
    assert "last seen 07:30" in second.reason


def test_an_answer_clears_it_and_restarts_the_clock() -> None:
    story = day().until("11:45").answers("11:50").until("16:00")
    assert story.told == ["11:30 raised inactivity", "11:50 cleared inactivity", "15:50 raised inactivity"]
    assert story.said[1].why == "answered to be well 11:50"


def test_readings_that_consent_does_not_cover_tell_it_nothing() -> None:
    """She agreed to door and bed, not to motion: movement neither feeds nor resets the rule."""
    story = day(consent=Consent(covers=("door", "bed"))).at("08:00", "fridge open").at("11:00", "motion-1 detected")
    assert story.until("12:30").told == ["12:00 raised inactivity"]


def test_it_does_not_run_without_consent() -> None:
    watch = watch_of(QUIET, consent=Consent(covers=("hub", "fall")))
    assert Story(watch, "07:00").at("07:30", "motion-1 detected").until("23:00").said == []
    assert watch.idle == (("inactivity", "consent covers no motion or door or bed or pill or chair"),)


@pytest.mark.parametrize(
    ("day_", "seen", "hours"), [(date(2026, 3, 29), "00:30", 5.5 + 4), (date(2026, 10, 25), "00:30", 7.5 + 4)]
)
def test_the_window_opens_by_the_wall_clock_when_the_clock_changes(day_: date, seen: str, hours: float) -> None:
    story = Story(watch_of(QUIET), "00:10", day=day_).at(seen, "motion-1 detected").until("12:00")
    assert story.told == ["11:00 raised inactivity"]
    assert story.last.finding.raised_at - story.last.finding.onset == hours * HOUR


def test_a_chair_taken_is_a_sign_and_sitting_on_is_none() -> None:
    devices = (*DEVICES, Device(id="chair-1", kind="chair", room="living room"))
    story = day(devices=devices).at("09:00", "chair-1 in").at("10:00", "chair-1 in").until("13:30")
    assert story.told == ["13:00 raised inactivity"]
    assert story.last.finding.late_by == 0 * MINUTE
