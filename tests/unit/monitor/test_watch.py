"""Compiling a watch: what is in force, what is idle and why, whose devices are whose."""

from datetime import date

import msgspec
import pytest
import yaml

from monitor.hours import Daily, Hours
from schema.instants import HOUR, MINUTE, SECOND, parse_instant
from schema.people import Consent, Device
from tests.unit.monitor.story import DEVICES, plan, watch_of

EXAMPLE = """
- {rule: button,     policy: urgent}
- {rule: fall,       policy: urgent, cancel_within: 30s}
- {rule: bed_exit,   id: bed-night, between: "22:00-07:00", longer_than: 20m, policy: urgent}
- {rule: not_up,     by: "10:30", policy: routine}
- {rule: inactivity, between: "07:00-22:00", longer_than: 4h, policy: urgent}
- {rule: wandering,  between: "22:00-06:00", longer_than: 10m, policy: urgent}
- {rule: door_open,  longer_than: 15m, policy: routine}
- {rule: missed_pills, between: "08:00-10:00", policy: routine}
- {rule: silence,    device: hub, longer_than: 30m, policy: routine}
"""


def test_the_nine_rules_of_the_example_are_in_force_calls_first() -> None:
    watch = watch_of(*yaml.safe_load(EXAMPLE))
    assert [each.key for each in watch.rules] == [
        "button", "fall", "silence:hub", "bed-night", "not_up", "inactivity", "wandering", "door_open@door-1",
        "missed_pills", "contact:door-1",
    ]  # fmt: skip
    assert watch.idle == ()
    bed = watch.rules[3]
    assert (bed.longer_than, bed.settle, bed.priority, bed.policy) == (20 * MINUTE, MINUTE, "urgent", "urgent")


def test_compiled_again_from_the_same_it_is_the_same() -> None:
    rules = yaml.safe_load(EXAMPLE)
    assert watch_of(*rules) == watch_of(*rules)
    assert watch_of(*rules) != watch_of(*rules[:-1])


@pytest.mark.parametrize(
    ("covers", "running"),
    [
        ((), {"button", "fall", "silence:hub"}),
        (("bed",), {"button", "fall", "silence:hub", "bed-night", "not_up", "inactivity"}),
        (("pill",), {"button", "fall", "silence:hub", "inactivity", "missed_pills"}),
        (
            ("door",),
            {"button", "fall", "silence:hub", "not_up", "inactivity", "wandering", "door_open", "contact:door-1"},
        ),
    ],
)
def test_consent_says_what_runs(covers: tuple[str, ...], running: set[str]) -> None:
    watch = watch_of(*yaml.safe_load(EXAMPLE), consent=msgspec.convert({"covers": covers}, Consent))
    assert {each.id for each in watch.rules} == running
    assert all(why.startswith("consent covers no") for _, why in watch.idle)


def test_with_no_consent_asked_for_all_rules_run() -> None:
    assert watch_of(*yaml.safe_load(EXAMPLE), consent=None).idle == ()


def test_two_rules_of_one_name_have_ids_of_their_own() -> None:
    day = {"rule": "inactivity", "between": "07:00-22:00", "longer_than": "4h"}
    watch = watch_of(day, {**day, "between": "22:00-07:00", "longer_than": "8h"})
    assert [each.id for each in watch.rules if each.name == "inactivity"] == ["inactivity", "inactivity#2"]


def test_absences_are_wall_clock_in_the_homes_zone() -> None:
    away = (("2026-07-01T10:00", "2026-07-02T18:00"), ("2026-12-27T18:00", "2026-12-24T10:00"))
    span = (parse_instant("2026-07-01T09:00:00Z"), parse_instant("2026-07-02T17:00:00Z"))
    assert watch_of(absences=away).absences == (span,)  # the second ends before it begins, and is none


def test_a_plan_starts_at_midnight_of_the_home() -> None:
    watch = watch_of(planned=plan({"rule": "not_up"}, starts=date(2026, 7, 1)))
    assert watch.starts == parse_instant("2026-06-30T23:00:00Z")
    assert [each.name for each in watch.in_force(watch.starts - 1)] == ["button", "fall", "contact"]
    assert "not_up" in [each.name for each in watch.in_force(watch.starts)]


def test_whose_device_it_is() -> None:
    devices = (*DEVICES, Device(id="hers", kind="button", person="ada"), Device(id="his", kind="button", person="bert"))
    couple = watch_of(devices=devices, residents=("ada", "bert"))
    presses = {each.id for each in couple.devices.values() if each.presses}
    assert presses == {"hers"}
    assert "his" not in {each.id for each in couple.devices.values()}
    alone = watch_of(devices=devices, residents=("ada",))
    assert {"pendant-1", "hers"} <= {each.id for each in alone.devices.values() if each.presses}


def at(text: str) -> int:
    return parse_instant(text)


@pytest.mark.parametrize(
    ("onset", "start"),
    [
        ("2026-11-22T21:59:59Z", "2026-11-22T22:00:00Z"),
        ("2026-11-22T22:00:00Z", "2026-11-22T22:00:00Z"),
        ("2026-11-23T06:59:59Z", "2026-11-23T06:59:59Z"),
        ("2026-11-23T07:00:00Z", "2026-11-23T22:00:00Z"),
        ("2026-03-29T05:59:59Z", "2026-03-29T05:59:59Z"),  # the clock went forward: 06:59:59 on the wall
        ("2026-03-29T06:00:00Z", "2026-03-29T21:00:00Z"),
        ("2026-10-25T06:59:59Z", "2026-10-25T06:59:59Z"),
        ("2026-10-25T07:00:00Z", "2026-10-25T22:00:00Z"),
    ],
)
def test_a_clock_starts_in_its_hours(onset: str, start: str) -> None:
    fresh, used = Hours("22:00-07:00", "Europe/London"), Hours("22:00-07:00", "Europe/London")
    for day in range(-3, 4):
        used.start(at(onset) + day * 13 * HOUR)  # whatever it remembers must not matter
    assert fresh.start(at(onset)) == used.start(at(onset)) == at(start)


def test_round_the_clock_is_always() -> None:
    for text in (None, "00:00-00:00", "00:00-24:00", "07:00-07:00"):
        hours = Hours(text, "Europe/London")
        assert hours.always
        assert hours.start(5) == 5


def test_a_time_of_day_comes_round() -> None:
    by = Daily("10:30", "Europe/London")
    assert by.after(at("2026-11-22T10:29:59Z")) == at("2026-11-22T10:30:00Z")
    assert by.after(at("2026-11-22T10:30:00Z")) == at("2026-11-23T10:30:00Z")
    assert by.after(at("2026-11-22T10:30:00Z") - SECOND) == at("2026-11-22T10:30:00Z")
    assert by.after(at("2026-07-01T00:00:00Z")) == at("2026-07-01T09:30:00Z")
