"""A home as a subject: presses that are nobody's in particular."""

import pytest

from monitor import home as core
from monitor.home import compile_home_watch, press_in_unknown_home
from monitor.rules import RULES
from monitor.stimuli import AlarmWasClosed, ReadingArrived, Stimulus, TimePassed, UnregisteredPressArrived
from monitor.verdicts import Rule
from schema.entries import HomeSet, NumberedDevice, ReadingEntry, UnregisteredPress
from schema.findings import FindingChange
from schema.instants import HOUR, MINUTE, parse_instant
from schema.people import Device
from tests.unit.monitor.story import Story, watch_of

NOON = parse_instant("2026-11-22T12:00:00Z")
DEVICES = (
    Device(id="pendant-1", kind="button"),
    Device(id="pendant-2", kind="button", person="ada"),
    Device(id="fall-1", kind="fall", room="bathroom"),
)


def home_of(*residents: str, test_until: int | None = None) -> core.HomeWatch:
    devices = tuple(NumberedDevice(number, device) for number, device in enumerate(DEVICES, 1))
    return compile_home_watch(HomeSet("home-1", "Europe/London", None, devices), test_until, residents)


def play(watch: core.HomeWatch, *stimuli: Stimulus) -> list[FindingChange]:
    state, said = core.new_state(watch), []
    for stimulus in stimuli:
        state, more = core.step(state, stimulus, watch)
        said += more
        assert core.timers(state, watch) == {}
    return said


def reads(device: int, kind: str, value: str, at: int = NOON, seen: int | None = None) -> ReadingArrived:
    return ReadingArrived(ReadingEntry(device, kind, value, seen or at, at, seq=at), at)


def unregistered(kind: str = "button", seen: int = NOON) -> UnregisteredPress:
    return UnregisteredPress("home-1", "pendant-9", kind, seen, seen, "no such device")


@pytest.mark.parametrize(
    ("residents", "presses"), [((), [1, 2, 3]), (("ada",), []), (("ada", "bert"), [1, 3]), (("bert",), [2])]
)
def test_a_home_answers_for_what_is_no_residents(residents: tuple[str, ...], presses: list[int]) -> None:
    assert list(home_of(*residents).presses) == presses


@pytest.mark.parametrize("residents", [("ada",), ("ada", "bert"), ("ada", "bert", "carl")])
def test_every_press_is_one_subjects_alarm(residents: tuple[str, ...]) -> None:
    """Of the residents and the home, exactly one answers for each device."""
    answering = [list(home_of(*residents).presses)]
    watch = watch_of(devices=DEVICES, residents=residents)
    answering.append([number for number, each in watch.devices.items() if each.presses])
    assert sorted(number for each in answering for number in each) == [1, 2, 3]


def test_a_shared_pendant_is_one_alarm_of_the_home() -> None:
    (said,) = play(home_of("ada", "bert"), reads(1, "button", "pressed"))
    finding = said.finding
    assert (finding.subject_kind, finding.subject, finding.home) == ("home", "home-1", "home-1")
    assert (finding.kind, finding.priority, finding.device) == ("button", "life", "pendant-1")
    assert finding.reason == "help pressed 12:00 on pendant-1"


def test_neither_resident_is_told_of_it_twice() -> None:
    story = Story(watch_of(devices=DEVICES, residents=("ada", "bert"))).at("12:30", "pendant-1 pressed")
    assert story.said == []
    assert story.at("12:31", "pendant-2 pressed").told == ["12:31 raised button"]


def test_a_fall_and_its_recovery() -> None:
    said = play(
        home_of("ada", "bert"),
        reads(3, "fall", "maybe"),
        reads(3, "fall", "fallen", NOON + 1_000_000),
        reads(3, "fall", "recovered", NOON + 20_000_000),
    )
    assert [each.change for each in said] == ["raised", "updated", "cleared"]


def test_a_press_of_a_device_nobody_registered_is_an_alarm_of_the_home() -> None:
    (said,) = play(home_of("ada"), UnregisteredPressArrived(unregistered(), NOON))
    assert said.finding.device == "pendant-9"
    assert said.finding.priority == "life"
    assert said.finding.reason == "help pressed by a device nobody registered 12:00 on pendant-9"


def test_an_unregistered_fall_too() -> None:
    (said,) = play(home_of("ada"), UnregisteredPressArrived(unregistered("fall"), NOON))
    assert (said.finding.kind, said.finding.certainty) == ("fall", "fallen")


def test_unregistered_presses_join_what_runs_and_repeat_nothing() -> None:
    again = unregistered(seen=NOON + MINUTE)
    said = play(
        home_of("ada", "bert"),
        reads(1, "button", "pressed"),
        UnregisteredPressArrived(again, NOON + MINUTE),
        UnregisteredPressArrived(again, NOON + 2 * MINUTE),
    )
    assert [each.change for each in said] == ["raised", "updated"]


def test_after_closing_a_press_is_another() -> None:
    watch = home_of("ada", "bert")
    (first,) = play(watch, reads(1, "button", "pressed"))
    said = play(
        watch,
        reads(1, "button", "pressed"),
        AlarmWasClosed((first.finding.id,), NOON + MINUTE),
        reads(1, "button", "pressed", NOON + HOUR),
    )
    assert [each.change for each in said] == ["raised", "raised"]
    assert len({each.finding.id for each in said}) == 2


def test_time_ends_no_call() -> None:
    said = play(home_of("ada", "bert"), reads(1, "button", "pressed"), TimePassed(NOON + 100 * HOUR))
    assert [each.change for each in said] == ["raised"]


def test_a_test_of_the_installer_is_marked() -> None:
    (said,) = play(home_of("ada", "bert", test_until=NOON + HOUR), reads(1, "button", "pressed"))
    assert said.finding.test


def test_a_press_in_a_home_nobody_knows_is_the_services() -> None:
    press = UnregisteredPress("home-9", "pendant-9", "button", NOON, NOON, "no such home")
    finding = press_in_unknown_home(press, NOON + HOUR).finding
    assert (finding.subject_kind, finding.subject, finding.home) == ("service", "home-9", None)
    assert (finding.kind, finding.priority, finding.late_by) == ("button", "life", HOUR)
    assert press_in_unknown_home(press, NOON + 2 * HOUR).finding.id == finding.id
    assert press_in_unknown_home(UnregisteredPress("", "x", "fall", NOON, NOON, "?"), NOON).finding.subject == "unknown"


def test_a_rule_that_throws_over_a_press_is_a_call_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "button", Rule())  # the bare shape: not implemented
    (said,) = play(home_of("ada", "bert"), reads(1, "button", "pressed"))
    assert (said.finding.kind, said.finding.priority, said.finding.subject) == ("button", "life", "home-1")


def test_a_home_with_a_smoke_detector_hears_its_shared_pendant_and_leaves_smoke_to_who_lives_there() -> None:
    devices = (*DEVICES, Device(id="smoke-1", kind="smoke", room="hall"))
    numbered = tuple(NumberedDevice(number, device) for number, device in enumerate(devices, 1))
    residents = ("ada", "bert")
    watch = compile_home_watch(HomeSet("home-1", "Europe/London", None, numbered), None, residents)
    said = play(watch, reads(4, "smoke", "alarm"), reads(1, "button", "pressed"), TimePassed(NOON + MINUTE))
    assert [(each.finding.kind, each.finding.device) for each in said] == [("button", "pendant-1")]
    story = Story(watch_of(devices=devices, residents=residents), "12:00").at("12:30", "smoke-1 alarm")
    assert [(each.finding.kind, each.finding.device) for each in story.said] == [("environment", "smoke-1")]
