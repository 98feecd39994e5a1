"""`bed_exit`: she gets up at 02:14 and does not come back."""

from datetime import date

import pytest

from schema.instants import MINUTE, SECOND
from schema.people import Device
from tests.unit.monitor.story import Story, watch_of

BED = {"rule": "bed_exit", "id": "bed-night", "between": "22:00-07:00", "longer_than": "20m", "policy": "urgent"}
WANDERING = {"rule": "wandering", "between": "22:00-06:00", "longer_than": "10m"}


def night(*more: dict[str, str], **watch: object) -> Story:
    """Begin an evening with Ada in bed at 22:30."""
    story = Story(watch_of(BED, *more, **watch), "21:00")  # type: ignore[arg-type]
    return story.at("22:20", "motion-1 detected").at("22:30", "bed-1 in")


def test_she_gets_up_at_0214_and_does_not_come_back() -> None:
    story = night().at("02:14", "bed-1 out").at("02:15", "motion-2 detected").at("02:17", "motion-1 detected")
    story.until("02:35")
    assert story.told == ["02:34 raised bed-night"]
    finding = story.last.finding
    assert finding.onset == story.time("2026-11-23 02:14")
    assert finding.raised_at == story.time("2026-11-23 02:34")
    assert (finding.kind, finding.priority, finding.policy, finding.late_by) == ("bed", "urgent", "urgent", 0)
    assert finding.reason == (
        "left bed 02:14, not back for 20 min; last seen 02:17 in the hall;"
        " bathroom sensor live, bedroom sensor never heard"
    )
    assert [(each.device, each.value) for each in finding.evidence] == [
        ("bed-1", "out"),
        ("motion-2", "detected"),
        ("motion-1", "detected"),
    ]


def test_it_is_cleared_when_she_is_back_and_settled() -> None:
    story = night().at("02:14", "bed-1 out").at("02:40", "bed-1 in").until("03:00")
    assert story.told == ["02:34 raised bed-night", "02:41 cleared bed-night"]
    assert story.last.why == "back in bed 02:40"


@pytest.mark.parametrize(("back", "raised"), [("02:33:59", False), ("02:34:01", True)])
def test_a_second_more_or_less_decides(back: str, *, raised: bool) -> None:
    story = night().at("02:14", "bed-1 out").at(back, "bed-1 in").until("04:00")
    assert bool(story.said) == raised


def test_it_comes_true_on_the_second() -> None:
    story = night().at("02:14", "bed-1 out").until("02:33:59")
    assert story.said == []
    story.until("02:34:00")
    assert story.told == ["02:34 raised bed-night"]


def test_turning_over_is_no_leaving() -> None:
    """The mat chatters while she sleeps: gaps under a minute are no exit, and the clock is that of the last."""
    story = night()
    for minute in range(10, 40):
        story.at(f"02:{minute}", "bed-1 out").at(f"02:{minute}:45", "bed-1 in")
    assert story.until("04:00").said == []


def test_a_touch_of_the_bed_is_no_return() -> None:
    """She sits down for ten seconds, or falls against it: the deadline is that of 02:14."""
    story = night().at("02:14", "bed-1 out").at("02:25", "bed-1 in").at("02:25:10", "bed-1 out").until("03:00")
    assert story.told == ["02:34 raised bed-night"]
    assert story.last.finding.onset == story.time("2026-11-23 02:14")


def test_a_touch_holds_the_deadline_while_it_lasts() -> None:
    story = night().at("02:14", "bed-1 out").at("02:33:50", "bed-1 in").until("02:34:30")
    assert story.said == []
    story.at("02:34:40", "bed-1 out").until("02:35:45")
    assert story.told == ["02:35 raised bed-night"]


def test_what_is_seen_elsewhere_at_night_ends_nothing() -> None:
    """She may have fallen in the bathroom after the hall saw her."""
    story = night().at("02:14", "bed-1 out").at("02:16", "motion-1 detected").at("02:30", "fridge open").until("02:35")
    assert story.told == ["02:34 raised bed-night"]


def test_a_bed_left_just_before_the_window_closes_runs_on() -> None:
    story = night().at("06:50", "bed-1 out").at("06:52", "motion-2 detected").until("07:30")
    assert story.told == ["07:10 raised bed-night"]


@pytest.mark.parametrize(("left", "seen"), [("06:50", "07:03"), ("06:55", "07:14:59")])
def test_being_seen_elsewhere_after_the_window_is_getting_up(left: str, seen: str) -> None:
    story = night().at(left, "bed-1 out").at(seen, "motion-1 detected").until("09:00")
    assert story.said == []


def test_movement_in_the_bedroom_is_not_getting_up() -> None:
    story = night().at("06:55", "bed-1 out").at("07:05", "motion-3 detected").until("07:16")
    assert story.told == ["07:15 raised bed-night"]


def test_a_bed_left_after_the_window_is_nobodys_business() -> None:
    assert night().at("07:00", "bed-1 out").until("12:00").said == []


def test_a_running_alarm_ends_when_she_is_up_for_the_day() -> None:
    story = night().at("02:14", "bed-1 out").until("06:00").at("07:05", "fridge open")
    assert story.told == ["02:34 raised bed-night", "07:05 cleared bed-night"]
    assert story.last.why == "up, seen 07:05 at the kitchen door"


def test_a_bed_left_before_the_window_starts_its_clock_when_it_opens() -> None:
    story = Story(watch_of(BED), "19:00").at("20:30", "bed-1 in").at("21:40", "bed-1 out").until("22:30")
    assert story.told == ["22:20 raised bed-night"]
    assert story.last.finding.onset == story.time("2026-11-22 21:40")


def test_getting_up_for_the_evenings_television_is_not_leaving_the_bed_at_night() -> None:
    story = Story(watch_of(BED), "19:00").at("19:30", "bed-1 in").at("21:30", "bed-1 out")
    story.at("21:31", "motion-1 detected").until("23:30")
    assert story.said == []


def test_not_having_gone_to_bed_is_no_exit() -> None:
    story = Story(watch_of(BED), "08:00").at("09:00", "bed-1 out").at("21:00", "motion-1 detected").until("23:59")
    assert story.said == []


def test_an_afternoon_nap_is_long_over() -> None:
    story = Story(watch_of(BED), "12:00").at("14:00", "bed-1 in").at("15:30", "bed-1 out").until("23:59")
    assert story.said == []


def test_a_bed_already_empty_when_first_heard_of_at_night_counts() -> None:
    story = Story(watch_of(BED), "02:30").bring("bed-1 out", seen="02:14", retained=True).until("02:40")
    assert story.told == ["02:34 raised bed-night"]


def test_out_by_the_door_is_wanderings_business() -> None:
    story = night(WANDERING).at("02:14", "bed-1 out").at("02:16", "door-1 open").at("02:16:10", "door-1 closed")
    story.until("03:00")
    assert story.told == ["02:26 raised wandering"]


def test_out_by_the_door_is_said_where_no_rule_about_wandering_is() -> None:
    story = night().at("02:14", "bed-1 out").at("02:16", "door-1 open").at("02:16:10", "door-1 closed").until("02:35")
    assert story.told == ["02:34 raised bed-night"]
    assert "went out 02:16" in story.last.finding.reason


def test_two_mats_are_one_bed() -> None:
    devices = (Device(id="left", kind="bed", room="bedroom"), Device(id="right", kind="bed", room="bedroom"))
    story = Story(watch_of(BED, devices=devices), "21:00").at("22:30", "left in").at("23:00", "right in")
    story.at("01:00", "left out").until("02:00")
    assert story.said == []
    story.at("02:14", "right out").until("02:40")
    assert story.told == ["02:34 raised bed-night"]


def test_late_readings_count_from_when_they_were_seen() -> None:
    """The hub was offline from 02:00; at 03:00 it tells what it kept."""
    story = night().until("03:00").bring("bed-1 out", seen="02:14").until("03:00:01")
    assert story.told == ["03:00 raised bed-night"]
    assert story.last.finding.late_by == 26 * MINUTE + SECOND
    assert story.last.finding.onset == story.time("2026-11-23 02:14")


def test_a_late_return_keeps_it_from_being_raised() -> None:
    story = night().until("03:00").bring("bed-1 out", seen="02:14").bring("bed-1 in", seen="02:20").until("04:00")
    assert story.said == []


def test_an_older_word_of_the_mat_that_comes_late_puts_nobody_back() -> None:
    story = night().at("02:14", "bed-1 out").until("02:16").bring("bed-1 in", seen="02:10").until("02:35")
    assert story.told == ["02:34 raised bed-night"]


def test_getting_back_into_bed_with_a_mat_that_chatters_is_a_return() -> None:
    """In for 40 s, out for 10 s, again and again from 02:20, and gone for good at 02:24:50."""
    story = night().at("02:14", "bed-1 out")
    for minute, second in ((20, 0), (20, 50), (21, 40), (22, 30), (23, 20), (24, 10)):
        story.at(f"02:{minute}:{second:02}", "bed-1 in").until_instant(story.now + 40 * SECOND).bring("bed-1 out")
    story.until("02:45")
    assert story.told == ["02:44 raised bed-night"]


def test_the_night_the_clock_goes_forward_is_an_hour_shorter() -> None:
    """London, 29 March 2026: 00:50 and twenty minutes is 02:10 on the wall."""
    story = Story(watch_of(BED), "21:00", day=date(2026, 3, 28)).at("22:30", "bed-1 in").at("00:50", "bed-1 out")
    story.until("02:30")
    assert story.told == ["02:10 raised bed-night"]
    assert story.last.finding.raised_at - story.last.finding.onset == 20 * MINUTE


def test_the_window_holds_through_both_passings_of_the_hour() -> None:
    """London, 25 October 2026: the bed left at 01:50 before the clock goes back is missed at 01:10 after it."""
    story = Story(watch_of(BED), "21:00", day=date(2026, 10, 24)).at("22:30", "bed-1 in")
    story.at("2026-10-25 01:50", "bed-1 out").until("2026-10-25 01:30", fold=1)
    assert story.told == ["01:10 raised bed-night"]
    assert story.last.finding.raised_at - story.last.finding.onset == 20 * MINUTE


def pulsing() -> Story:
    """Ada's mat pulses: it says `in` for a second now and then while she lies there."""
    story = Story(watch_of(BED), "21:00")
    for pulse in range(210):
        at = 600 + pulse * 35
        story.at(f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}", "bed-1 in")
        story.until_instant(story.now + SECOND).bring("bed-1 out")
    return story


def test_a_mat_that_pulses_is_left_when_she_is_seen_elsewhere() -> None:
    story = pulsing().at("02:14", "bed-1 in").at("02:14:01", "bed-1 out")
    story.at("02:15", "motion-1 detected").at("02:17", "motion-2 detected").until("02:40")
    assert story.told == ["02:34 raised bed-night"]
    assert "pulses" not in story.last.finding.reason


def test_a_mat_that_pulses_may_be_still_for_long_but_not_for_ever() -> None:
    story = pulsing().at("02:14", "bed-1 in").at("02:14:01", "bed-1 out").until("03:33")
    assert story.said == []
    story.until("03:40")
    assert story.told == ["03:34 raised bed-night"]
    assert "its mat pulses, so 4 times the set time was waited" in story.last.finding.reason
