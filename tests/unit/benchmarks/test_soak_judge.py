"""The soak's judge: a leak is found under a process's usual noise, and no noise is taken for a leak."""

from collections.abc import Callable
from math import sin
from random import Random

import pytest

from benchmarks.soak.judge import ALLOWANCE, Verdict, slope, verdict

HOUR = 3600.0
EVERY = 5.0


def process(
    leak: float, minutes: float, *, seed: int = 1, noise: Callable[[Random, float], float] | None = None
) -> Verdict:
    """Judge a process of 60 MB that leaks so many MB an hour, with a collector's saw-teeth and an odd burst."""
    random = Random(seed)  # noqa: S311 - noise, not a secret
    seconds = [n * EVERY for n in range(int(minutes * 60 / EVERY))]
    usual = noise or _usual
    return verdict(seconds, [60 + leak * at / HOUR + usual(random, at) for at in seconds])


def _usual(random: Random, at: float) -> float:
    burst = 15.0 if random.random() < 0.02 else 0.0
    return 3 * (at % 130) / 130 + random.gauss(0, 0.3) + burst


@pytest.mark.parametrize("seed", range(20))
def test_a_leak_of_twice_the_allowance_is_found_within_the_hour(seed: int) -> None:
    assert process(2 * ALLOWANCE, 50, seed=seed).grows


@pytest.mark.parametrize("seed", range(20))
def test_saw_teeth_bursts_and_noise_are_no_leak(seed: int) -> None:
    assert not process(0, 50, seed=seed).grows


@pytest.mark.parametrize("leak", [0, ALLOWANCE / 2])
def test_what_stays_within_the_allowance_passes(leak: float) -> None:
    assert not process(leak, 50).grows


def test_a_leak_of_300_mb_an_hour_is_found_in_two_minutes() -> None:
    assert process(300, 1.7, noise=lambda random, _: random.gauss(0, 0.3)).grows


def test_one_step_up_and_flat_again_is_no_leak() -> None:
    """A cache that fills, a table that is first read: it is there once."""
    assert not process(0, 50, noise=lambda random, at: 8 * (at > 1500) + random.gauss(0, 0.2)).grows


def test_a_slow_swing_is_no_leak() -> None:
    assert not process(0, 50, noise=lambda random, at: 6 * sin(at / 250) + random.gauss(0, 0.3)).grows


def test_arenas_taken_in_a_short_run_are_within_the_noise() -> None:
    """A megabyte in two minutes is thirty an hour, and says nothing."""
    assert not process(30, 2, noise=lambda random, _: random.gauss(0, 0.05)).grows


def test_the_slope_is_that_of_the_line_and_its_interval_holds_it() -> None:
    random = Random(7)  # noqa: S311 - noise, not a secret
    seconds = [n * EVERY for n in range(600)]
    found = slope(seconds, [10 + 5 * at / HOUR + random.gauss(0, 0.5) for at in seconds])
    assert found.low < 5 < found.high
    assert found.high - found.low < 1
    assert found.value == pytest.approx(5, abs=0.4)
