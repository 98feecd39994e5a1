"""`silence`: equipment that says nothing, and what that means for what can be seen of a person."""

import pytest

from schema.instants import HOUR, MINUTE
from tests.unit.monitor.story import Story, watch_of

HUB = {"rule": "silence", "device": "hub", "longer_than": "30m", "policy": "routine"}
HALL = {"rule": "silence", "device": "motion-1", "longer_than": "24h"}
QUIET = {"rule": "inactivity", "longer_than": "4h"}


def test_nothing_heard_from_the_hub() -> None:
    story = Story(watch_of(HUB)).at("12:10", "hub alive").until("13:00")
    assert story.told == ["12:40 raised silence:hub"]
    finding = story.last.finding
    assert (finding.kind, finding.device, finding.priority) == ("technical", "hub", "routine")
    assert finding.reason == "the hub silent for 30 min, last heard 12:10"


@pytest.mark.parametrize(("heard", "raised"), [("12:39:59", False), ("12:40:01", True)])
def test_a_second_more_or_less_decides(heard: str, *, raised: bool) -> None:
    story = Story(watch_of(HUB)).at("12:10", "hub alive").at(heard, "hub alive").until("12:50")
    assert bool(story.said) == raised


@pytest.mark.parametrize("fact", ["motion-1 clear", "motion-1 alive", "fridge closed", "pendant-1 cancelled"])
def test_any_live_message_of_the_home_shows_its_hub_alive(fact: str) -> None:
    assert Story(watch_of(HUB)).at("12:20", fact).until("12:49").said == []


def test_a_retained_message_was_not_said_now() -> None:
    story = Story(watch_of(HUB)).at("12:20", "motion-1 clear", retained=True).until("12:49")
    assert story.told == ["12:30 raised silence:hub"]
    assert "never heard since it is watched" in story.last.finding.reason


def test_offline_waits_for_nothing_else_and_is_no_sign_of_life() -> None:
    story = Story(watch_of(HUB)).at("12:10", "hub alive").at("12:11", "hub offline", kind="hub").until("12:45")
    assert story.told == ["12:40 raised silence:hub"]
    assert story.last.finding.reason == "the hub silent for 30 min, last heard 12:10, offline 12:11"


def test_offline_already_when_first_heard_of_counts() -> None:
    story = Story(watch_of(HUB)).at("12:05", "hub offline", kind="hub", retained=True).until("12:45")
    assert story.told == ["12:35 raised silence:hub"]


def test_heard_again_clears_it() -> None:
    story = Story(watch_of(HUB)).at("12:10", "hub alive").at("13:00", "hub online", kind="hub")
    assert story.told == ["12:40 raised silence:hub", "13:00 cleared silence:hub"]
    assert story.last.why == "the hub heard again 13:00"


def test_a_device_is_heard_only_by_its_own_word() -> None:
    story = Story(watch_of(HALL)).at("12:10", "motion-1 clear").at("2026-11-23 12:00", "motion-2 detected")
    story.at("2026-11-23 12:05", "motion-1 offline", kind="sensor").until("2026-11-23 13:00")
    assert story.told == ["12:10 raised silence:motion-1"]


def test_our_own_blindness_is_not_its_silence() -> None:
    """Heard at 12:10; from 12:20 to 14:20 no gateway lived: 30 min of listening end at 14:40."""
    story = Story(watch_of(HUB)).at("12:10", "hub alive").until("12:20").until("14:20", blind=True)
    story.until("14:20:01").until("14:39")
    assert story.said == []
    assert story.until("14:41").told == ["14:40 raised silence:hub"]


def test_a_device_that_the_home_has_not_is_not_listened_for() -> None:
    watch = watch_of({**HUB, "device": "hub-9"})
    assert Story(watch).until("18:00").said == []
    assert watch.idle == (("silence:hub-9", "the home has no device 'hub-9'"),)


def test_a_planned_absence_silences_no_equipment() -> None:
    story = Story(watch_of(HUB, absences=(("2026-11-20T10:00", "2026-11-27T18:00"),))).until("13:00")
    assert story.told == ["12:30 raised silence:hub"]


def test_cut_off_is_never_inactive() -> None:
    """The hub goes offline at 13:00: at 16:10 nobody knows whether she moved."""
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").at("13:00", "hub offline", kind="hub")
    story.until("20:00")
    assert story.told == ["16:10 raised inactivity:unseen"]
    finding = story.last.finding
    assert (finding.kind, finding.device, finding.onset) == ("technical", "hub", story.time("2026-11-22 13:00"))
    assert finding.reason == ("cannot see whether anybody is active: the home is cut off since 13:00, last seen 12:10")


def test_when_the_hub_is_back_what_it_kept_is_heard_first() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").at("13:00", "hub offline", kind="hub")
    story.at("17:00", "hub online", kind="hub").until("17:00:30").bring("motion-1 detected", seen="15:00")
    assert story.told == ["16:10 raised inactivity:unseen", "17:00 cleared inactivity:unseen"]
    assert story.until("18:59").said == story.said[:2]
    assert story.until("19:01").told[-1] == "19:00 raised inactivity"


def test_when_the_hub_is_back_and_kept_nothing_she_is_missed_and_how_late_is_said() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").at("13:00", "hub offline", kind="hub")
    story.at("17:00", "hub online", kind="hub").until("17:05")
    assert story.told[-1] == "17:01 raised inactivity"
    assert story.last.finding.late_by == 51 * MINUTE
    assert story.last.finding.onset == story.time("2026-11-22 12:10")


def test_a_hub_that_used_to_speak_by_itself_and_does_not_cuts_the_home_off() -> None:
    story = Story(watch_of(HUB, QUIET)).at("12:05", "motion-1 detected")
    for minute in (10, 20, 30, 40, 50):
        story.at(f"12:{minute}", "hub alive")
    story.until("18:00")
    assert story.told == ["13:20 raised silence:hub", "16:05 raised inactivity:unseen"]


def test_a_hub_that_never_speaks_by_itself_may_belong_to_somebody_on_the_floor() -> None:
    story = Story(watch_of(HUB, QUIET)).at("12:10", "motion-1 detected").until("18:00")
    assert story.told == ["12:40 raised silence:hub", "16:10 raised inactivity"]


def test_a_bed_left_before_the_home_was_cut_off_is_raised_and_says_so() -> None:
    story = Story(watch_of({"rule": "bed_exit", "longer_than": "20m"})).at("12:00", "bed-1 in")
    story.at("14:00", "bed-1 out").at("14:05", "hub offline", kind="hub").until("15:00")
    assert story.told == ["14:20 raised bed_exit"]
    assert story.last.finding.reason.endswith("nothing can be seen since 14:05, the hub is cut off")


def test_an_offline_that_was_overtaken_cuts_nothing_off() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").until("12:11")
    story.bring("hub offline", kind="hub", seen="12:05").until("17:00")
    assert story.told == ["16:10 raised inactivity"]


def test_a_rule_put_back_while_the_home_is_cut_off_says_so_as_another_finding() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").at("13:00", "hub offline", kind="hub")
    story.until("16:30").goes_by(watch_of()).goes_by(watch_of(QUIET)).until("17:00")
    assert [each.change for each in story.said] == ["raised", "cleared", "raised"]
    assert story.said[0].finding.id != story.said[2].finding.id


def test_cannot_see_is_said_once_even_if_closed() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").at("13:00", "hub offline", kind="hub")
    story.until("16:30").closes("16:31", story.said[0].finding.id).until("23:00")
    assert story.told == ["16:10 raised inactivity:unseen"]
    assert story.last.finding.onset - story.time("2026-11-22 12:10") < HOUR
