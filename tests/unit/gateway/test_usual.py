"""The short way of a message comes to what the long way comes to, or leaves the message to it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message import Message, message
from gateway.prepare import Prepared, prepare, read
from gateway.registry import Directory, Registered
from gateway.usual import usual
from schema.instants import DAY, HOUR, MINUTE, iso, parse_instant
from schema.readings import VALUES

NOW = parse_instant("2026-11-22T02:14:03.120Z")
PLAIN = {"seq": 8123, "boot": 4, "at": iso(NOW), "kind": "bed", "value": "out", "battery": 0.83, "signal": -67}


def directory() -> Directory:
    found = Directory()
    fitted = Registered(1, "h1", "bed-1", "bed", "own", None, retired=False)
    found.put("h1", [fitted, fitted._replace(number=2, id="bed-2", retired=True)])
    return found


def said(topic: str = "homes/h1/bed-1", *, retained: bool = False, **changed: Any) -> Message:
    item = {name: value for name, value in (PLAIN | changed).items() if value != "left out"}
    return message(topic, msgspec.json.encode(item), NOW, 7, retained=retained)


def alike(one: Prepared, other: Prepared) -> bool:
    """Tell whether both say the same; candidates compare by who they are."""
    entries = [[(each.entry, each.undated) for each in prepared.candidates] for prepared in (one, other)]
    return entries[0] == entries[1] and (one.refusal, one.presses) == (other.refusal, other.presses)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"topic": "urgent/h1/bed-1", "kind": "button", "value": "pressed"},
        {"battery": "left out", "signal": "left out", "boot": "left out"},
        {"at": "2026-11-22T03:14:03.120999+01:00", "spoken": "besides"},
        {"at": iso(NOW + MINUTE), "battery": 1, "signal": -32768},
    ],
)
def test_a_usual_message_goes_the_short_way_and_comes_to_the_same(changed: dict[str, Any]) -> None:
    taken = usual(said(**changed), directory())
    assert taken is not None
    assert alike(taken, prepare(said(**changed), read(said(**changed)), directory()))


@pytest.mark.parametrize(
    "changed",
    [
        {"retained": True},
        {"topic": "homes/h1/bed-2"},  # retired
        {"topic": "homes/h1/bed-3"},  # nobody's
        {"topic": "homes/h1/zigbee2mqtt/bed-1"},
        {"topic": "homes"},
        {"seq": "left out"},
        {"at": "left out"},
        {"at": "yesterday"},
        {"at": 5},
        {"at": "2026-11-22T02:14:03.120"},
        {"at": iso(NOW - 31 * DAY)},
        {"at": iso(NOW + HOUR)},
        {"kind": "mood"},
        {"value": "up"},
        {"value": "left out"},
        {"kind": "acceleration", "value": "window"},
        {"battery": 83},
        {"signal": 40_000},
        {"besides": "x" * 70_000},
    ],
)
def test_what_anything_can_be_said_against_goes_the_long_way(changed: dict[str, Any]) -> None:
    assert usual(said(**changed), directory()) is None


@given(
    topic=st.sampled_from(
        ["homes/h1/bed-1", "urgent/h1/bed-1", "homes/h1/bed-2", "homes/h1/nobody", "homes/h1/status"]
    ),
    retained=st.booleans(),
    item=st.fixed_dictionaries(
        {},
        optional={
            "seq": st.integers(-1, 2**63) | st.none(),
            "boot": st.integers(-1, 2**63),
            "at": st.integers(-(2**42), 2**42).map(lambda off: iso(NOW + off)) | st.text(max_size=30) | st.integers(),
            "kind": st.sampled_from([*VALUES, "mood"]),
            "value": st.sampled_from(sorted({value for values in VALUES.values() for value in values})) | st.none(),
            "battery": st.floats(-1, 2) | st.integers(-1, 2) | st.none(),
            "signal": st.integers(-40_000, 40_000) | st.floats(-90, 0) | st.none(),
        },
    ),
)
def test_whatever_is_said_the_short_way_never_comes_to_anything_else(
    topic: str,
    retained: bool,  # noqa: FBT001 - as Hypothesis gives it
    item: dict[str, Any],
) -> None:
    came = message(topic, msgspec.json.encode(item), NOW, 7, retained=retained)
    taken = usual(came, directory())
    assert taken is None or alike(taken, prepare(came, read(came), directory()))


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"kind": "bed"}'])
def test_bytes_that_are_no_item_go_the_long_way(payload: bytes) -> None:
    assert usual(message("homes/h1/bed-1", payload, NOW), directory()) is None


def test_a_device_that_was_exchanged_is_known_by_its_new_number_at_once() -> None:
    homes = directory()
    before = usual(said(), homes)
    homes.put("h1", [Registered(9, "h1", "bed-1", "bed", "own", None, retired=False)])
    after = usual(said(), homes)
    assert before is not None
    assert after is not None
    assert (before.candidates[0].entry.device, after.candidates[0].entry.device) == (1, 9)
