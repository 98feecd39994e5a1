"""`long_stay`: in the bathroom, and seen nowhere else, for too long."""

import pytest

from schema.instants import MINUTE, SECOND
from tests.unit.monitor.story import Story, watch_of

BATH = {"rule": "long_stay", "longer_than": "45m"}


def home(rule: dict[str, str] = BATH, **watch: object) -> Story:
    story = Story(watch_of(rule, **watch), "12:00")  # type: ignore[arg-type]
    return story.at("12:10", "motion-1 alive", "motion-2 alive", "door-1 closed", "motion-1 detected")


def test_who_went_in_and_did_not_come_out_is_told_of_though_they_move() -> None:
    story = home().at("14:00", "motion-2 detected").at("14:20", "motion-2 detected").at("14:40", "motion-2 detected")
    assert story.until("15:00").told == ["14:45 raised long_stay"]
    finding = story.last.finding
    assert (finding.kind, finding.device) == ("inactivity", "motion-2")
    assert finding.reason.startswith(
        "in the bathroom since 14:00, seen nowhere else; last movement there 14:40; hall sensor live"
    )
    assert story.at("15:10", "motion-1 detected").told[-1] == "15:10 cleared long_stay"


@pytest.mark.parametrize("elsewhere", ["motion-1 detected", "bed-1 in", "fridge open", "door-1 open"])
def test_seen_anywhere_else_begins_it_anew(elsewhere: str) -> None:
    story = home().at("14:00", "motion-2 detected").at("14:30", elsewhere)
    assert story.until("17:00").said == []
    again = home().at("14:00", "motion-2 detected").at("14:30", elsewhere).at("14:31", "bed-1 out", "motion-2 detected")
    assert again.until("15:10").said == []


def test_going_in_brings_its_deadline_nearer_by_whichever_way_the_reading_is_taken() -> None:
    story = home().at("14:00", "motion-2 detected")
    assert story.state.wake_at is not None
    assert story.state.wake_at <= story.now + 45 * MINUTE


def test_in_there_already_when_the_rule_begins_counts_from_the_last_movement_known() -> None:
    story = home({"rule": "button"}).at("14:00", "motion-2 detected").until("14:10")
    assert story.goes_by(watch_of(BATH)).until("15:30").told == ["14:45 raised long_stay"]


def test_what_was_told_late_and_says_that_they_came_out_is_believed() -> None:
    story = home().at("14:00", "motion-2 detected").at("14:30", "motion-2 detected")
    story.until("14:31").bring("fridge open", seen=story.now - 5 * MINUTE + 10 * SECOND)
    assert story.until("15:00").said == []


def test_only_in_its_hours() -> None:
    assert home({**BATH, "between": "22:00-07:00"}).at("14:00", "motion-2 detected").until("20:00").said == []


def test_a_home_that_is_cut_off_cannot_tell() -> None:
    story = home().at("14:00", "motion-2 detected").at("14:10", "hub offline").until("16:00")
    assert story.told == ["14:45 raised long_stay:unseen"]


def test_somebody_else_who_is_seen_elsewhere_ends_it_as_sensors_name_nobody() -> None:
    story = home(residents=("ada", "bert")).at("14:00", "motion-2 detected").at("14:20", "motion-1 detected")
    assert story.until("16:00").said == []


def test_another_room_where_the_plan_says_so() -> None:
    story = home({**BATH, "room": "hall"}).at("12:20", "fridge open").at("14:00", "motion-2 detected")
    story.at("14:10", "motion-1 detected")
    assert story.until("16:00").told == ["14:55 raised long_stay"]
