"""`wandering`: gone out at night and not back."""

import pytest

from schema.people import Device
from tests.unit.monitor.story import DEVICES, Story, watch_of

OUT = {"rule": "wandering", "between": "22:00-06:00", "longer_than": "10m", "policy": "urgent"}


def night(*more: dict[str, str], **watch: object) -> Story:
    """Begin in the evening, Ada at home."""
    story = Story(watch_of(OUT, *more, **watch), "20:00")  # type: ignore[arg-type]
    return story.at("21:30", "door-1 closed").at("22:30", "bed-1 in").at("02:14", "bed-1 out")


def test_gone_out_at_night_and_not_back() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").until("02:30")
    assert story.told == ["02:26 raised wandering"]
    finding = story.last.finding
    assert (finding.kind, finding.device, finding.reason) == ("night", "door-1", "went out 02:16, not back for 10 min")
    assert finding.onset == story.time("2026-11-23 02:16")


@pytest.mark.parametrize(("back", "raised"), [("02:25:59", False), ("02:26:01", True)])
def test_a_second_more_or_less_decides(back: str, *, raised: bool) -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").at(back, "motion-1 detected")
    assert bool(story.until("03:00").said) == raised


def test_back_clears_it() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").at("02:40", "door-1 open")
    story.at("02:40:05", "door-1 closed").at("02:41", "motion-2 detected")
    assert story.told == ["02:26 raised wandering", "02:41 cleared wandering"]
    assert story.last.why == "back, seen 02:41 in the bathroom"


def test_a_door_that_was_only_opened_is_no_exit() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").at("02:16:30", "motion-1 detected")
    assert story.until("03:00").said == []


def test_the_steps_of_who_leaves_bring_nobody_back() -> None:
    """The hall sees her go, and speaks once more when the door has closed."""
    story = night().at("02:16", "door-1 open").at("02:16:03", "motion-1 detected").at("02:16:08", "door-1 closed")
    assert story.at("02:16:14", "motion-1 detected").until("03:00").told == ["02:26 raised wandering"]


def test_gone_and_the_door_left_open() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:20", "motion-1 detected").until("02:30")
    assert story.told == ["02:26 raised wandering"]
    assert story.last.finding.reason.endswith("the door stands open")


def test_a_second_use_of_the_door_is_no_return() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").at("02:20", "door-1 open")
    assert story.at("02:20:04", "door-1 closed").until("02:30").told == ["02:26 raised wandering"]


def test_a_door_open_for_one_second_is_a_use() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:01", "door-1 closed").until("02:30")
    assert story.told == ["02:26 raised wandering"]


def test_gone_before_the_window_is_missed_from_when_it_opens() -> None:
    story = Story(watch_of(OUT), "20:00").at("21:50", "door-1 open").at("21:50:05", "door-1 closed").until("22:30")
    assert story.told == ["22:10 raised wandering"]


def test_gone_at_the_end_of_the_window_runs_on() -> None:
    story = night().at("05:55", "door-1 open").at("05:55:05", "door-1 closed").until("07:00")
    assert story.told == ["06:05 raised wandering"]


def test_by_day_nobody_wanders() -> None:
    story = Story(watch_of(OUT), "08:00").at("09:00", "door-1 open").at("09:00:05", "door-1 closed").until("21:59")
    assert story.said == []


def test_other_doors_lead_nowhere() -> None:
    assert night().at("02:16", "fridge open").at("02:16:08", "fridge closed").until("03:00").said == []


def test_a_door_that_the_rule_names_counts_though_it_is_no_exit() -> None:
    devices = (*DEVICES, Device(id="garden", kind="door", room="conservatory"))
    story = Story(watch_of({**OUT, "device": "garden"}, devices=devices), "20:00").at("22:30", "motion-1 detected")
    story.at("02:16", "garden open").at("02:16:08", "garden closed").until("02:30")
    assert story.told == ["02:26 raised wandering:garden"]


def test_a_retained_door_was_used_by_nobody() -> None:
    assert night().at("02:16", "door-1 open", retained=True).until("02:25").said == []


def test_not_during_a_planned_absence() -> None:
    away = (("2026-11-23T01:00", "2026-11-24T10:00"),)
    assert night(absences=away).at("02:16", "door-1 open").at("02:16:05", "door-1 closed").until("09:00").said == []


def test_closed_while_still_out_is_raised_again() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").closes("02:30").until("02:45")
    assert story.told == ["02:26 raised wandering", "02:40 raised wandering"]


def test_late_news_of_a_return_clears_it() -> None:
    story = night().at("02:16", "door-1 open").at("02:16:08", "door-1 closed").until("02:30")
    story.bring("motion-1 detected", seen="02:18")
    assert story.told == ["02:26 raised wandering", "02:30 cleared wandering"]
