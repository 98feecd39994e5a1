"""A recording becomes a capture: every switch of every sensor, at its true instant, in our words."""

import json
from collections import Counter
from pathlib import Path

import pytest

from schema.instants import iso
from schema.people_file import parse
from simulator.capture import lines
from simulator.capture.lines import CaptureError
from simulator.capture.make import Captured, capture, labels_among, written
from simulator.capture.people import people_file
from simulator.capture.sensors import devices
from tests.unit.simulator.recordings import kasteren, mit, recording


def told(captured: list[Captured]) -> list[tuple[str, str, str]]:
    """Return (at, device, value) of every line of the capture."""
    told = [json.loads(line) for line in written(captured).splitlines()]
    return [(line["at"], line["topic"].rpartition("/")[2], line["payload"]["value"]) for line in told]


def test_a_span_is_the_sensor_going_on_and_going_off_at_the_true_instant(tmp_path: Path) -> None:
    summer = "21-Jul-2009 13:30:12\t21-Jul-2009 13:31:00\t7"
    winter = "21-Dec-2009 13:30:12\t21-Dec-2009 13:31:00\t12"
    assert told(capture("kasteren", [kasteren(tmp_path, summer, winter)])) == [
        ("2009-07-21T11:30:12.000Z", "door-1", "open"),
        ("2009-07-21T11:31:00.000Z", "door-1", "closed"),
        ("2009-12-21T12:30:12.000Z", "bed-1", "in"),
        ("2009-12-21T12:31:00.000Z", "bed-1", "out"),
    ]


def test_a_line_is_what_the_device_itself_would_have_sent(tmp_path: Path) -> None:
    span = "21-Jul-2009 13:30:12\t21-Jul-2009 13:31:00\t28"
    first, second = written(capture("kasteren", [kasteren(tmp_path, span)], "h1")).splitlines()
    assert json.loads(first) == {
        "at": "2009-07-21T11:30:12.000Z",
        "topic": "homes/h1/motion-1",
        "payload": {"seq": 1, "at": "2009-07-21T11:30:12.000Z", "kind": "motion", "value": "detected"},
    }
    assert json.loads(second)["payload"]["seq"] == 2


def test_spans_that_overlap_are_one_and_spans_that_touch_are_two(tmp_path: Path) -> None:
    file = kasteren(
        tmp_path,
        "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\t12",
        "21-Jul-2009 13:00:05\t21-Jul-2009 13:00:20\t12",
        "21-Jul-2009 13:00:07\t21-Jul-2009 13:00:08\t12",
        "21-Jul-2009 13:00:20\t21-Jul-2009 13:00:30\t12",
    )
    assert [(at[17:19], value) for at, _, value in told(capture("kasteren", [file]))] == [
        ("00", "in"),
        ("20", "out"),
        ("20", "in"),
        ("30", "out"),
    ]


def test_a_span_without_length_is_on_and_then_off(tmp_path: Path) -> None:
    blip = "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:00\t28"
    assert [value for *_, value in told(capture("kasteren", [kasteren(tmp_path, blip)]))] == ["detected", "clear"]


def test_two_mats_are_two_devices_whatever_they_say_together(tmp_path: Path) -> None:
    names = "12\tpress bed rechts\n13\tpress bed links"
    spans = [f"21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\t{sensor}" for sensor in (12, 13)]
    (home,) = capture("kasteren", [kasteren(tmp_path, *spans, names=names)])
    assert [(device.id, device.kind) for device in home.devices] == [("bed-1", "bed"), ("bed-2", "bed")]
    assert Counter(device for _, device, _ in told([home])) == {"bed-1": 2, "bed-2": 2}


def test_an_hour_that_passes_twice_is_told_in_the_order_of_the_recording(tmp_path: Path) -> None:
    file = kasteren(
        tmp_path,
        "25-Oct-2009 02:50:00\t25-Oct-2009 02:10:00\t12",  # left after the clock was put back: 20 minutes later
        "25-Oct-2009 02:20:00\t25-Oct-2009 02:30:00\t28",
        "25-Oct-2009 03:10:00\t25-Oct-2009 03:11:00\t28",
    )
    assert [at for at, *_ in told(capture("kasteren", [file]))] == [
        "2009-10-25T00:50:00.000Z",
        "2009-10-25T01:10:00.000Z",
        "2009-10-25T01:20:00.000Z",
        "2009-10-25T01:30:00.000Z",
        "2009-10-25T02:10:00.000Z",
        "2009-10-25T02:11:00.000Z",
    ]


def test_a_time_that_the_clock_jumped_over_falls_after_the_jump(tmp_path: Path) -> None:
    file = kasteren(tmp_path, "29-Mar-2009 01:59:00\t29-Mar-2009 02:30:00\t12")
    assert [at for at, *_ in told(capture("kasteren", [file]))] == [
        "2009-03-29T00:59:00.000Z",
        "2009-03-29T01:30:00.000Z",
    ]


def test_mit_counts_the_seconds_of_a_clock_in_boston_and_the_length_in_real_ones(tmp_path: Path) -> None:
    winter = 1048747420  # 27 March 2003, 06:43:40 on the wall
    over_the_change = 1049594400  # 6 April 2003, 02:00:00 on a wall where 02:00 was 03:00
    file = mit(tmp_path, f"{winter}\t3\t140", f"{over_the_change - 1800}\t3600\t100")
    assert told(capture("mit", [file])) == [
        ("2003-03-27T11:43:40.000Z", "door-1", "open"),
        ("2003-03-27T11:43:43.000Z", "door-1", "closed"),
        ("2003-04-06T06:30:00.000Z", "bathroom-toilet-flush", "open"),
        ("2003-04-06T07:30:00.000Z", "bathroom-toilet-flush", "closed"),
    ]


def test_what_a_sensor_is_follows_from_what_it_is_called() -> None:
    names = {
        1: "Front door", 2: "frontdoor", 3: "drawer with keys for backdoor", 4: "Bedroom door", 5: "PIR slaapkamer",
        6: "pressure mat couch", 7: "pressure mat bed left", 8: "Foyer,Door", 9: "Foyer,Light switch",
        10: "Kitchen,Door A", 11: "Bathroom,Cabinet A", 12: "press server", 13: "Office/study,Drawer",
        14: "Fridge", 15: "fridge",
    }  # fmt: skip
    found = {sensor: (device.id, device.kind, device.exit) for sensor, device in devices(names, [*names, 99]).items()}
    assert found == {
        1: ("door-1", "door", True),
        2: ("door-2", "door", True),
        3: ("drawer-with-keys-for-backdoor", "door", False),
        4: ("bedroom-door", "door", False),
        5: ("motion-1", "motion", False),
        6: ("chair-1", "chair", False),
        7: ("bed-1", "bed", False),
        8: ("door-3", "door", True),
        9: ("foyer-light-switch", "door", False),
        10: ("kitchen-door-a", "door", False),
        11: ("bathroom-cabinet-a", "door", False),
        12: ("motion-2", "motion", False),
        13: ("office-study-drawer", "door", False),
        14: ("fridge", "door", False),
        15: ("fridge-2", "door", False),
        99: ("sensor-99", "door", False),
    }


@pytest.mark.parametrize(
    "bad",
    [
        "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10",
        "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\ttwelve",
        "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\t12\t1",
        "21-Juli-2009 13:00:00\t21-Jul-2009 13:00:10\t12",
        "31-Jun-2009 13:00:00\t21-Jul-2009 13:00:10\t12",
        "2009-07-21 13:00:00\t21-Jul-2009 13:00:10\t12",
        "21-Jul-2009 13:00:00\t21-Jul-2009 12:59:59\t12",
    ],
)
def test_a_bad_line_of_kasteren_is_named_by_file_and_line(tmp_path: Path, bad: str) -> None:
    file = kasteren(tmp_path, "21-Jul-2009 12:00:00\t21-Jul-2009 12:00:10\t12", bad)
    with pytest.raises(CaptureError, match=r"houseZ-ss\.txt, line 2: .*21-Jul"):
        capture("kasteren", [file])


@pytest.mark.parametrize("bad", ["1048747420\t3", "1048747420\t-3\t140", "soon\t3\t140", "99999999999999\t3\t140"])
def test_a_bad_line_of_mit_is_named_by_file_and_line(tmp_path: Path, bad: str) -> None:
    with pytest.raises(CaptureError, match=r"houseZ\.sensors, line 2: .*expected seconds"):
        capture("mit", [mit(tmp_path, "1048747420\t3\t140", bad)])


def test_what_cannot_be_a_recording_is_said_in_a_line(tmp_path: Path) -> None:
    span = kasteren(tmp_path, "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\t12")
    labels = tmp_path / "houseZ-as.txt"
    (tmp_path / "houseY-ss.txt").write_text("")
    (tmp_path / "houseW-ss.txt").write_text("")
    for form, files, home, said in [
        ("casas", [span], None, "'casas' is no format of recordings; expected one of kasteren, mit"),
        ("kasteren", [tmp_path / "houseX-ss.txt"], None, "houseX-ss.txt: cannot be read"),
        ("kasteren", [tmp_path / "houseW-ss.txt"], None, "houseW.sensor_names: is missing"),
        ("kasteren", [labels], None, "no recording is among the files"),
        ("kasteren", [span, span], None, "both of the home 'kasteren-z'"),
        ("kasteren", [span, span], "h1", "--home names one home"),
        ("kasteren", [span], "my home", "--home 'my home' holds a space"),
        ("kasteren", [tmp_path / "houseY-ss.txt", tmp_path / "houseZ.sensor_names"], None, "holds no span"),
    ]:
        with pytest.raises(CaptureError, match=said):
            capture(form, files, home)
    assert labels_among([span, labels]) == [labels]


def test_several_recordings_make_one_capture_in_order_of_time(tmp_path: Path) -> None:
    other = tmp_path / "y"
    other.mkdir()
    late = kasteren(tmp_path, "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\t12")
    early = kasteren(other, "21-Jul-2009 12:00:00\t21-Jul-2009 13:00:05\t12").rename(other / "houseY-ss.txt")
    (other / "houseZ.sensor_names").rename(other / "houseY.sensor_names")
    at = [at for at, *_ in told(capture("kasteren", [late, early]))]
    assert at == sorted(at)


def test_the_people_file_has_the_rules_that_its_devices_can_keep(tmp_path: Path) -> None:
    with_bed = people_file(capture("kasteren", [kasteren(tmp_path, "21-Jul-2009 13:00:00\t21-Jul-2009 13:00:10\t12")]))
    assert "bed_exit" in with_bed
    assert "absence" not in with_bed
    with_exit = people_file(capture("mit", [mit(tmp_path, "1048747420\t3\t140")], "no"))
    assert "bed_exit" not in with_exit
    assert "absence" in with_exit
    for text in (with_bed, with_exit):
        assert parse(text, "people.yaml").people[0].care_plan is not None
    assert 'id: "no"' in with_exit  # quoted: YAML would make a refusal of it


def test_a_month_of_house_b_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "b.jsonl"
    (home,) = capture("kasteren", [recording("homes/kasteren/houseB-ss.txt")])
    file.write_bytes(written([home]))
    played = lines.read(file)
    assert len(played) == 2 * 19075 - 2 * 21  # a switch on and off a span, but for 21 that overlap another
    assert iso(played[0].at) == "2009-07-21T11:30:12.000Z"
    kinds = Counter(device.kind for device in home.devices)
    assert (kinds["bed"], kinds["motion"], sum(device.exit for device in home.devices)) == (2, 3, 1)


def test_house_a_and_house_d_are_read_whole() -> None:
    (a,) = capture("kasteren", [recording("homes/kasteren/houseA-ss.txt")])
    (d,) = capture("mit", [recording("homes/mit/houseD.sensors")])
    assert (a.home, a.zone, len(a.devices)) == ("kasteren-a", "Europe/Amsterdam", 14)
    assert (d.home, d.zone, [device.id for device in d.devices if device.exit]) == (
        "mit-d",
        "America/New_York",
        ["door-1"],
    )
