"""A capture is read whole and judged before anything is played."""

from pathlib import Path

import pytest

from schema.instants import parse_instant
from simulator.capture.lines import CaptureError, encode, read, topic_fault

NIGHT = parse_instant("2026-11-22T02:14:03.120Z")
GOOD = '{"at": "2026-11-22T02:14:03.120Z", "topic": "homes/h1/bed-1", "payload": {"kind": "bed"}}'


def test_a_payload_keeps_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "capture.jsonl"
    file.write_text(
        '{"at": "2026-11-22T02:14:03.120Z", "topic": "homes/h1/status", "payload": "online"}\n'
        '{"at": "2026-11-22T03:14:04+01:00", "topic": "homes/h1/bed-1", "payload": {"seq":  1e400, "a": [1,2]}}\n'
        '\n{"at": "2026-11-22T02:14:05Z", "topic": "homes/h1/zigbee2mqtt/T\\u00fcr", "payload": "\\u00e4{"}\n'
    )
    online, strange, umlaut = read(file)
    assert (online.payload, strange.payload) == (b"online", b'{"seq":  1e400, "a": [1,2]}')
    assert (umlaut.topic, umlaut.payload) == ("homes/h1/zigbee2mqtt/Tür", "ä{".encode())
    assert strange.at - online.at == 880_000


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "capture.jsonl"
    file.write_bytes(encode(NIGHT + 1000, "homes/h1/a", {"value": "in"}) + encode(NIGHT, "homes/h1/b", "text"))
    assert [(line.at, line.payload) for line in read(file)] == [
        (NIGHT, b"text"),
        (NIGHT + 1000, b'{"value":"in"}'),
    ]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"at": "2026-11-22T02:14:03.120Z", "topic": "homes/h1/bed-1"}', "payload"),
        (GOOD.replace("2026-11-22T02:14:03.120Z", "yesterday"), "yesterday"),
        (GOOD.replace(".120Z", ""), "names no time zone"),
        (GOOD.replace("homes/h1", "homes/+"), "wildcard"),
        (GOOD.replace("bed-1", "bed 1"), "holds a space"),
        (GOOD.replace("homes/h1/bed-1", ""), "is empty"),
        (GOOD.replace("2026", "1999"), "expected 2000 to 2099"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, bad: str, said: str) -> None:
    file = tmp_path / "capture.jsonl"
    file.write_text(f"{GOOD}\n{bad}\n")
    with pytest.raises(CaptureError, match=rf"capture\.jsonl, line 2: .*{said}"):
        read(file)


def test_no_capture_is_no_capture(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be read"):
        read(tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(CaptureError, match="holds no line"):
        read(tmp_path / "empty.jsonl")


def test_an_ordinary_topic_has_no_fault() -> None:
    assert topic_fault("homes/h1/zigbee2mqtt/Küche_Tür/availability") is None
