"""What a rule rests on, and the arithmetic of its gaps."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from schema.coverage import Gap, Rests, coverage, cut, disjoint, in_force, rests_on
from schema.people import Device
from schema.plans import AnyRule

DOCS = Path(__file__).parents[3] / "docs" / "coverage.md"
DEVICES = [
    Device(id="hub", kind="hub"),
    Device(id="pendant-1", kind="button"),
    Device(id="pendant-2", kind="button"),
    Device(id="fall-1", kind="fall"),
    Device(id="bed-1", kind="bed", room="bedroom"),
    Device(id="door-1", kind="door", exit=True),
    Device(id="fridge", kind="door"),
    Device(id="motion-1", kind="motion"),
    Device(id="pills-1", kind="pill"),
]


def rule(name: str, **more: Any) -> AnyRule:
    return msgspec.convert({"rule": name, **more}, AnyRule)


def test_every_rule_stands_in_the_table_of_the_docs() -> None:
    for each in get_args(AnyRule):
        assert f"| `{each.__struct_config__.tag}` |" in DOCS.read_text(), each


@pytest.mark.parametrize(
    ("written", "rests"),
    [
        (rule("button"), Rests(each=("pendant-1", "pendant-2"))),
        (rule("button", device="pendant-2"), Rests(each=("pendant-2",))),
        (rule("fall"), Rests(each=("fall-1",))),
        (rule("bed_exit"), Rests(each=("bed-1",))),
        (rule("not_up"), Rests(each=("bed-1",), one_of=("door-1", "fridge", "motion-1"))),
        (rule("inactivity"), Rests(one_of=("bed-1", "door-1", "fridge", "motion-1", "pills-1"))),
        (rule("wandering"), Rests(each=("door-1",))),
        (rule("door_open", device="fridge"), Rests(each=("fridge",))),
        (rule("missed_pills"), Rests(each=("pills-1",))),
        (rule("not_in_bed"), Rests(each=("bed-1",))),
        (rule("restless_night"), Rests(each=("bed-1",))),
        (rule("not_home"), Rests(each=("door-1",))),
        (rule("visit_missed", device="fridge"), Rests(each=("fridge",))),
        (rule("repeated_falls"), Rests(each=("fall-1",))),
        (rule("long_stay", device="motion-1"), Rests(each=("motion-1",))),
        (rule("long_stay"), "the home has no motion sensor in the bathroom"),
        (rule("wet_bed"), "the home has no moisture sensor"),
        (rule("environment"), "the home has no detector of smoke, gas, water, cold or heat"),
        (rule("battery"), Rests()),
        (rule("power", device="hub"), Rests(each=("hub",))),
        (rule("tamper"), Rests()),
        (rule("silence", device="hub"), Rests(hub=False)),
        (rule("silence"), Rests(hub=False)),
        (rule("silence", device="bed-1"), Rests()),
    ],
)
def test_what_a_rule_rests_on(written: AnyRule, rests: Rests | str) -> None:
    assert rests_on(written, DEVICES, None) == rests


def test_a_rule_about_every_pendant_leaves_out_the_one_that_has_its_own() -> None:
    rules = [rule("button"), rule("button", device="pendant-2")]
    assert rests_on(rules[0], DEVICES, None, rules) == Rests(each=("pendant-1",))


def test_what_consent_does_not_cover_shows_nothing_but_calls_are_never_gated() -> None:
    assert rests_on(rule("inactivity"), DEVICES, ["door"]) == Rests(one_of=("door-1", "fridge"))
    assert rests_on(rule("bed_exit"), DEVICES, ["door"]) == "consent covers no bed"
    assert rests_on(rule("button"), DEVICES, []) == Rests(each=("pendant-1", "pendant-2"))


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (rule("bed_exit", device="bed-9"), "the home has no device 'bed-9'"),
        (rule("bed_exit"), "the home has no bed mat"),
        (rule("inactivity"), "the home has nothing that shows life"),
        (rule("wandering"), "the home has no exit door's contact"),
    ],
)
def test_a_rule_with_nothing_to_rest_on_says_why_it_does_not_run(written: AnyRule, why: str) -> None:
    assert rests_on(written, [Device(id="hub", kind="hub"), Device(id="fridge", kind="cold")], None) == why


def test_a_plan_without_them_has_a_button_a_fall_and_an_impact_of_our_own() -> None:
    assert [name for name, _ in in_force([rule("bed_exit"), rule("bed_exit")])] == [
        "bed_exit", "bed_exit#2", "button", "fall", "impact",
    ]  # fmt: skip
    assert [name for name, _ in in_force([rule("button", device="pendant-1")])] == [
        "button:pendant-1",
        "button",
        "fall",
        "impact",
    ]


def test_gaps_that_overlap_count_once_and_what_began_first_names_the_cause() -> None:
    gaps = [Gap(10, 20, "gateway"), Gap(15, 30, "hub"), Gap(16, 18, "device"), Gap(40, None, "broker")]
    assert disjoint(gaps, 50) == [Gap(10, 20, "gateway"), Gap(20, 30, "hub"), Gap(40, None, "broker")]


def test_gaps_are_cut_to_the_time_asked_about() -> None:
    gaps = [Gap(0, 5, "hub"), Gap(5, 15, "hub"), Gap(18, 30, "hub"), Gap(19, None, "broker"), Gap(20, 25, "gateway")]
    assert cut(gaps, 10, 20) == [Gap(10, 15, "hub"), Gap(18, None, "hub"), Gap(19, None, "broker")]


def test_one_of_several_eyes_is_enough_and_all_gone_is_a_gap_of_all() -> None:
    devices = {"a": [Gap(0, 30, "device", ("a",))], "b": [Gap(10, None, "device", ("b",))]}
    seen = coverage(Rests(one_of=("a", "b")), [], [], devices, 50)
    assert seen.gaps == (Gap(10, 30, "device", ("a", "b")),)
    assert seen.partly == (Gap(0, 30, "device", ("a",)), Gap(10, None, "device", ("b",)))
    assert seen.unseen(0, 50) == 20


def test_the_home_and_the_service_are_in_the_way_of_everything_that_rests_on_them() -> None:
    service, home = [Gap(0, 5, "database")], [Gap(10, 15, "hub")]
    assert coverage(Rests(), service, home, {}, 20).unseen(0, 20) == 10
    assert coverage(Rests(hub=False), service, home, {}, 20).unseen(0, 20) == 5
