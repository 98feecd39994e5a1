"""Fits a model: logistic regression with a ridge, by Newton's method, on bags of impacts. Plain numpy, no chance in it.

A recording is a bag: of daily living every impact is no fall; of a fall one impact is the fall and nobody marked which.
So it begins with the hardest, and takes in each round the one that the model so far finds most like a fall.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from monitor.impact_features import NAMES
from monitor.impact_model import DeviceType, Model, Thresholds, expanded
from monitor.impact_window import Array

ROUNDS = 4
NEWTON_STEPS = 40
_PEAK, _PUSH = NAMES.index("peak"), NAMES.index("push")


class Bag(NamedTuple):
    """The impacts of one recording, a row of features each; none where it has no impact."""

    impacts: Array
    fall: bool


class Shape(NamedTuple):
    """What kind of model: with products of features or without, and how strong a ridge."""

    pairs: bool
    ridge: float


def fit(bags: Sequence[Bag], shape: Shape) -> Model:
    """Fit a model; its thresholds are not known yet."""
    full = [bag for bag in bags if len(bag.impacts)]
    rows = np.concatenate([bag.impacts for bag in full])
    means, spreads = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    terms = [expanded(bag.impacts, means, spreads, pairs=shape.pairs) for bag in full]
    chosen = [int(np.argmax(bag.impacts[:, _PEAK] + 1e-3 * bag.impacts[:, _PUSH])) for bag in full]
    weights = np.zeros(terms[0].shape[1] + 1)
    for _ in range(ROUNDS):
        weights = _newton(*_examples(full, terms, chosen), weights, shape.ridge)
        now = [int(np.argmax(each @ weights[:-1])) for each in terms]
        if now == chosen:
            break
        chosen = now
    nowhere = dict.fromkeys(("usual", "slow", "narrow"), Thresholds(0.0, 0.0))
    thresholds: dict[DeviceType, Thresholds] = nowhere  # type: ignore[assignment]
    return Model(means, spreads, weights[:-1], float(weights[-1]), thresholds)


def _examples(bags: list[Bag], terms: list[Array], chosen: list[int]) -> tuple[Array, Array, Array]:
    """Return terms, truth and weight of each example; a recording of many impacts counts for little more."""
    kept = [each[pick : pick + 1] if bag.fall else each for bag, each, pick in zip(bags, terms, chosen, strict=True)]
    truth = np.concatenate([np.full(len(each), float(bag.fall)) for bag, each in zip(bags, kept, strict=True)])
    counts = np.concatenate([np.full(len(each), len(each) ** -0.5) for each in kept])
    return np.concatenate(kept), truth, counts


def _newton(terms: Array, truth: Array, counts: Array, weights: Array, ridge: float) -> Array:
    """Return the weights, the bias last, that fit best under the ridge (on all but the bias)."""
    rows = np.concatenate([terms, np.ones((len(terms), 1))], axis=1)
    penalty = np.full(rows.shape[1], ridge)
    penalty[-1] = 1e-6
    for _ in range(NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        curvature = (rows * (counts * likely * (1 - likely) + 1e-9)[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curvature, rows.T @ (counts * (truth - likely)) - penalty * weights)
        weights = weights + step
        if np.abs(step).max() < 1e-5:
            break
    return weights
