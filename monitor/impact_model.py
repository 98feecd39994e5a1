"""What turns an impact's features into how much it looks like a fall, and where each kind of device draws the line.

The numbers stand in `impact_coefficients.json`, which a script of the project writes from recordings of falls
(`python -m benchmarks.falls`); nothing is learned here. A model is logistic: each feature, brought to the spread it had
in the recordings and cut off beyond (so that a device unlike any recorded moves no score without end), times its
weight; where the file has pairs, products of two as well. A score of 0 is as likely as not, of what was recorded.

Ranking carries over between devices and positions, thresholds do not. So each model has a threshold for each type of
device, taken from a curve of its own: `usual`, `slow` (fewer than 40 samples a second) and `narrow` (no more than
2.5 g an axis). Pure; numpy.
"""

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from monitor.impact_features import NAMES
from monitor.impact_window import Array

DeviceType = Literal["usual", "slow", "narrow"]
DEVICE_TYPES: tuple[DeviceType, ...] = ("usual", "slow", "narrow")
BEYOND = 2.5
"""Standard deviations at which a feature is cut off."""
SLOW = 40.0
NARROW = 2.5
_WHERE = {"waist": "waist", "hip": "waist", "wrist": "wrist"}
_ELSEWHERE = "elsewhere"
"""The model for positions nobody's recordings here are of: fitted on all of them together."""
FILE = Path(__file__).with_name("impact_coefficients.json")


class Thresholds(msgspec.Struct, frozen=True):
    """From which score on it is perhaps a fall, and from which on a fall."""

    maybe: float
    fallen: float


class Weighed(msgspec.Struct, frozen=True):
    """One feature: its mean and spread in the recordings, and its weight."""

    mean: float
    spread: float
    weight: float


class Written(msgspec.Struct, frozen=True):
    """A model as the file has it. `pairs` names products: `peak * turn`."""

    fitted_on: str
    bias: float
    features: dict[str, Weighed]
    pairs: dict[str, float]
    thresholds: dict[DeviceType, Thresholds]


class Coefficients(msgspec.Struct, frozen=True):
    """The whole file."""

    written_by: str
    models: dict[str, Written]


class Model(NamedTuple):
    """A model ready to score."""

    means: Array
    spreads: Array
    weights: Array  # of the features, then of the pairs where there are any
    bias: float
    thresholds: dict[DeviceType, Thresholds]

    def scores(self, features: Array) -> Array:
        """Return the score of each row of features."""
        terms = expanded(features, self.means, self.spreads, pairs=len(self.weights) > len(NAMES))
        return np.asarray(terms @ self.weights + self.bias)


def expanded(features: Array, means: Array, spreads: Array, *, pairs: bool) -> Array:
    """Return what the weights are of: features by their spread, and their products if asked for."""
    terms = np.clip((features - means) / spreads, -BEYOND, BEYOND)
    if not pairs:
        return np.asarray(terms)
    first, second = np.triu_indices(terms.shape[1])
    return np.concatenate([terms, terms[:, first] * terms[:, second]], axis=1)


def pair_names() -> list[str]:
    """Return the names of the products, in the order of `expanded`."""
    return [f"{NAMES[one]} * {NAMES[two]}" for one, two in zip(*np.triu_indices(len(NAMES)), strict=True)]


def ready(written: Written) -> Model:
    """Return a model of the file, ready to score; KeyError where it lacks a feature."""
    features = [written.features[name] for name in NAMES]
    pairs = [written.pairs[name] for name in pair_names()] if written.pairs else []
    return Model(
        np.array([each.mean for each in features]),
        np.array([each.spread for each in features]),
        np.array([each.weight for each in features] + pairs),
        written.bias,
        dict(written.thresholds),
    )


@cache
def _all() -> dict[str, Model]:
    read = msgspec.json.decode(FILE.read_bytes(), type=Coefficients)
    return {name: ready(written) for name, written in read.models.items()}


def model_for(worn: str | None) -> Model:
    """Return the model for where the device is worn; one for all positions where no recordings are of this one."""
    return _all()[_WHERE.get(worn or "", _ELSEWHERE)]


def thresholds_for(model: Model, rate: float, span: float | None) -> Thresholds:
    """Return where the line is for a device of this rate (Hz) and range (g): the lowest of the types it is of."""
    types: list[DeviceType] = ["slow"] if rate < SLOW else []
    if span is not None and span <= NARROW:
        types.append("narrow")
    lines = [model.thresholds[each] for each in types or ["usual"]]
    return Thresholds(min(each.maybe for each in lines), min(each.fallen for each in lines))
