"""`door_open`: a door left open; and `contact`: a door that cannot be believed."""

import pytest

from schema.people import Device
from tests.unit.monitor.story import DEVICES, Story, watch_of

OPEN = {"rule": "door_open", "longer_than": "15m", "policy": "routine"}


def test_a_front_door_left_open() -> None:
    story = Story(watch_of(OPEN)).at("12:30", "door-1 open").until("13:00")
    assert story.told == ["12:45 raised door_open"]
    finding = story.last.finding
    assert (finding.kind, finding.device, finding.priority) == ("door", "door-1", "routine")
    assert finding.reason == "hall door open since 12:30, for 15 min; nothing seen since"


@pytest.mark.parametrize(("closed", "raised"), [("12:44:59", False), ("12:45:01", True)])
def test_a_second_more_or_less_decides(closed: str, *, raised: bool) -> None:
    story = Story(watch_of(OPEN)).at("12:30", "door-1 open").at(closed, "door-1 closed").until("13:30")
    assert bool(story.said) == raised


def test_it_is_cleared_when_the_door_has_settled_shut() -> None:
    story = Story(watch_of(OPEN)).at("12:30", "door-1 open").at("12:50", "door-1 closed").until("12:51")
    assert story.told == ["12:45 raised door_open", "12:50 cleared door_open"]
    assert story.last.at == story.time("2026-11-22 12:50:05")
    assert story.last.why == "hall door closed 12:50"


def test_chatter_is_one_opening() -> None:
    story = Story(watch_of(OPEN)).at("12:30", "door-1 open").at("12:40", "door-1 closed")
    story.at("12:40:03", "door-1 open").until("12:50")
    assert story.told == ["12:45 raised door_open"]
    story.at("12:51", "door-1 closed").at("12:51:02", "door-1 open").until("13:30")
    assert story.told == ["12:45 raised door_open"]


def test_already_open_at_the_start_counts() -> None:
    story = Story(watch_of(OPEN)).bring("door-1 open", seen="11:50", retained=True).until("12:10")
    assert story.told == ["12:05 raised door_open"]


def test_a_door_that_sticks_open_raises_once_and_its_contact_is_looked_after() -> None:
    story = Story(watch_of(OPEN)).at("12:30", "door-1 open").until("2026-11-23 08:30").at("08:31", "door-1 closed")
    story.until("09:00")
    assert story.told == [
        "12:45 raised door_open",
        "00:30 raised contact:door-1",
        "08:31 cleared contact:door-1",
        "08:31 cleared door_open",
    ]
    assert story.said[1].finding.kind == "technical"


def test_each_exit_door_is_a_finding_of_its_own() -> None:
    devices = (*DEVICES, Device(id="back", kind="door", room="kitchen", exit=True))
    story = Story(watch_of(OPEN, devices=devices)).at("12:30", "door-1 open").at("12:35", "back open").until("13:00")
    assert story.told == ["12:45 raised door_open", "12:50 raised door_open"]
    assert [each.finding.device for each in story.said] == ["door-1", "back"]


def test_other_doors_may_stand_open_unless_the_rule_names_them() -> None:
    assert Story(watch_of(OPEN)).at("12:30", "fridge open").until("14:00").said == []
    story = Story(watch_of({**OPEN, "device": "fridge"})).at("12:30", "fridge open").until("14:00")
    assert story.told == ["12:45 raised door_open:fridge"]


def test_in_an_empty_home_an_open_door_matters_all_the_more() -> None:
    away = (("2026-11-22T12:40", "2026-11-22T14:00"),)
    story = Story(watch_of(OPEN, absences=away)).at("12:30", "door-1 open").until("15:00")
    assert story.told == ["12:45 raised door_open"]


def test_an_inverted_contact_is_a_fault_and_no_open_door() -> None:
    """It says `open` while the door is shut, and `closed` for seconds when somebody goes through."""
    story = Story(watch_of(OPEN)).at("12:01", "door-1 open")
    for day in (22, 23, 24):
        for hour in (13, 15, 18, 20):
            story.at(f"2026-11-{day} {hour}:00", "door-1 closed").at(f"2026-11-{day} {hour}:00:10", "door-1 open")
    faults = [each for each in story.said if each.finding.rule == "contact:door-1"]
    assert [each.change for each in faults] == ["raised", "updated"]
    assert faults[-1].finding.reason == "the contact door-1 is open most of the time and looks inverted"
    doors = [each for each in story.said if each.finding.rule == "door_open" and each.change == "raised"]
    assert len(doors) == 5  # of the first day, while it was being learned
