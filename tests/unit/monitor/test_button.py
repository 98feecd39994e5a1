"""`button`: a press is an alarm, whatever else is the case."""

from datetime import date

import pytest

from schema.instants import HOUR, MINUTE
from schema.people import Consent, Device
from tests.unit.monitor.story import DEVICES, Story, plan, watch_of

BUTTON = {"rule": "button", "policy": "urgent"}
TWO = (*DEVICES, Device(id="pendant-2", kind="button"))


def test_a_press_is_raised_at_once() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed")
    assert story.told == ["12:30 raised button"]
    finding = story.last.finding
    assert (finding.kind, finding.priority, finding.policy, finding.device) == ("button", "life", "urgent", "pendant-1")
    assert finding.onset == finding.raised_at == story.now
    assert (finding.late_by, finding.test) == (0, False)
    assert finding.reason == "help pressed 12:30 on pendant-1"


@pytest.mark.parametrize(
    "watch",
    [
        watch_of(),
        watch_of({"rule": "not_up"}),
        watch_of({"rule": "button", "device": "pendant-9"}),
        watch_of(BUTTON, absences=(("2026-11-20T10:00", "2026-11-27T18:00"),)),
        watch_of(BUTTON, consent=Consent(covers=("bed",))),
        watch_of(BUTTON, consent=Consent()),
        watch_of(planned=plan(BUTTON, starts=date(2027, 1, 1))),
    ],
    ids=["no plan", "plan without", "other device", "absent", "not covered", "nothing covered", "plan to come"],
)
def test_a_pendant_is_never_mute(watch: object) -> None:
    story = Story(watch).at("12:30", "pendant-1 pressed")  # type: ignore[arg-type]
    assert story.told == ["12:30 raised button"]


def test_a_press_during_a_test_is_raised_and_marked() -> None:
    until = Story(watch_of()).time("13:00")
    assert Story(watch_of(test_until=until)).at("12:30", "pendant-1 pressed").last.finding.test
    assert not Story(watch_of(test_until=until)).at("13:00", "pendant-1 pressed").last.finding.test


def test_presses_while_one_runs_join_it_and_are_counted() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed").at("12:31", "pendant-1 pressed")
    assert story.told == ["12:30 raised button", "12:31 updated button"]
    assert len({each.finding.id for each in story.said}) == 1
    assert story.last.finding.reason == "help pressed 2 times since 12:30 on pendant-1, last 12:31"
    assert len(story.last.finding.evidence) == 2


def test_evidence_of_many_presses_stays_short() -> None:
    story = Story(watch_of(BUTTON))
    for minute in range(1, 40):
        story.at(f"12:{minute:02}", "pendant-1 pressed")
    assert len(story.last.finding.evidence) == 12


def test_a_cancel_clears_what_was_pressed_before_it() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed").at("12:31", "pendant-1 cancelled")
    assert story.told == ["12:30 raised button", "12:31 cleared button"]
    assert story.last.why == "cancelled on pendant-1 12:31"
    story.at("12:32", "pendant-1 pressed")
    assert story.told[-1] == "12:32 raised button"
    assert story.said[0].finding.id != story.said[-1].finding.id


@pytest.mark.parametrize(("cancelled", "cleared"), [("12:29:59", False), ("12:30:00", False), ("12:30:01", True)])
def test_a_cancel_counts_only_for_a_press_observed_before_it(cancelled: str, *, cleared: bool) -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed")
    story.until("12:31").bring("pendant-1 cancelled", seen=cancelled)
    assert (story.said[-1].change == "cleared") == cleared


def test_a_cancel_of_one_pendant_leaves_the_others_press() -> None:
    story = Story(watch_of(BUTTON, devices=TWO)).at("12:30", "pendant-1 pressed").at("12:31", "pendant-2 pressed")
    story.at("12:32", "pendant-1 cancelled")
    assert story.last.change == "updated"
    story.at("12:33", "pendant-2 cancelled")
    assert story.last.change == "cleared"


def test_a_cancel_that_overtook_its_press_clears_it_but_the_press_is_raised() -> None:
    story = Story(watch_of(BUTTON)).until("12:31")
    story.bring("pendant-1 cancelled", seen="12:30:30").bring("pendant-1 pressed", seen="12:30:20")
    assert story.told == ["12:31 raised button", "12:31 cleared button"]


def test_an_old_cancel_ends_no_press_that_comes_hours_late() -> None:
    story = Story(watch_of(BUTTON)).until("15:00").bring("pendant-1 cancelled", seen="14:00")
    story.bring("pendant-1 pressed", seen="12:30")
    assert story.told == ["15:00 raised button"]


def test_a_late_press_is_raised_with_its_age() -> None:
    story = Story(watch_of(BUTTON)).until("15:30").bring("pendant-1 pressed", seen="12:30")
    assert story.last.finding.late_by == 3 * HOUR
    assert story.last.finding.onset == story.now - 3 * HOUR
    assert story.last.finding.reason == "help pressed 12:30 on pendant-1, heard 3 h later"


def test_a_press_stands_till_a_human_closes_it_and_the_next_is_another() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed").closes("12:40").until("23:00")
    assert story.told == ["12:30 raised button"]
    story.at("23:01", "pendant-1 pressed")
    assert story.told[-1] == "23:01 raised button"


def test_a_late_press_after_closing_is_another_occurrence() -> None:
    """Two presses, the older heard of after the newer one was closed: it still raises, under an id of its own."""
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed").closes("12:40")
    story.bring("pendant-1 pressed", seen="12:10")
    assert [each.change for each in story.said] == ["raised", "raised"]
    assert story.said[0].finding.id != story.said[1].finding.id
    assert story.last.finding.late_by == 30 * MINUTE
    assert story.last.finding.onset == story.time("2026-11-22 12:10")


def test_the_same_reading_twice_is_one_press() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed", seq=7).closes("12:40")
    story.bring("pendant-1 pressed", seen="12:30", seq=7)
    assert story.told == ["12:30 raised button"]


def test_two_presses_of_one_instant_are_two_occurrences() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed", seq=7).closes("12:40")
    story.bring("pendant-1 pressed", seen="12:30", seq=8)
    assert [each.change for each in story.said] == ["raised", "raised"]
    assert story.said[0].finding.id != story.said[1].finding.id


def test_a_retained_press_is_no_fresh_press() -> None:
    assert Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed", retained=True).said == []


def test_a_button_reading_of_any_device_is_a_press() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "fall-1 pressed", kind="button")
    assert story.told == ["12:30 raised button"]


def test_a_rule_for_one_pendant_leaves_the_others_to_the_other_rule() -> None:
    rules = ({"rule": "button", "id": "hers", "device": "pendant-2", "policy": "urgent"},)
    story = Story(watch_of(*rules, devices=TWO)).at("12:30", "pendant-2 pressed").at("12:31", "pendant-1 pressed")
    assert story.told == ["12:30 raised hers", "12:31 raised button"]


def test_an_answer_ends_no_press() -> None:
    story = Story(watch_of(BUTTON)).at("12:30", "pendant-1 pressed").answers("12:31")
    assert story.told == ["12:30 raised button"]
