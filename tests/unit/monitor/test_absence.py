"""`absence`: being out is a belief with an end, and at its end somebody asks."""

import pytest

from schema.people import Device
from tests.unit.monitor.story import DAY, DEVICES, Story, watch_of

ASKS = {"rule": "absence", "longer_than": "12h", "policy": "soft"}
LEARNED = {"rule": "inactivity", "learned": True, "longer_than": "12h"}


def goes_out(*more: dict[str, object], start: str = "07:00", at: str = "09:00", **watch: object) -> Story:
    """Begin a morning in which Ada goes out, the door shut behind her (or in front of her)."""
    story = Story(watch_of(ASKS, LEARNED, *more, **watch), start)  # type: ignore[arg-type]
    story.at(start, *(f"{each.id} alive" for each in DEVICES), "motion-2 detected", "door-1 closed")
    return story.at(at, "door-1 open").at(f"{at}:05", "door-1 closed")


def test_out_for_twelve_hours_she_is_asked_for_and_nobody_calls_her_inactive() -> None:
    story = goes_out().until("2026-11-23 06:00")
    assert story.told == ["21:00 raised absence"]
    finding = story.last.finding
    assert (finding.priority, finding.kind, finding.device) == ("routine", "inactivity", "door-1")
    assert finding.reason == "went out 09:00, not back for 12 h; may lie behind the door: ask"


def test_back_in_time_nobody_asks_and_back_later_it_is_cleared() -> None:
    home = goes_out().at("17:00", "door-1 open").at("17:00:05", "door-1 closed").at("17:01", "motion-2 detected")
    assert home.until("18:00").said == []
    late = goes_out().at("21:30", "door-1 open").at("21:30:05", "door-1 closed").at("21:31", "motion-2 detected")
    assert late.told == ["21:00 raised absence", "21:31 cleared absence"]
    assert late.last.why == "back, seen 21:31 in the bathroom"


def test_a_door_opened_and_not_shut_is_told_within_the_hour() -> None:
    story = Story(watch_of(ASKS, LEARNED), "07:00").at("07:30", "motion-2 detected").at("09:00", "door-1 open")
    story.until("12:00")
    assert story.told[0] == "10:00 raised absence"
    assert "the door stands open" in story.said[0].finding.reason


def test_by_a_door_that_sticks_she_may_have_gone_unseen_so_she_is_asked() -> None:
    story = Story(watch_of(ASKS, LEARNED), "07:00").at("07:30", "door-1 open").at("07:33", "motion-2 detected")
    story.at("08:30", "motion-1 detected").at("09:00", "motion-2 detected").until("17:00")
    assert story.told == ["12:20 raised absence"]
    assert story.last.finding.reason == (
        "no sign of life since 09:00; an exit door stands open: may have gone out by it; ask"
    )


def test_an_inverted_contact_is_no_open_door() -> None:
    """It rests open, and closes when the door is opened: she is at home, and called inactive as anybody."""
    story = Story(watch_of(ASKS, LEARNED), "07:00", DAY)
    for _ in range(2):
        for hour in range(8, 22):
            story.at(f"{hour:02}:00", "door-1 closed").at(f"{hour:02}:01", "door-1 open")
            story.at(f"{hour:02}:03", "motion-1 detected").at(f"{hour:02}:04", "motion-2 detected")
    story.at("08:00", "motion-1 detected").at("09:00", "motion-2 detected").said.clear()
    assert story.until("13:00").told == ["12:20 raised inactivity"]


def test_used_again_with_nobody_seen_inside_is_told_early() -> None:
    """Who comes home is seen inside within minutes: she may have come no further than the door."""
    story = goes_out().at("11:00", "door-1 open").at("11:00:06", "door-1 closed").until("16:00")
    assert story.told == ["15:00 raised absence"]
    assert "used again 11:00 and nobody seen inside" in story.last.finding.reason


def test_one_motion_sensor_alone_brings_nobody_home_and_a_second_one_does() -> None:
    story = goes_out()
    for clock in ("12:00", "12:10", "12:20", "12:30", "12:40"):
        story.at(clock, "motion-1 detected")
    assert story.until("21:30").told == ["21:00 raised absence"]
    witnessed = goes_out().at("20:30", "motion-1 detected").at("20:33", "motion-2 detected")
    assert witnessed.until("21:30").said == []


def test_a_contact_alone_brings_her_home() -> None:
    assert goes_out().at("20:30", "fridge open").until("21:30").said == []


def test_the_end_of_what_ran_when_she_left_moves_nobody() -> None:
    """A washing machine's contact closes when its run is over."""
    story = Story(watch_of(ASKS, LEARNED), "07:00").at("07:30", "fridge open", "motion-2 detected")
    story.at("09:00", "door-1 open").at("09:00:05", "door-1 closed").at("10:30", "fridge closed")
    assert story.until("21:30").told == ["21:00 raised absence"]


def test_a_planned_absence_is_believed_to_its_end() -> None:
    story = goes_out(absences=(("2026-11-22T08:00", "2026-11-23T18:00"),)).until("2026-11-24 07:00")
    assert story.told == ["06:00 raised absence"]


@pytest.mark.parametrize(
    ("day", "at"), [("2026-03-28", "07:00"), ("2026-10-24", "05:00")], ids=["clock put forward", "clock put back"]
)
def test_twelve_hours_are_twelve_hours_whatever_the_clock_does(day: str, at: str) -> None:
    story = goes_out(start=f"{day} 18:00", at=f"{day} 18:30").until(f"{day[:-2]}{int(day[-2:]) + 1} 09:00")
    assert story.told == [f"{int(at[:2]):02}:30 raised absence"]


def test_a_dead_hub_is_never_somebody_who_does_not_come_home() -> None:
    hub = {"rule": "silence", "device": "hub", "longer_than": "30m"}
    story = goes_out(hub)
    for minute in range(0, 60, 10):
        story.at(f"10:{minute:02}", "hub alive")
    story.until("2026-11-23 03:00")
    assert [each for each in story.told if "absence" in each] == ["21:00 raised absence:unseen"]
    assert story.said[-1].finding.kind == "technical"


def test_how_long_is_learned_and_capped() -> None:
    """Out for an hour a day for three weeks: out for four, and somebody asks."""
    story = Story(watch_of(ASKS, LEARNED, devices=SMALL), "07:00")
    for day in range(22):
        _a_day(story, day)
    story.said.clear()
    story.at("08:00", "motion-1 detected").at("09:00", "motion-2 detected").at("10:00", "door-1 open").at(
        "10:00:05", "door-1 closed"
    ).until("22:30")
    assert story.told[0] == "14:00 raised absence"


SMALL = (
    Device(id="door-1", kind="door", room="hall", exit=True),
    Device(id="motion-1", kind="motion", room="hall"),
    Device(id="motion-2", kind="motion", room="kitchen"),
)


def _a_day(story: Story, day: int) -> None:
    for hour in (8, 9):
        story.at(f"{hour:02}:00", "motion-1 detected", "motion-2 detected")
    story.at("10:00", "door-1 open").at("10:00:05", "door-1 closed")
    story.at("11:15", "door-1 open").at("11:15:05", "door-1 closed").at("11:16", "motion-2 detected")
    for hour in range(12, 23):
        story.at(f"{hour}:{day % 7}0" if day % 7 < 6 else f"{hour}:00", "motion-1 detected")
