"""Judging a window of acceleration: falls are falls whatever recorded them, daily living is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.impact import Judgement, judge, judge_array
from monitor.impact_features import NAMES, impacts
from monitor.impact_model import DEVICE_TYPES, model_for, thresholds_for
from monitor.impact_window import RATE, Array, Window, from_array
from schema.readings import Samples
from tests.unit.monitor.windows import IMPACT_AT, SECONDS, fall, lies_down, samples, sits_down_hard, stairs, window

PLACES = ["waist", "wrist", "hip", "chest", "pocket", None]


@pytest.mark.parametrize("worn", PLACES)
def test_a_fall_is_one_wherever_it_is_worn_and_says_why(worn: str | None) -> None:
    judged = judge(samples(fall()), worn)
    assert judged.verdict in {"fallen", "maybe"}
    assert judged.ago == pytest.approx(SECONDS - IMPACT_AT - 0.08, abs=0.2)
    assert "impact of" in judged.reason
    assert "turned by" in judged.reason
    assert "still" in judged.reason


@pytest.mark.parametrize("done", [stairs, sits_down_hard, lies_down])
@pytest.mark.parametrize("worn", ["waist", "hip"])
def test_daily_living_is_no_fall(done: object, worn: str) -> None:
    judged = judge(samples(done()), worn)  # type: ignore[operator]
    assert judged.verdict == "none"
    assert judged.reason


def _at_rate(g: Array, rate: float) -> Array:
    want, have = np.arange(0, SECONDS - 0.02, 1 / rate), np.arange(len(g)) / RATE
    return np.stack([np.interp(want, have, g[:, axis]) for axis in range(3)], axis=1)


@pytest.mark.parametrize("rate", [20, 31.25, 50, 87.3, 100, 200])
def test_the_rate_makes_no_difference(rate: float) -> None:
    found, plain = judge_array(_at_rate(fall(), rate), rate, "waist"), judge_array(fall(), RATE, "waist")
    assert found.verdict != "none"
    assert found.ago == pytest.approx(plain.ago, abs=0.1)
    assert found.score == pytest.approx(plain.score, abs=1.5)
    assert judge_array(_at_rate(sits_down_hard(), rate), rate, "waist").verdict == "none"


@pytest.mark.parametrize("axes", [[0, 1, 2], [2, 0, 1], [1, 0, 2]])
@pytest.mark.parametrize("signs", [[1, 1, 1], [-1, 1, -1]])
def test_however_the_device_is_turned_the_judgement_is_the_same(axes: list[int], signs: list[int]) -> None:
    for g in (fall(), sits_down_hard()):
        plain, turned = judge_array(g, RATE, "waist"), judge_array(g[:, axes] * signs, RATE, "waist")
        assert turned.score == pytest.approx(plain.score)
        assert turned.reason == plain.reason


@pytest.mark.parametrize(("unit", "named"), [(9.80665, "9.8 g at rest"), (1000.0, "g at rest"), (1.05, ""), (0.94, "")])
def test_another_unit_or_a_scale_that_is_off_is_put_right(unit: float, named: str) -> None:
    judged = judge_array(fall() * unit, RATE, "waist")
    assert judged.verdict == judge_array(fall(), RATE, "waist").verdict
    assert named in judged.reason


def test_what_the_range_cuts_off_is_said_and_does_not_hide_the_fall() -> None:
    judged = judge(samples(np.clip(fall(), -2, 2), span=2.0), "waist")
    assert judged.verdict != "none"
    assert "can measure no more" in judged.reason


def test_a_window_that_ends_in_the_impact_is_perhaps_a_fall() -> None:
    cut = fall()[: round((IMPACT_AT + 0.4) * RATE)]
    judged = judge_array(cut, RATE, "waist")
    assert judged.verdict == "maybe"
    assert "not there to judge" in judged.reason


def test_a_window_that_ends_in_a_runners_step_is_no_fall() -> None:
    steps = [(0.3 + 0.4 * step, 0.16, 3.2) for step in range(29)]
    runs = window([(0, 5), (12, 5)], steps, [(0, 12, 0.4)])
    for ends in (11.2, 11.4, 11.6):
        assert judge_array(runs[: round(ends * RATE)], RATE, "waist").verdict == "none"


def test_a_window_that_ends_soon_after_is_at_most_perhaps() -> None:
    judged = judge_array(fall()[: round((IMPACT_AT + 2) * RATE)], RATE, "waist")
    assert judged.verdict == "maybe"
    assert "s after it were recorded" in judged.reason


@pytest.mark.parametrize("before", [0.5, 1, 3])
def test_the_impact_may_stand_anywhere(before: float) -> None:
    assert judge_array(fall()[round((IMPACT_AT - before) * RATE) :], RATE, "waist").verdict != "none"


def test_a_fall_in_two_minutes_of_walking_is_found() -> None:
    walk = window([(0, 4), (12, 4)], [], [(0, 12, 0.25)])
    judged = judge_array(np.concatenate([walk] * 8 + [fall()]), RATE, "waist")
    assert judged.verdict != "none"
    assert judged.ago == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize(
    ("values", "rate", "why"),
    [
        (np.zeros((0, 3)), 50.0, "too short"),
        (np.ones((20, 3)), 50.0, "too short"),
        (np.ones((600, 3)), 50.0, "every sample is the same"),
        (np.full((600, 3), np.nan), 50.0, "too short"),
        (np.ones((600, 2)), 50.0, "no x, y, z triples"),
        ("nonsense", 50.0, "no numbers"),
        (np.ones((600, 3)), 2.0, "too few"),
        (np.ones((600, 3)), float("nan"), "too few"),
    ],
)
def test_what_cannot_be_judged_says_so_and_raises_nothing(values: object, rate: float, why: str) -> None:
    judged = judge_array(values, rate, "waist")
    assert judged.verdict == "none"
    assert "cannot be judged" in judged.reason
    assert why in judged.reason


def test_without_gravity_posture_cannot_be_told_and_a_hard_impact_is_perhaps_a_fall() -> None:
    g = np.random.default_rng(3).normal(0, 0.01, (600, 3))
    assert judge_array(g, RATE, "waist").verdict == "none"
    g[300:306, 0] = 5.0
    judged = judge_array(g, RATE, "waist")
    assert judged.verdict == "maybe"
    assert "no gravity" in judged.reason


def _judgement_holds(judged: Judgement) -> None:
    assert judged.verdict in {"fallen", "maybe", "none"}
    assert judged.reason
    assert judged.ago >= 0
    assert judged.score is None or np.isfinite(judged.score)


@settings(max_examples=60, deadline=None)
@given(
    values=arrays(
        np.float64,
        st.tuples(st.integers(0, 400), st.integers(1, 4)),
        elements=st.floats(width=64, allow_nan=True, allow_infinity=True),
    ),
    rate=st.one_of(st.floats(5, 200), st.floats()),
    worn=st.sampled_from(PLACES),
    span=st.none() | st.floats(),
)
def test_any_array_gets_a_judgement(values: Array, rate: float, worn: str | None, span: float | None) -> None:
    _judgement_holds(judge_array(values, rate, worn, span))


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=3000),
    repeated=st.integers(1, 8),
    rate=st.floats(min_value=1e-3, max_value=1e6),
    span=st.floats(min_value=1e-9, max_value=1e300),
)
def test_any_bytes_get_a_judgement(data: bytes, repeated: int, rate: float, span: float) -> None:
    _judgement_holds(judge(Samples(rate, span, data * repeated), "waist"))


def test_the_coefficients_are_whole() -> None:
    for worn in PLACES:
        model = model_for(worn)
        assert len(model.weights) in {len(NAMES), len(NAMES) + len(NAMES) * (len(NAMES) + 1) // 2}
        for each in DEVICE_TYPES:
            assert model.thresholds[each].maybe <= model.thresholds[each].fallen


def test_a_slow_and_narrow_device_has_the_lower_of_both_lines() -> None:
    model = model_for("waist")
    assert thresholds_for(model, 25, 2).maybe == min(model.thresholds[each].maybe for each in ("slow", "narrow"))
    assert thresholds_for(model, 100, 16) == model.thresholds["usual"]
    assert thresholds_for(model, 25, 8) == model.thresholds["slow"]
    assert thresholds_for(model, 50, 2) == model.thresholds["narrow"]


def test_what_tells_a_fall_is_as_it_was_made() -> None:
    read = from_array(fall(), RATE)
    assert isinstance(read, Window)
    found, cut = impacts(read.g)
    hardest = max(found, key=lambda each: each.peak)
    seen = dict(zip(NAMES, hardest.features, strict=True))
    assert cut is None
    assert hardest.at / RATE == pytest.approx(IMPACT_AT + 0.08, abs=0.06)
    assert seen["turn"] * 90 == pytest.approx(80, abs=8)
    assert np.exp(seen["stir_after"]) < 0.06
    assert seen["low"] < 0.6
