"""Where the line is drawn: the curve of sensitivity and specificity over thresholds, and the point taken from it."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from monitor.impact_model import Thresholds
from monitor.impact_window import Array

NEVER = -30.0
"""The score of a recording without any impact."""
SURELY = 0.995
"""Of daily living, how much must stay below the line of `fallen`."""
SURER = 1.0
"""And by how much it lies above `maybe`: what stands at the line itself is perhaps a fall, and no more."""
_Z = 1.959964


class Target(NamedTuple):
    """What must be reached: of falls, of daily living, and of older people's daily living."""

    sensitivity: float
    specificity: float
    older: float


class Scored(NamedTuple):
    """One recording as a model that never saw its subject scores it."""

    subject: str
    older: bool
    code: str
    trial: str
    score: float

    @property
    def fall(self) -> bool:
        """Tell whether it is a fall."""
        return self.code.startswith("F")


class Share(NamedTuple):
    """So many of so many."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """Return the share; 1 of none."""
        return self.right / self.of if self.of else 1.0

    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval. It takes recordings for independent, which those of one subject are not."""
        if not self.of:
            return 0.0, 1.0
        share, spread = self.value, _Z * _Z / self.of
        middle = (share + spread / 2) / (1 + spread)
        half = _Z / (1 + spread) * sqrt(share * (1 - share) / self.of + spread / self.of / 4)
        return max(0.0, middle - half), min(1.0, middle + half)


def lines(scored: Sequence[Scored], target: Target) -> Thresholds:
    """Return the thresholds: `maybe` midway between what each side of the target asks for, as room for other devices.

    The highest threshold that still finds enough falls lies above the lowest that still spares enough daily living, or
    the target cannot be met; then finding falls comes first. `fallen` is where next to no daily living reaches.
    """
    falls = np.sort([each.score for each in scored if each.fall])
    high = float(falls[int((1 - target.sensitivity) * len(falls) + 1e-9)])
    low = max(
        _below([each.score for each in scored if not each.fall], target.specificity),
        _below([each.score for each in scored if not each.fall and each.older], target.older),
    )
    maybe = (high + low) / 2 if low < high else high
    sure = _below([each.score for each in scored if not each.fall], SURELY)
    return Thresholds(maybe, max(maybe + SURER, sure))


def _below(scores: list[float], share: float) -> float:
    """Return the lowest threshold below which so large a share of the scores lies."""
    ranked = np.sort(scores)
    allowed = int((1 - share) * len(ranked) + 1e-9)
    return float(np.nextafter(ranked[len(ranked) - 1 - allowed], np.inf)) if len(ranked) else NEVER


def points(scored: Sequence[Scored], thresholds: Array) -> tuple[Array, Array]:
    """Return sensitivity and specificity at each threshold."""
    falls = np.array([each.score for each in scored if each.fall])
    living = np.array([each.score for each in scored if not each.fall])
    return (falls[None] >= thresholds[:, None]).mean(axis=1), (living[None] < thresholds[:, None]).mean(axis=1)


def ranking(scored: Sequence[Scored]) -> float:
    """Return how often a fall scores higher than daily living (the area under the ROC curve)."""
    falls = np.array([each.score for each in scored if each.fall])
    living = np.array([each.score for each in scored if not each.fall])
    return float((falls[:, None] > living[None]).mean())
