"""`impact`: a window that looks like a fall becomes a finding, once, with its reason; daily living becomes none."""

import msgspec
import pytest

from monitor.home import compile_home_watch
from monitor.home import new_state as new_home
from monitor.home import step as step_home
from monitor.impact_window import RATE, Array
from monitor.person_state import pack, unpack
from monitor.stimuli import ReadingArrived
from schema.entries import HomeSet, NumberedDevice, ReadingEntry
from schema.instants import SECOND, Instant
from schema.people import Consent, Device
from tests.unit.monitor.story import DEVICES, Story, watch_of
from tests.unit.monitor.windows import IMPACT_AT, fall, lies_down, samples, sits_down_hard, stairs

WORN = (*DEVICES, Device(id="belt-1", kind="acceleration", worn="waist"))
IMPACT = {"rule": "impact", "policy": "urgent", "cancel_within": "30s"}


def story(*rules: dict[str, str], **more: object) -> Story:
    return Story(watch_of(*rules, devices=WORN, **more))  # type: ignore[arg-type]


def sends(told: Story, g: Array, *, seen: str | Instant | None = None, seq: int | None = None) -> Story:
    more = {} if seq is None else {"seq": seq}
    return told.bring("belt-1 window", kind="acceleration", samples=samples(g), seen=seen, **more)


def test_a_fall_is_raised_at_once_from_the_moment_of_the_impact_and_says_what_was_seen() -> None:
    told = sends(story(IMPACT).until("12:30"), fall())
    assert told.told == ["12:30 raised impact"]
    finding = told.last.finding
    assert (finding.kind, finding.priority, finding.policy, finding.device) == ("fall", "life", "urgent", "belt-1")
    assert finding.certainty in {"maybe", "fallen"}
    assert finding.late_by == 0
    assert (told.now - finding.onset) / SECOND == pytest.approx(12 - IMPACT_AT, abs=0.3)
    assert "12:29 told by belt-1: impact of" in finding.reason
    assert finding.evidence[0].kind == "acceleration"


@pytest.mark.parametrize("done", [stairs, sits_down_hard, lies_down])
def test_daily_living_raises_nothing_and_leaves_nothing_to_remember(done: object) -> None:
    told = story(IMPACT)
    before = msgspec.json.encode(told.state.own)
    sends(told.until("12:30"), done())  # type: ignore[operator]
    assert told.told == []
    assert msgspec.json.encode(told.state.own) == before


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"absences": (("2026-11-20T10:00", "2026-11-27T18:00"),)},
        {"consent": Consent(covers=("bed",))},
    ],
    ids=["no plan", "absent", "not covered"],
)
def test_what_is_worn_is_never_mute(more: dict[str, object]) -> None:
    assert sends(story(**more).until("12:30"), fall()).told == ["12:30 raised impact"]


def test_without_a_rule_of_its_own_it_goes_by_the_plans_fall() -> None:
    told = sends(story({"rule": "fall", "policy": "urgent", "priority": "urgent"}).until("12:30"), fall())
    assert (told.last.finding.policy, told.last.finding.priority) == ("urgent", "urgent")


def test_the_same_window_again_and_one_that_overlaps_it_are_the_same_fall() -> None:
    told = sends(story(IMPACT).until("12:30"), fall()[: round(8 * RATE)], seq=5)
    assert told.last.finding.certainty == "maybe"
    sends(told, fall()[: round(8 * RATE)], seq=5)
    assert told.told == ["12:30 raised impact"]
    sends(told.until("12:30:04"), fall())
    assert len([each for each in told.said if each.change == "raised"]) == 1
    assert told.last.finding.certainty in {"maybe", "fallen"}


def test_another_fall_while_one_runs_joins_it() -> None:
    told = sends(story(IMPACT).until("12:30"), fall())
    sends(told.until("12:40"), fall())
    assert told.told == ["12:30 raised impact", "12:40 updated impact"]


@pytest.mark.parametrize(("value", "kind"), [("recovered", "fall"), ("cancelled", "button")])
def test_recovering_on_the_same_device_soon_enough_clears_it(value: str, kind: str) -> None:
    told = sends(story(IMPACT).until("12:30"), fall()).at("12:30:15", f"belt-1 {value}", kind=kind)
    assert told.last.change == "cleared"
    sends(told, fall(), seen=told.now - 15 * SECOND)
    assert told.last.change == "cleared", "the same impact again is no new fall"


def test_a_late_window_is_raised_and_says_how_late() -> None:
    told = sends(story(IMPACT).until("12:30"), fall(), seen="12:10")
    assert "heard 20 min later" in told.last.finding.reason
    assert told.last.finding.late_by == 20 * 60 * SECOND


def test_a_retained_window_raises_nothing() -> None:
    told = story(IMPACT).until("12:30")
    told.bring("belt-1 window", kind="acceleration", samples=samples(fall()), retained=True)
    assert told.told == []


def test_a_window_without_samples_raises_nothing() -> None:
    assert story(IMPACT).until("12:30").bring("belt-1 window", kind="acceleration").told == []


def test_what_runs_survives_a_checkpoint() -> None:
    told = sends(story(IMPACT).until("12:30"), fall())
    told.state = unpack(*pack(told.state))
    told.at("12:30:20", "belt-1 recovered", kind="fall")
    assert told.last.change == "cleared"


def test_where_several_live_and_nobody_is_named_it_is_the_homes_alarm() -> None:
    belt = Device(id="belt-1", kind="acceleration", worn="waist")
    home = HomeSet("home-1", "Europe/London", None, (NumberedDevice(1, belt),))
    watch = compile_home_watch(home, None, ("ada", "bob"))
    at = 1_795_348_800_000_000
    entry = ReadingEntry(1, "acceleration", "window", at, at, 1, samples=samples(fall()))
    _, said = step_home(new_home(watch), ReadingArrived(entry, at, 1), watch)
    assert [(each.change, each.finding.subject_kind, each.finding.kind) for each in said] == [
        ("raised", "home", "fall")
    ]
