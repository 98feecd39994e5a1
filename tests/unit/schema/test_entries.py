"""What the log holds comes out as it went in, and old rows stay readable when entries grow."""

from datetime import date

import msgspec
import pytest

from schema.entries import (
    AlarmClosed,
    Entry,
    HomeSet,
    NumberedDevice,
    PersonAnswered,
    PersonSet,
    PlanSet,
    ReadingEntry,
    TestModeSet,
    Tick,
    UnregisteredPress,
    pack,
    unpack,
)
from schema.people import Absence, Consent, Device
from schema.people_entries import entries
from schema.people_file import parse
from schema.plans import BedExitRule, ButtonRule, CarePlan, SilenceRule
from schema.readings import Samples

ENTRIES: list[Entry] = [
    ReadingEntry(7, "bed", "out", 1_000, 2_000, seq=2**53 - 1, boot=4, battery=0.5, signal=-67),
    ReadingEntry(8, "acceleration", "window", 1, 2, samples=Samples(31.25, 16.0, b"\x00\x01" * 6)),
    ReadingEntry(9, "button", "pressed", 1, 1, retained=True, clock_doubted=True),
    UnregisteredPress("home-1", "Küche_Tür", "button", 1, 2, "nobody registered it"),
    Tick(),
    Tick(behind=True),
    Tick(blind=True),
    Tick(hearing_since=1_795_312_443_120_000),
    HomeSet(
        "home-1",
        "Europe/London",
        None,
        (NumberedDevice(7, Device(id="bed-1", kind="bed", room="bedroom", exit=False)),),
    ),
    PersonSet(
        "p-1", "home-1", Consent(covers=("bed",)), (Absence(starts="2026-12-24T10:00", ends="2026-12-27T18:00"),)
    ),
    PersonSet("p-2", "home-1", None, ()),
    PlanSet(
        "p-1",
        3,
        CarePlan(
            starts=date(2026, 10, 1),
            rules=(ButtonRule(policy="urgent"), BedExitRule(id="bed-night"), SilenceRule(device="hub")),
        ),
    ),
    TestModeSet("home-1", None, "installer"),
    TestModeSet("home-1", 5, "installer"),
    AlarmClosed("p-1", ("a" * 24, "b" * 24), 9),
    PersonAnswered("p-1", ("a" * 24,), 9),
]


def test_every_entry_comes_out_as_it_went_in() -> None:
    assert unpack(pack(ENTRIES)) == ENTRIES


def test_every_kind_of_entry_is_in_this_test() -> None:
    assert {type(entry) for entry in ENTRIES} == set(Entry.__args__)


def test_a_rule_is_kept_with_its_defaults() -> None:
    """A default that we change later must not change what a plan of last month said."""
    assert b"60s" in pack([PlanSet("p-1", 1, CarePlan(rules=(BedExitRule(),)))])


def test_a_row_written_before_a_field_was_added_is_still_read() -> None:
    short = msgspec.msgpack.encode([[0, 7, "bed", "out", 1_000, 2_000]])
    assert unpack(short) == [ReadingEntry(7, "bed", "out", 1_000, 2_000)]


def test_bytes_that_are_no_entries_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(b"\xc1")


def test_a_file_gives_homes_then_people_then_plans_with_devices_numbered_in_its_order() -> None:
    numbered = entries(
        parse(
            """
people:
  - {id: b, name: B, home: two}
  - {id: a, name: A, home: one, notes: private, care_plan: {reason: private, author: private, rules: []}}
homes:
  - {id: two, zone: UTC, address: private, devices: [{id: hub, kind: hub}, {id: bed, kind: bed}]}
  - {id: one, zone: Europe/London, area: north, devices: [{id: hub, kind: hub}]}
""",
            "people.yaml",
        )
    )
    assert numbered.numbers == {("two", "hub"): 1, ("two", "bed"): 2, ("one", "hub"): 3}
    hub, bed = Device(id="hub", kind="hub"), Device(id="bed", kind="bed")
    assert numbered.entries == [
        HomeSet("two", "UTC", None, (NumberedDevice(1, hub), NumberedDevice(2, bed))),
        HomeSet("one", "Europe/London", "north", (NumberedDevice(3, hub),)),
        PersonSet("b", "two", None, ()),
        PersonSet("a", "one", None, ()),
        PlanSet("a", 1, CarePlan()),
    ]
    assert b"private" not in pack(numbered.entries)
