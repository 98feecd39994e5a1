"""Fitting falls: what a curve says, where its line is drawn, and that the house's models know falls they should."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.falls.curve import Scored, Share, Target, lines, points, ranking
from benchmarks.falls.fitting import Bag, Shape, fit
from benchmarks.falls.plot import plot
from benchmarks.falls.recordings import Recording, read
from monitor.impact import judge_array
from monitor.impact_features import NAMES

RECORDINGS = Path(os.environ.get("TELECARE_RECORDINGS", Path(__file__).parents[4] / "shared" / "data")) / "falls"
TARGET = Target(0.9, 0.9, 0.9)


def scored(falls: list[float], living: list[float], older: list[float]) -> list[Scored]:
    return [
        *(Scored("a", older=False, code="F01", trial="1", score=each) for each in falls),
        *(Scored("b", older=False, code="D01", trial="1", score=each) for each in living),
        *(Scored("c", older=True, code="D01", trial="1", score=each) for each in older),
    ]


def test_the_line_is_drawn_midway_between_what_finds_enough_and_what_spares_enough() -> None:
    drawn = lines(scored([2.0] * 9 + [-5.0], [-2.0] * 18 + [3.0] * 2, [-4.0] * 10), TARGET)
    assert drawn.maybe == pytest.approx(0.0)
    assert drawn.fallen == pytest.approx(3.0)


def test_where_both_cannot_be_had_finding_falls_comes_first() -> None:
    drawn = lines(scored([1.0] * 10, [2.0] * 10, [-1.0]), TARGET)
    assert drawn.maybe == 1.0


def test_a_curve_is_the_share_at_each_threshold() -> None:
    some = scored([1.0, 3.0], [0.0, 2.0], [-1.0, -1.0])
    found, spared = points(some, np.array([-2.0, 0.5, 2.5]))
    assert found.tolist() == [1.0, 1.0, 0.5]
    assert spared.tolist() == [0.0, 0.75, 1.0]
    assert ranking(some) == pytest.approx(7 / 8)
    assert "polyline" in plot("A curve", TARGET, [("usual", some, lines(some, TARGET))])


def test_an_interval_holds_the_share_and_narrows_with_more() -> None:
    few, many = Share(19, 20).interval(), Share(190, 200).interval()
    assert few[0] < many[0] < 0.95 < many[1] < few[1]
    assert Share(20, 20).interval()[1] == 1.0
    assert Share(98, 100).interval() == pytest.approx((0.930, 0.9945), abs=1e-3)


def test_a_fit_finds_which_of_several_impacts_is_the_fall() -> None:
    draw, tells = np.random.default_rng(1), NAMES.index("turn")
    bags = []
    for number in range(80):
        impacts = draw.normal(0, 1, (4, len(NAMES)))
        impacts[:, tells] = draw.normal(0, 0.3, 4)
        if number % 2:
            impacts[number % 4, tells] += 3
        bags.append(Bag(impacts, bool(number % 2)))
    model = fit(bags, Shape(pairs=False, ridge=1.0))
    right = [(model.scores(bag.impacts).max() > 0) == bag.fall for bag in bags]
    assert np.mean(right) > 0.95
    assert np.argmax(np.abs(model.weights)) == tells


def _some() -> list[Recording]:
    if not RECORDINGS.is_dir():
        pytest.skip(f"the recordings are not here: {RECORDINGS} (set TELECARE_RECORDINGS)")
    return read(RECORDINGS, every=9)


def test_known_falls_fire_and_known_daily_living_does_not() -> None:
    some = _some()
    judged = [judge_array(each.g, each.rate, each.worn).verdict != "none" for each in some]
    found = [was for each, was in zip(some, judged, strict=True) if each.fall]
    raised = [was for each, was in zip(some, judged, strict=True) if not each.fall]
    assert len(found) > 25
    assert len(raised) > 50
    assert np.mean(found) >= 0.97
    assert np.mean(raised) <= 0.03
