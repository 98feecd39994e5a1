"""`python -m benchmarks.detection`: who counts as at home, what is planted, and a status that says what was missed."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from benchmarks.detection import __main__ as detection
from benchmarks.detection import alarms, judgement, left_out, lived, planted, recorded
from benchmarks.detection.spans import holds, joined, length, moment_in, without
from monitor import baseline
from schema.instants import HOUR, MINUTE, SECOND, Instant, parse_instant
from schema.plans import CarePlan

NAMES = "5\tHall door\n8\tFridge\n12\tFront door\n24\tBedroom bed mat"


def _at(day: int, clock: str) -> str:
    return f"{day:02}-Mar-2008 {clock}:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write down who is up at eight, out from ten to six on odd days, and asleep from eleven; twelve days of it."""
    spans, labels = [], []
    for day in range(1, 13):
        spans += [(day, clock, 5) for clock in ("08:10", "09:00", "19:00", "20:30", "21:40", "22:50")]
        spans += (
            [(day, "09:55", 12), (day, "18:00", 12), (day, "18:05", 5), (day, "18:07", 8)]
            if day % 2
            else [(day, f"{hour}:20", 5) for hour in range(10, 19)]
        )
        labels += [(_at(day, "10:00"), _at(day, "18:00"), 1)] if day % 2 else []
        labels += [(_at(day, "23:00"), _at(day + 1, "08:00"), 10)]
    kasteren = tmp_path / "kasteren"
    kasteren.mkdir()
    told = (f"{_at(day, clock)}\t{_at(day, clock)[:-2]}05\t{sensor}" for day, clock, sensor in sorted(spans))
    (kasteren / "houseA-ss.txt").write_text("\n".join(told))
    (kasteren / "houseA-as.txt").write_text("\n".join("\t".join(map(str, each)) for each in labels))
    (kasteren / "houseA.sensor_names").write_text(NAMES)
    (kasteren / "houseA.activity_names").write_text("1\tleave-house\n10\tgo-to-bed")
    return tmp_path


@pytest.fixture
def home(folder: Path) -> recorded.Home:
    return recorded.home("kasteren-a", folder)


def plan(*rules: dict[str, str]) -> CarePlan:
    return msgspec.convert({"rules": list(rules)}, CarePlan)


def _lived(home: recorded.Home, made: CarePlan, *moments: Instant) -> lived.Life:
    return asyncio.run(lived.live(home, made, moments, lambda: None))


def test_spans() -> None:
    assert joined([(5, 6), (0, 3), (2, 4)]) == [(0, 4), (5, 6)]
    assert joined([(0, 3), (4, 6)], gap=1) == [(0, 6)]
    assert without([(0, 10)], [(2, 3), (8, 12)]) == [(0, 2), (3, 8)]
    assert [holds([(0, 2), (5, 6)], at) for at in (-1, 0, 2, 5, 6)] == [False, True, False, True, False]
    assert (length([(0, 2), (5, 6)]), moment_in([(0, 2), (5, 6)], 0.9)) == (3, 5)


def test_who_is_at_home_and_awake_is_what_the_labels_say(home: recorded.Home) -> None:
    def awake(text: str) -> bool:
        return holds(home.labels.awake, parse_instant(text))

    assert awake("2008-03-03T08:30:00+01:00")
    assert not awake("2008-03-03T12:00:00+01:00")  # away
    assert not awake("2008-03-03T23:30:00+01:00")  # asleep
    assert not awake("2008-03-01T08:30:00+01:00")  # nothing was written yet


def test_planted_moments_are_those_of_the_seed_and_qualify(home: recorded.Home) -> None:
    once = planted.planted([home], "silent", 40, seed=3)
    assert once == planted.planted([home], "silent", 40, seed=3)
    assert once != planted.planted([home], "silent", 40, seed=4)
    assert all(holds(home.labels.awake, each.at) for each in once)


def test_who_falls_silent_is_found_when_the_rule_says_and_not_before(home: recorded.Home) -> None:
    at = parse_instant("2008-03-04T14:30:00+01:00")
    life = _lived(home, plan({"rule": "inactivity", "longer_than": "4h"}), at)
    outcome = planted.play(life, planted.Planted("silent", home.name, at))
    assert outcome.found_after is not None
    due = 4 * HOUR - 10 * MINUTE + 5 * SECOND  # last seen at 14:20:05, and then the hub's next word is waited for
    assert due <= outcome.found_after <= due + recorded.HUB_BEATS + MINUTE
    assert (outcome.rule, outcome.by_day, outcome.soft) == ("inactivity", True, False)


def test_a_fork_leaves_the_life_it_was_taken_from_as_it_was(home: recorded.Home) -> None:
    at = parse_instant("2008-03-04T14:30:00+01:00")
    quiet = plan({"rule": "inactivity", "longer_than": "4h"})
    life = _lived(home, quiet, at)
    first = planted.play(life, planted.Planted("silent", home.name, at))
    assert planted.play(life, planted.Planted("silent", home.name, at)) == first
    assert list(_lived(home, quiet).said) == list(life.said)


def test_a_dead_hub_is_the_equipments_silence_and_nobodys(home: recorded.Home) -> None:
    at = parse_instant("2008-03-04T14:30:00+01:00")
    rules = {"rule": "inactivity", "longer_than": "4h"}, {"rule": "silence", "device": "hub", "longer_than": "30m"}
    life = _lived(home, plan(*rules), at)
    outcome = planted.play(life, planted.Planted("hub", home.name, at))
    assert outcome.found_after is None
    assert outcome.technical_after is not None
    assert 20 * MINUTE <= outcome.technical_after <= 30 * MINUTE


def test_alarms_count_as_about_a_person_at_home_unless_the_labels_say_away(home: recorded.Home) -> None:
    life = _lived(home, plan({"rule": "wandering", "between": "09:00-12:00", "longer_than": "30m"}))
    told = alarms.judged(home, list(life.said))
    assert len(told.while_away) == 6
    assert told.at_home == []
    assert told.naive == 6 + 11  # each day out, and each night but the last
    assert 11.5 / 7 < told.weeks < 12 / 7


def test_a_missed_target_is_said_with_status_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "homes").symlink_to(folder)
    file = folder / "plan.yaml"
    file.write_text("rules:\n  - {rule: inactivity, longer_than: 2h}\n")
    words = ["--recordings", str(folder), "--home", "kasteren-a", "--moments", "4", "--plan", str(file)]
    assert detection.main(words) == 1
    said = capsys.readouterr().out
    assert "inactivity, longer_than: 2h" in said
    assert "MISSED" in said
    assert "--seed 1 --moments 4" in said


def test_recordings_that_are_not_there_are_said_with_status_2(tmp_path: Path) -> None:
    assert detection.main(["--recordings", str(tmp_path)]) == 2


def test_never_found_is_later_than_any_target() -> None:
    nobody = planted.Outcome(planted.Planted("silent", "a", 0), 12, None, "", soft=False, technical_after=None)
    assert judgement.after([nobody]) == [float("inf")]


def test_limits_chosen_without_a_home_hold_for_as_long_as_it_is_judged() -> None:
    before = dict(baseline.LIMITS)
    with left_out.limits({"up": 130 * MINUTE}):
        assert baseline.limit(baseline.NOTHING_YET, baseline.UP, 0) == 130 * MINUTE
        assert baseline.LIMITS[baseline.BACK] == before[baseline.BACK]
    assert before == baseline.LIMITS
