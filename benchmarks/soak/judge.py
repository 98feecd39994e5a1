"""Does it grow? A robust slope over what was sampled, with how sure one can be of it. Pure.

The slope is Theil and Sen's: the median of the slopes of all pairs, of medians over short spans, so that a garbage
collector's saw-teeth and single bursts do not bend it. Its 95% interval is Sen's, by the variance of Kendall's S.
A process fails where even the lower end of the interval is above `ALLOWANCE`, and what it has grown by in the
time judged is more than `NOISE`, which a memory allocator's blocks alone can be.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

ALLOWANCE = 2.0
"""MB an hour: 48 MB a day, by which a process started anew each month stays within the machine's memory."""
OF_THE_DATABASE = 10.0
"""MB an hour that the sum of the database's processes may grow by, each of which is judged by `ALLOWANCE` as well: two
dozen sessions fill, over hours, with the plans of what they were asked, until the pools replace them."""
NOISE = 1.5
"""MB: the arenas and blocks that Python, glibc and Go take and give back whole."""
_SPANS = 60
_FEWEST = 8
_Z = 1.96


class Slope(NamedTuple):
    """MB an hour, and the ends of the 95% interval."""

    value: float
    low: float
    high: float


class Verdict(NamedTuple):
    """How one process did, from the end of the warm-up: MB."""

    start: float
    end: float
    highest: float
    slope: Slope
    hours: float
    allowance: float = ALLOWANCE

    @property
    def grows(self) -> bool:
        """Whether it grew, beyond doubt and beyond the allowance."""
        return self.slope.low > self.allowance and self.slope.value * self.hours > NOISE


def slope(seconds: Sequence[float], megabytes: Sequence[float]) -> Slope:
    """Return the slope of the samples; at least eight are wanted."""
    times, values = _medians(np.asarray(seconds, float) / 3600, np.asarray(megabytes, float))
    number = len(times)
    first, second = np.triu_indices(number, 1)
    slopes = np.sort((values[second] - values[first]) / (times[second] - times[first]))
    reach = _Z * sqrt(number * (number - 1) * (2 * number + 5) / 18)
    low = max(0, int((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, int((len(slopes) + reach) / 2) + 1)
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def verdict(seconds: Sequence[float], megabytes: Sequence[float], allowance: float = ALLOWANCE) -> Verdict:
    """Judge one process by its samples after the warm-up; `allowance` is in MB an hour."""
    edge = max(1, len(megabytes) // 20)
    return Verdict(
        start=float(np.median(megabytes[:edge])),
        end=float(np.median(megabytes[-edge:])),
        highest=max(megabytes),
        slope=slope(seconds, megabytes),
        hours=(seconds[-1] - seconds[0]) / 3600,
        allowance=allowance,
    )


def judged(samples: int) -> bool:
    """Tell whether so many samples can be judged at all."""
    return samples >= _FEWEST


def _medians(times: "np.ndarray", values: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Return the medians over spans of equal numbers of samples."""
    spans = min(_SPANS, len(times))
    parts = [np.median(part) for part in np.array_split(times, spans)]
    return np.array(parts), np.array([np.median(part) for part in np.array_split(values, spans)])
