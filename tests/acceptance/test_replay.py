"""A capture is played through the real parts and in memory, and both find the same, to the id and the instant."""

import json
from base64 import b64encode
from pathlib import Path
from time import perf_counter

import msgspec
import pytest

from monitor.impact_window import Array
from schema.instants import parse_instant
from simulator.capture.lines import encode
from simulator.replay.run import Played, for_real, in_memory, ready
from tests.unit.monitor.windows import fall, samples, sits_down_hard, stairs
from tests.unit.simulator.front_door import telecare
from tests.unit.simulator.recordings import recording

PEOPLE = """
homes:
  - id: h1
    zone: Europe/London
    devices:
      - {id: hub, kind: hub}
      - {id: pendant-1, kind: button}
      - {id: bed-1, kind: bed, room: bedroom}
      - {id: fall-1, kind: fall, room: bathroom}
      - {id: motion-1, kind: motion, room: hall}
      - {id: front, kind: door, room: hall, exit: true, dialect: zigbee2mqtt, address: Haustür}
      - {id: pills-1, kind: pill, room: kitchen}
      - {id: belt-1, kind: acceleration, worn: waist}
  - id: h2
    zone: Europe/London
    devices: [{id: pendant-1, kind: button}]
people:
  - id: ada
    name: Ada Example
    home: h1
    care_plan:
      rules:
        - {rule: button}
        - {rule: fall, cancel_within: 30s}
        - {rule: bed_exit, id: bed-night, between: "22:00-07:00", longer_than: 30m}
        - {rule: door_open, longer_than: 15m}
        - {rule: missed_pills, between: "08:00-10:00"}
        - {rule: inactivity, between: "07:00-22:00", longer_than: 4h}
        - {rule: silence, device: hub, longer_than: 6h}
  - {id: bob, name: Bob Example, home: h2, care_plan: {rules: [{rule: button}]}}
"""

_seq = iter(range(1, 1000))


def line(at: str, topic: str, payload: object) -> bytes:
    return encode(parse_instant(at), topic, payload)


def own(at: str, device: str, kind: str, value: str, *, said: str | None = None, lane: str = "homes") -> bytes:
    """Return a line of our own dialect, whose payload says its line's time, or `said`."""
    payload = {"seq": next(_seq), "at": said or at, "kind": kind, "value": value}
    return line(at, f"{lane}/h1/{device}", payload)


def window(at: str, g: Array) -> bytes:
    """Return a line of what is worn."""
    sent = samples(g)
    said = {"rate": sent.rate, "range": sent.range, "samples": b64encode(sent.data).decode()}
    return line(at, "homes/h1/belt-1", {"seq": next(_seq), "at": at, "kind": "acceleration", **said})


@pytest.fixture
def night(tmp_path: Path) -> tuple[Path, Path]:
    """Write a night of everything: a bed left, presses, falls, what is late, what is refused, what has no time."""
    press = own("2026-11-22T02:00:00.500Z", "pendant-1", "button", "pressed", lane="urgent")
    again = json.loads(press)
    again["at"], again["topic"] = "2026-11-22T02:00:01.250Z", "homes/h1/pendant-1"
    conflicting = json.loads(own("2026-11-22T03:00:00Z", "motion-1", "motion", "detected"))
    conflicting["payload"]["seq"] = 77
    other = {**conflicting, "payload": {**conflicting["payload"], "value": "clear"}}
    undated = {"seq": 555, "kind": "motion", "value": "detected"}
    door = {"contact": False, "battery": 90, "linkquality": 100}
    lines = [
        own("2026-11-21T21:50:00Z", "bed-1", "bed", "in"),
        line("2026-11-21T22:00:00Z", "homes/h1/status", "online"),
        own("2026-11-21T23:00:00.120Z", "bed-1", "bed", "out"),
        own("2026-11-21T23:01:00Z", "motion-1", "motion", "detected"),
        own("2026-11-22T00:10:00Z", "bed-1", "bed", "in"),
        press,
        json.dumps(again).encode() + b"\n",  # the same press on the other lane
        own("2026-11-22T02:00:10Z", "pendant-1", "button", "cancelled"),
        json.dumps(conflicting).encode() + b"\n",
        json.dumps(other).encode() + b"\n",  # the same identity, other content
        own("2026-11-22T03:30:00Z", "motion-1", "motion", "detected", said="2026-11-22T01:30:00Z"),  # late
        own("2026-11-22T03:31:00Z", "pendant-1", "button", "pressed", said="2026-11-22T02:31:00Z"),  # late, and a call
        own("2026-11-22T03:32:00Z", "pendant-1", "button", "pressed"),  # another: the last is closed by then
        own("2026-11-22T04:00:00Z", "motion-1", "motion", "detected", said="1970-01-01T00:00:00Z"),
        line("2026-11-22T04:05:00Z", "homes/h1/motion-1", undated),
        line("2026-11-22T04:06:00Z", "homes/h1/motion-1", undated),  # no time, and a number that was there before
        line("2026-11-22T04:07:00Z", "homes/h1/motion-1", {**undated, "value": "clear"}),  # which says otherwise now
        line("2026-11-22T04:10:00Z", "homes/h1/bed-1", "{not json"),
        line("2026-11-22T04:11:00Z", "homes/h1/stranger", {"seq": 1, "kind": "bed", "value": "in"}),
        line("2026-11-22T04:12:00Z", "urgent/h1/stranger", {"seq": 2, "kind": "button", "value": "pressed"}),
        line("2026-11-22T04:13:00Z", "nobody/listens/here", {"seq": 2, "kind": "button", "value": "pressed"}),
        line("2026-11-22T04:14:00Z", "homes/h1/motion-1", [
            {"seq": 901, "kind": "motion", "value": "detected"}, {"seq": 902, "kind": "motion", "value": "maybe"},
        ]),
        own("2026-11-22T04:20:00Z", "fall-1", "fall", "maybe", lane="urgent"),
        own("2026-11-22T04:20:05Z", "fall-1", "fall", "fallen", lane="urgent"),
        own("2026-11-22T04:20:20Z", "fall-1", "fall", "recovered", lane="urgent"),
        window("2026-11-22T04:30:00Z", sits_down_hard()),
        window("2026-11-22T04:40:00Z", fall()),
        window("2026-11-22T04:40:05Z", stairs()),
        window("2026-11-22T04:50:00Z", fall()),
        line("2026-11-22T05:00:00Z", "homes/h1/zigbee2mqtt/Haustür", door),
        line("2026-11-22T05:00:09Z", "homes/h1/zigbee2mqtt/Haustür", {**door, "contact": True}),
        line("2026-11-22T05:20:00Z", "homes/h1/zigbee2mqtt/Haustür", door),  # word for word as before, and another
        line("2026-11-22T06:00:00Z", "homes/h1/status", "offline"),
    ]  # fmt: skip
    capture, people = tmp_path / "night.jsonl", tmp_path / "people.yaml"
    capture.write_bytes(b"".join(lines))
    people.write_text(PEOPLE)
    return capture, people


def alarms(played: Played) -> list[tuple[str, str | None, str, str | None]]:
    """Return (rule, person, raised, cleared) of each, to the minute."""
    return [
        (alarm.rule, alarm.person, alarm.raised_at[8:16], alarm.cleared_at and alarm.cleared_at[8:16])
        for alarm in played.report.alarms
    ]


async def test_the_real_parts_and_memory_find_the_same(night: tuple[Path, Path]) -> None:
    what = ready(*night)
    real, memory = await for_real(what), await in_memory(what)
    assert real.said == memory.said  # every change of every finding, to the id and the microsecond
    assert real.report == memory.report
    assert real.refused == memory.refused


async def test_a_night_is_told_as_it_was(night: tuple[Path, Path]) -> None:
    played = await in_memory(ready(*night))
    assert alarms(played)[:9] == [
        ("bed-night", "ada", "21T23:30", "22T00:11"),
        ("button", "ada", "22T02:00", "22T02:00"),
        ("button", "ada", "22T03:31", None),
        ("button", "ada", "22T03:32", None),
        ("button", None, "22T04:12", None),
        ("fall", "ada", "22T04:20", "22T04:20"),
        ("impact", "ada", "22T04:40", None),
        ("impact", "ada", "22T04:50", None),
        ("door_open", "ada", "22T05:35", None),
    ]
    assert played.report.readings == 25
    assert played.report.rejected == 7
    fall = next(alarm for alarm in played.report.alarms if alarm.rule == "fall")
    assert (fall.certainty, fall.device) == ("fallen", "fall-1")
    worn = next(alarm for alarm in played.report.alarms if alarm.rule == "impact")
    assert (worn.kind, worn.device) == ("fall", "belt-1")
    assert worn.onset.startswith("2026-11-22T04:39:54")  # the impact, six seconds before the window's end
    assert "impact of" in worn.reason
    late = played.report.alarms[2]
    assert late.onset == "2026-11-22T02:31:00.000Z"
    assert "late" in late.reason or "heard" in late.reason


def test_the_command_writes_the_report_and_says_it(tmp_path: Path, night: tuple[Path, Path]) -> None:
    capture, people = night
    report = tmp_path / "report.json"
    done = telecare("replay", capture, "--people", people, "--in-memory", "--report", report)
    assert done.exit_code == 0, done.output
    assert "bed-night: left bed 23:00" in done.stdout
    assert "25 readings stored, 7 messages refused" in done.stdout
    assert "the gateway listens to no such topic" in done.stderr
    written = msgspec.json.decode(report.read_bytes())
    assert (written["readings"], written["rejected"]) == (25, 7)
    assert {"person": "ada", "rule": "bed-night", "kind": "bed"}.items() <= written["alarms"][0].items()


def test_bad_input_is_refused_before_anything_starts(tmp_path: Path, night: tuple[Path, Path]) -> None:
    capture, people = night
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(capture.read_bytes() + b"{}\n")
    for args, said in [
        (("replay", bad, "--people", people), "bad.jsonl, line 34: "),
        (("replay", tmp_path / "none", "--people", people), "cannot be read"),
        (("replay", capture, "--people", tmp_path / "none"), "cannot be read"),
        (("replay", capture, "--people", people, "--speed", "fast"), "expected max, or a number"),
        (("replay", capture, "--people", people, "--speed", "0"), "expected max, or a number"),
        (("replay", capture, "--people", people, "--speed", "2", "--in-memory"), "leave --speed out"),
        (("replay", capture, "--people", people, "--report", tmp_path / "no" / "r.json"), "there is no folder"),
    ]:
        done = telecare(*args)
        assert done.exit_code == 2, (args, done.output)
        assert said in " ".join(done.stderr.split()), done.stderr
        assert done.stdout == ""


def test_a_month_is_captured_and_replayed_in_seconds(tmp_path: Path) -> None:
    spans = recording("homes/kasteren/houseB-ss.txt")
    capture, people, report = tmp_path / "b.jsonl", tmp_path / "b.yaml", tmp_path / "b.json"
    made = telecare("capture", "kasteren", spans, "--home", "b", "--out", capture, "--people", people)
    assert made.exit_code == 0, made.output
    began = perf_counter()
    done = telecare("replay", capture, "--people", people, "--in-memory", "--report", report)
    assert done.exit_code == 0, done.output
    assert perf_counter() - began < 60
    written = msgspec.json.decode(report.read_bytes())
    assert (written["readings"], written["rejected"]) == (38108, 0)
    assert "bed_exit" in {alarm["rule"] for alarm in written["alarms"]}


async def test_days_of_house_b_through_the_real_parts_are_as_in_memory(tmp_path: Path) -> None:
    spans = recording("homes/kasteren/houseB-ss.txt")
    capture, people = tmp_path / "b.jsonl", tmp_path / "b.yaml"
    assert telecare("capture", "kasteren", spans, "--home", "b", "--out", capture, "--people", people).exit_code == 0
    whole = ready(capture, people)
    what = whole._replace(lines=whole.lines[2800:3400])  # some nights of a week, with beds left
    real, memory = await for_real(what), await in_memory(what)
    assert real.report.readings == 600
    assert real.said == memory.said
    assert real.report == memory.report
