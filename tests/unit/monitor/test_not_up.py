"""`not_up`: not up since 04:00 by the given time."""

from datetime import date

import pytest

from schema.instants import HOUR, MINUTE
from schema.people import Device
from tests.unit.monitor.story import DEVICES, Story, watch_of

NOT_UP = {"rule": "not_up", "by": "10:30", "policy": "routine"}


def night(**watch: object) -> Story:
    """Begin in the evening, Ada in bed at 22:30."""
    return Story(watch_of(NOT_UP, **watch), "22:00").at("22:30", "bed-1 in")  # type: ignore[arg-type]


def test_still_in_bed_at_half_past_ten() -> None:
    story = night().until("10:40")
    assert story.told == ["10:30 raised not_up"]
    finding = story.last.finding
    assert (finding.kind, finding.priority) == ("inactivity", "routine")
    assert finding.onset == story.time("2026-11-23 04:00")
    assert finding.reason.startswith("not up by 10:30: in bed since 22:30; last seen 22:30 in the bedroom")


@pytest.mark.parametrize(("up", "raised"), [("10:29:58", False), ("10:30:01", True)])
def test_a_second_more_or_less_decides(up: str, *, raised: bool) -> None:
    story = night().at("10:20", "bed-1 out").at(up, "motion-1 detected").until("12:00")
    assert bool(story.said) == raised


def test_up_is_out_of_bed_and_seen_elsewhere() -> None:
    story = night().at("08:00", "bed-1 out").at("08:05", "motion-3 detected").until("10:31")
    assert story.told == ["10:30 raised not_up"]
    assert "out of bed since 08:00, not seen elsewhere" in story.last.finding.reason


def test_getting_up_after_all_clears_it() -> None:
    story = night().at("10:45", "bed-1 out").at("10:47", "fridge open")
    assert story.told == ["10:30 raised not_up", "10:47 cleared not_up"]
    assert story.last.why == "up, seen 10:47 at the kitchen door"


def test_a_visit_to_the_toilet_is_not_getting_up() -> None:
    story = night().at("05:10", "bed-1 out").at("05:11", "motion-2 detected").at("05:20", "bed-1 in").until("11:00")
    assert story.told == ["10:30 raised not_up"]


def test_most_of_a_long_spell_before_four_is_not_getting_up_either() -> None:
    story = night().at("03:35", "bed-1 out").at("03:50", "motion-2 detected").at("04:10", "bed-1 in").until("11:00")
    assert story.told == ["10:30 raised not_up"]


def test_lying_down_again_after_breakfast_is() -> None:
    story = night().at("07:00", "bed-1 out").at("07:05", "fridge open").at("09:00", "bed-1 in").until("12:00")
    assert story.said == []


def test_up_before_four_is_yesterday() -> None:
    """She was about at 02:00, and has not been seen since."""
    story = night().at("01:00", "bed-1 out").at("03:59", "motion-1 detected").until("11:00")
    assert story.told == ["10:30 raised not_up"]


def test_out_by_the_door_since_four_was_up() -> None:
    story = night().at("06:00", "bed-1 out").at("06:01", "door-1 open").at("06:01:05", "door-1 closed").until("12:00")
    assert story.said == []


def test_not_of_who_is_out_since_the_evening() -> None:
    story = Story(watch_of(NOT_UP), "18:00").at("21:00", "door-1 open").at("21:00:05", "door-1 closed")
    assert story.until("2026-11-23 10:40").said == []


@pytest.mark.parametrize(
    "away", [("2026-11-22T10:00", "2026-11-27T18:00"), ("2026-11-23T09:00", "2026-11-23T12:00")], ids=["all", "part"]
)
def test_not_on_a_morning_of_planned_absence(away: tuple[str, str]) -> None:
    assert night(absences=(away,)).until("12:00").said == []


def test_every_morning_anew() -> None:
    story = night().at("08:00", "bed-1 out").at("08:01", "motion-1 detected").at("22:30", "bed-1 in")
    story.until("2026-11-24 10:31")
    assert story.told == ["10:30 raised not_up"]


def test_closed_once_it_is_asked_next_morning() -> None:
    story = night().until("10:40").closes("10:45").until("2026-11-24 11:00")
    assert [each.finding.onset for each in story.said] == [
        story.said[0].finding.onset,
        story.said[0].finding.onset + 24 * HOUR,
    ]


def test_where_there_is_no_mat_being_seen_outside_the_bedroom_is_enough() -> None:
    devices = tuple(each for each in DEVICES if each.kind != "bed")
    assert Story(watch_of(NOT_UP, devices=devices), "22:00").at("08:00", "fridge open").until("12:00").said == []
    story = Story(watch_of(NOT_UP, devices=devices), "22:00").until("2026-11-23 12:00")
    assert story.told == ["10:30 raised not_up"]


def test_it_does_not_run_where_nothing_could_tell() -> None:
    watch = watch_of(NOT_UP, devices=(Device(id="pendant-1", kind="button"),))
    assert watch.idle == (("not_up", "the home has no bed or motion or door to rest on"),)


def test_after_a_blind_morning_it_is_judged_by_how_things_stand() -> None:
    """Two minutes after sight is back: hubs may have lost the broker as well, and tell then what they kept."""
    story = night().until("09:00").until("11:00", blind=True)
    assert story.until("11:01:59").said == []
    assert story.until("11:03").told == ["11:02 raised not_up"]
    assert story.last.finding.late_by == HOUR // 2 + 2 * MINUTE + 1_000_000
    assert story.last.finding.reason.endswith("nobody could be seen from 09:00 to 11:00, the service was blind")
    up = night().until("09:00").until("11:00", blind=True).bring("bed-1 out", seen="10:40")
    assert up.bring("motion-1 detected", seen="10:41").until("11:30").said == []


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 10, 24)])
def test_the_time_is_the_wall_clocks_when_the_clock_changes(day: date) -> None:
    story = Story(watch_of(NOT_UP), "22:00", day=day).at("22:30", "bed-1 in").until("11:00")
    assert story.told == ["10:30 raised not_up"]
    assert story.last.finding.raised_at - story.last.finding.onset == 6.5 * HOUR
