"""`fall`: somebody fell, or perhaps fell."""

import pytest

from schema.instants import MINUTE
from schema.people import Consent, Device
from tests.unit.monitor.story import DEVICES, Story, watch_of

FALL = {"rule": "fall", "policy": "urgent", "cancel_within": "30s"}


def test_a_fall_is_raised_at_once() -> None:
    story = Story(watch_of(FALL)).at("12:30", "fall-1 fallen")
    assert story.told == ["12:30 raised fall"]
    finding = story.last.finding
    assert (finding.kind, finding.priority, finding.certainty) == ("fall", "life", "fallen")
    assert finding.reason == "a fall 12:30 in the bathroom"


@pytest.mark.parametrize(
    "watch",
    [
        watch_of(),
        watch_of(FALL, absences=(("2026-11-20T10:00", "2026-11-27T18:00"),)),
        watch_of(FALL, consent=Consent(covers=("bed",))),
    ],
    ids=["no plan", "absent", "not covered"],
)
def test_a_fall_sensor_is_never_mute(watch: object) -> None:
    assert Story(watch).at("12:30", "fall-1 maybe").told == ["12:30 raised fall"]  # type: ignore[arg-type]


def test_maybe_and_then_fallen_is_one_fall_known_better() -> None:
    story = Story(watch_of(FALL)).at("12:30", "fall-1 maybe")
    assert story.last.finding.certainty == "maybe"
    story.at("12:30:20", "fall-1 fallen")
    assert story.told == ["12:30 raised fall", "12:30 updated fall"]
    assert story.last.finding.certainty == "fallen"
    story.at("12:30:40", "fall-1 maybe")
    assert story.last.finding.certainty == "fallen"


@pytest.mark.parametrize(("after", "cleared"), [("12:30:29", True), ("12:30:30", True), ("12:30:31", False)])
@pytest.mark.parametrize(("value", "kind"), [("recovered", "fall"), ("cancelled", "button")])
def test_recovering_soon_enough_clears_it(after: str, value: str, kind: str, *, cleared: bool) -> None:
    story = Story(watch_of(FALL)).at("12:30", "fall-1 fallen").at(after, f"fall-1 {value}", kind=kind)
    assert story.last.change == ("cleared" if cleared else "updated")


def test_a_recovery_that_is_late_to_arrive_counts_by_when_it_was() -> None:
    story = Story(watch_of(FALL)).at("12:30", "fall-1 fallen").until("12:35")
    story.bring("fall-1 recovered", seen="12:30:20")
    assert story.last.change == "cleared"


def test_a_recovery_that_overtook_the_fall_clears_it_when_it_comes() -> None:
    story = Story(watch_of(FALL)).until("12:31").bring("fall-1 recovered", seen="12:30:20")
    story.bring("fall-1 fallen", seen="12:30")
    assert story.told == ["12:31 raised fall", "12:31 cleared fall"]


def test_a_recovery_before_the_fall_is_another_story() -> None:
    story = Story(watch_of(FALL)).at("12:30", "fall-1 recovered").at("12:30:10", "fall-1 fallen")
    assert story.told == ["12:30 raised fall"]


def test_two_sensors_that_saw_one_fall_raise_it_once_and_both_must_take_it_back() -> None:
    devices = (*DEVICES, Device(id="fall-2", kind="fall", room="bathroom"))
    story = Story(watch_of(FALL, devices=devices)).at("12:30", "fall-1 fallen").at("12:30:05", "fall-2 maybe")
    story.at("12:30:10", "fall-1 recovered").until("12:31")
    assert [each.change for each in story.said] == ["raised", "updated"]


def test_a_late_fall_is_raised_with_its_age() -> None:
    story = Story(watch_of(FALL)).until("12:40").bring("fall-1 fallen", seen="12:30")
    assert story.last.finding.late_by == 10 * MINUTE
    assert story.last.finding.reason.endswith("heard 10 min later")


def test_a_retained_fall_raises_nothing() -> None:
    assert Story(watch_of(FALL)).at("12:30", "fall-1 fallen", retained=True).said == []


def test_falls_again_and_again_stay_one_short_sentence() -> None:
    story = Story(watch_of(FALL))
    for minute in range(10, 20):
        story.at(f"12:{minute}", "fall-1 fallen")
    assert story.last.finding.reason == "10 falls told since 12:10, last 12:19"


def test_after_closing_a_fall_is_another() -> None:
    story = Story(watch_of(FALL)).at("12:30", "fall-1 fallen").closes("12:40").at("12:50", "fall-1 fallen")
    assert story.told == ["12:30 raised fall", "12:50 raised fall"]
