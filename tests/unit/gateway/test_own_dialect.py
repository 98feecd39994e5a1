"""Our own dialect: what is a reading, what is refused and with which words, and that nothing ever raises."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import decode
from schema.instants import iso, parse_instant
from schema.readings import VALUES, Decoded, Reading

TOPIC = "homes/h1/bed-1"
BED = {"seq": 8123, "boot": 4, "at": "2026-11-22T02:14:03.120Z", "kind": "bed", "value": "out"}


def said(*items: Any, topic: str = TOPIC) -> Decoded:
    return decode(topic, json.dumps(items[0] if len(items) == 1 else items).encode())


def reasons(decoded: Decoded) -> str:
    assert not decoded.readings
    return "\n".join(rejected.reason for rejected in decoded.rejected)


def window(seconds: float = 1.0, **changed: Any) -> dict[str, Any]:
    triples = bytes(6 * int(50 * seconds))
    whole = {"seq": 1, "kind": "acceleration", "rate": 50, "range": 8, "samples": b64encode(triples).decode()}
    return whole | changed


def test_a_reading_says_everything_the_contract_names() -> None:
    decoded = said(BED | {"battery": 0.83, "signal": -67})
    assert decoded == Decoded(
        (
            Reading(
                home="h1",
                device="bed-1",
                kind="bed",
                value="out",
                at=parse_instant("2026-11-22T02:14:03.120Z"),
                boot=4,
                seq=8123,
                battery=0.83,
                signal=-67,
            ),
        )
    )


@pytest.mark.parametrize(
    ("kind", "value"), [(k, v) for k, vs in VALUES.items() if k not in ("hub", "sensor", "acceleration") for v in vs]
)
def test_every_word_of_the_contract_is_spoken_on_both_lanes(kind: str, value: str) -> None:
    for topic in ("homes/h1/thing", "urgent/h1/thing"):
        (reading,) = said({"seq": 1, "kind": kind, "value": value}, topic=topic).readings
        assert (reading.home, reading.device, reading.kind, reading.value) == ("h1", "thing", kind, value)


def test_a_window_of_acceleration_keeps_its_samples() -> None:
    (reading,) = said(window(rate=49.7)).readings
    assert reading.value == "window"
    assert reading.samples is not None
    assert (reading.samples.rate, reading.samples.range, len(reading.samples.data)) == (49.7, 8, 300)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"samples": "AAAA"}, "no x, y, z triples"),
        ({"samples": ""}, "no x, y, z triples"),
        ({"samples": "not base64!"}, "no base64"),
        ({"rate": 0}, "rate"),
        ({"rate": None}, "rate"),
        ({"range": -2}, "range"),
        ({"rate": 0.1}, "too long"),
    ],
)
def test_a_window_that_cannot_be_right_is_refused_with_the_reason(changed: dict[str, Any], expected: str) -> None:
    assert expected in reasons(said(window(**changed)))


def test_bad_items_of_a_list_are_refused_one_by_one_and_the_good_ones_kept() -> None:
    decoded = said(BED, BED | {"seq": "x"}, BED | {"value": "asleep"}, 7, BED | {"seq": 8124})
    assert [reading.seq for reading in decoded.readings] == [8123, 8124]
    assert [rejected.reason[:6] for rejected in decoded.rejected] == ["item 2", "item 3", "item 4"]


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("1970-01-01T00:00:07Z", "1970-01-01T00:00:07.000Z"),
        ("2106-02-07T06:28:15+00:00", "2106-02-07T06:28:15.000Z"),
        ("2026-11-22T03:14:03.120+01:00", "2026-11-22T02:14:03.120Z"),
        ("2026-11-22T02:14:03", None),
        ("yesterday", None),
        (1795313643, None),
        (None, None),
        ({"a": [1]}, None),
    ],
)
def test_no_time_is_a_reason_to_refuse_a_reading(at: Any, kept: str | None) -> None:
    (reading,) = said(BED | {"at": at}).readings
    assert (None if reading.at is None else iso(reading.at)) == kept


@pytest.mark.parametrize("seq", [0, 2**53, 2**53 + 1, 2**63 - 1])
def test_sequence_numbers_run_to_63_bits(seq: int) -> None:
    (reading,) = said(BED | {"seq": seq}).readings
    assert reading.seq == seq


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"seq": 2**63}, "seq"),
        ({"seq": -1}, "seq"),
        ({"seq": 1.5}, "seq"),
        ({"seq": "8123"}, "seq"),
        ({"seq": True}, "seq"),
        ({"boot": -1}, "boot"),
        ({"kind": "beds"}, "no kind 'beds'"),
        ({"kind": "hub", "value": "online"}, "no kind 'hub'"),
        ({"kind": None}, "kind"),
        ({"value": "open"}, "expected in or out"),
        ({"value": None}, "cannot say nothing"),
        ({"value": 1}, "value"),
        ({"battery": "full"}, "battery"),
        ({"signal": 1.5}, "signal"),
    ],
)
def test_a_wrong_type_or_word_is_refused_and_named(changed: dict[str, Any], expected: str) -> None:
    assert expected in reasons(said(BED | changed))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"hello",
        b"null",
        b"7",
        b'"bed"',
        b"\xff\xfe",
        b"[",
        b"[[1]]",
        b"[" * 50_000,
        b'{"at":' * 50_000,
        b'{"seq":1,"kind":"bed","value":"out","battery":NaN}',
        b'{"seq":1,"kind":"bed","value":"out","battery":Infinity}',
        b'{"seq":1,"kind":"bed","value":"out","battery":1e999}',
        b'{"seq":1,"kind":"b\\ud800","value":"out"}',
        b'{"kind":"bed","value":"out","seq":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_reading_at_all_is_refused_with_a_sentence(payload: bytes) -> None:
    assert len(reasons(decode(TOPIC, payload))) > 10


def test_an_empty_list_says_nothing_and_is_no_fault() -> None:
    assert decode(TOPIC, b"[]") == Decoded()


@pytest.mark.parametrize(("field", "value"), [("battery", 83), ("battery", -0.1), ("signal", 99_999)])
def test_a_level_out_of_range_costs_only_itself_and_is_said(field: str, value: float) -> None:
    decoded = said(BED | {field: value})
    assert getattr(decoded.readings[0], field) is None
    assert f"{field} {value}" in decoded.rejected[0].reason


@pytest.mark.parametrize(
    ("payload", "life"),
    [
        (b'{"kind":"button","value":"presed","seq":1}', "button"),
        (b'{"kind":"button","value":"pressed","seq":-1}', "button"),
        (b'{"kind":"button","value":"pressed","battery":NaN}', "button"),
        (b'{"seq":1,"kind" : "fall","val', "fall"),
        (b'[{"kind":"fall","seq":[]}]', "fall"),
        (b'{"kind":"bed","value":"button"}', None),
    ],
)
def test_what_speaks_of_a_press_or_a_fall_says_so_though_unreadable(payload: bytes, life: str | None) -> None:
    decoded = decode("urgent/h1/pendant-1", payload)
    assert not decoded.readings
    assert [rejected.life for rejected in decoded.rejected] == [life]


def test_only_acceleration_may_be_large_and_nothing_a_megabyte() -> None:
    many = [BED | {"seq": n} for n in range(1000)]
    assert "too large" in reasons(said(*many))
    assert len(said(window(100, rate=100), window(100, seq=2, rate=100)).readings) == 2
    assert "too large" in reasons(decode(TOPIC, b"x" * 1_000_000))
    assert "too large" in reasons(decode(TOPIC, json.dumps([window(100)] * 30).encode()))


@pytest.mark.parametrize(
    "topic",
    ["", "homes", "homes/h1", "homes//x", "homes/h1/", "h/h1/x", "homes/h1/a/b", "urgent/h1/status", "homes/h1/esphome",
     "homes/h1/b\x00d", "homes/h\ud800/x"],
)  # fmt: skip
def test_a_topic_that_is_none_of_ours_is_refused(topic: str) -> None:
    assert "no topic of ours" in reasons(decode(topic, b"{}"))


def test_what_goes_down_to_the_home_is_not_for_us() -> None:
    assert decode("homes/h1/pendant-1/reassure", b'{"alarm": 1}') == Decoded()


@pytest.mark.parametrize(
    ("payload", "value"),
    [(b"online", "online"), (b"Offline", "offline"), (b'"online"', "online"), (b'{"state":"offline"}', "offline")],
)
def test_a_homes_status_is_its_hubs(payload: bytes, value: str) -> None:
    (reading,) = decode("homes/h1/status", payload).readings
    assert (reading.device, reading.kind, reading.value) == ("status", "hub", value)


def test_a_status_that_says_something_else_is_refused_and_a_cleared_one_is_nothing() -> None:
    assert "expected online or offline" in reasons(decode("homes/h1/status", b"perhaps"))
    assert decode("homes/h1/status", b"") == Decoded()


_TOPICS = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}/{}/{}".format,
        st.sampled_from(["homes", "urgent"]),
        st.text(max_size=8),
        st.sampled_from(["bed-1", "status", "zigbee2mqtt/x", "zigbee2mqtt/x/availability", "zigbee2mqtt/bridge/state"]),
    ),
)
_NAMES = st.sampled_from(
    [*Reading.__struct_fields__, "contact", "action", "sos", "fall_down_status", "last_seen", "linkquality", "tamper"]
)
_WORDS = st.sampled_from([*VALUES, *(word for words in VALUES.values() for word in words), "emergency", "maybe_fall"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)
_PAYLOADS = st.one_of(st.binary(max_size=200), _VALUES.map(lambda value: json.dumps(value).encode()))


@given(topic=_TOPICS, payload=_PAYLOADS)
@settings(max_examples=100, deadline=None)
def test_whatever_the_topic_and_the_bytes_decoding_never_raises(topic: str, payload: bytes) -> None:
    decoded = decode(topic, payload)
    assert all(reading.value in VALUES[reading.kind] for reading in decoded.readings)
    assert all(rejected.reason and rejected.reason.isprintable() for rejected in decoded.rejected)
