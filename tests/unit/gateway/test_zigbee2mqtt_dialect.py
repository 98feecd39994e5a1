"""zigbee2mqtt: what each field means, which way round, and every message that others recorded."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.dialects import decode
from schema.instants import iso
from schema.readings import Decoded

BASE = "homes/h1/zigbee2mqtt/"
RECORDED = Path(os.environ.get("TELECARE_RECORDINGS", "../shared/data")) / "payloads" / "zigbee2mqtt.jsonl"


def said(fields: Any, name: str = "hall") -> Decoded:
    return decode(BASE + name, json.dumps(fields).encode())


def facts(decoded: Decoded) -> dict[str, str]:
    assert not decoded.rejected
    return {reading.kind: reading.value for reading in decoded.readings}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"contact": True}, {"door": "closed"}),
        ({"contact": False}, {"door": "open"}),
        ({"occupancy": True}, {"motion": "detected"}),
        ({"occupancy": False}, {"motion": "clear"}),
        ({"presence": True, "occupancy": False}, {"motion": "detected"}),
        ({"vibration": True, "action": "vibration"}, {"motion": "detected"}),
        ({"action": "tilt"}, {"motion": "detected"}),
        ({"action": "drop", "vibration": False}, {"motion": "detected"}),
        ({"action": "single_right"}, {"motion": "detected"}),
        ({"action": "emergency"}, {"button": "pressed"}),
        ({"action": "", "battery": 90}, {"heartbeat": "alive"}),
        ({"action": None}, {"heartbeat": "alive"}),
        ({"sos": True}, {"button": "pressed"}),
        ({"sos": False}, {"heartbeat": "alive"}),
        ({"water_leak": True, "tamper": False}, {"water": "alarm", "tamper": "closed"}),
        ({"smoke": True}, {"smoke": "alarm"}),
        ({"gas": False, "carbon_monoxide": True}, {"gas": "alarm"}),
        ({"contact": False, "tamper": True}, {"door": "open", "tamper": "open"}),
        ({"fall_down_status": "fall", "presence": True}, {"motion": "detected", "fall": "fallen"}),
        ({"fall_down_status": "maybe_fall"}, {"fall": "maybe"}),
        ({"fall_down_status": "none"}, {"fall": "recovered"}),
        ({"battery": 90}, {"heartbeat": "alive"}),
        ({"temperature": 20.5, "humidity": 50}, {"heartbeat": "alive"}),
        ({}, {"heartbeat": "alive"}),
    ],
)
def test_each_field_means_what_its_converter_means(fields: dict[str, Any], expected: dict[str, str]) -> None:
    assert facts(said(fields)) == expected


def test_battery_link_and_last_seen_come_along() -> None:
    (reading,) = said(
        {"contact": True, "battery": 83, "linkquality": 47, "last_seen": "2024-01-10T19:42:48+01:00"}
    ).readings
    assert (reading.battery, reading.signal) == (0.83, 47)
    assert reading.at is not None
    assert iso(reading.at) == "2024-01-10T18:42:48.000Z"


@pytest.mark.parametrize("last_seen", [1704912168000, 1704912168000.0])
def test_last_seen_may_be_milliseconds(last_seen: float) -> None:
    (reading,) = said({"contact": True, "last_seen": last_seen}).readings
    assert reading.at is not None
    assert iso(reading.at) == "2024-01-10T18:42:48.000Z"


@pytest.mark.parametrize("name", ["Küche/Fenster links", "0x00158d000252acd4", "Back Deck Door", "door/SENSOR"])
def test_names_may_hold_umlauts_slashes_and_spaces(name: str) -> None:
    (reading,) = said({"contact": True}, name).readings
    assert reading.device == name


@pytest.mark.parametrize("payload", [b"online", b'{"state":"online"}'])
def test_availability_in_both_shapes_is_the_sensors(payload: bytes) -> None:
    (reading,) = decode(BASE + "Küche/Fenster/availability", payload).readings
    assert (reading.device, reading.kind, reading.value) == ("Küche/Fenster", "sensor", "online")


def test_the_bridges_state_is_the_hubs_and_its_other_topics_are_not_for_us() -> None:
    (reading,) = decode(BASE + "bridge/state", b'{"state":"offline"}').readings
    assert (reading.device, reading.kind, reading.value) == ("status", "hub", "offline")
    for name in ("bridge/devices", "bridge/info", "bridge/logging", "hall/set", "hall/get", "hall/set/state"):
        assert decode(BASE + name, b'{"state":"ON"}') == Decoded()


def test_a_fact_of_the_wrong_type_is_refused_by_itself() -> None:
    decoded = said({"contact": "shut", "occupancy": True})
    assert [reading.kind for reading in decoded.readings] == ["motion"]
    assert decoded.rejected[0].reason == "contact is shut; expected true or false"


@pytest.mark.parametrize(
    ("payload", "life"),
    [
        (b'{"sos":"yes"}', "button"),
        (b'{"fall_down_status":7}', "fall"),
        (b'{"action":"emergency","battery":NaN}', "button"),
        (b'{"fall_down_status":"fall","x":', "fall"),
        (b'{"action":5}', None),
        (b"ON", None),
        (b"[]", None),
    ],
)
def test_what_speaks_of_a_press_or_a_fall_says_so_though_unreadable(payload: bytes, life: str | None) -> None:
    decoded = decode(BASE + "sos", payload)
    assert not decoded.readings
    assert [rejected.life for rejected in decoded.rejected] == [life]


def test_every_recorded_message_is_understood() -> None:
    if not RECORDED.exists():
        pytest.skip(f"the recordings are not here: {RECORDED} (set TELECARE_RECORDINGS)")
    lines = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    expected = {
        "BAD_LEAK01": {"water": "alarm", "tamper": "closed"},
        "EG_GRID01": {"motion": "detected"},
        "AZ_TEMP": {"heartbeat": "alive"},
        "AZ_SWITCH01": {"motion": "detected"},
        "SZ_WINDOW01": {"door": "open"},
        "AZ_MOTION01": {"motion": "detected"},
        "kontaktsensor": {"door": "open", "tamper": "open"},
        "Back Deck Door": {"door": "open"},
    }
    for line in lines:
        decoded = decode("homes/h1/" + line["topic"], json.dumps(line["payload"]).encode())
        assert decoded.readings, line["topic"]
        name = line["topic"].removeprefix("zigbee2mqtt/")
        assert facts(decoded) == expected.get(name, facts(decoded)), name
