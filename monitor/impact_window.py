"""A window of acceleration made comparable: in g, 50 samples a second, at rest 1 g, whatever device recorded it.

Promises: any array in, a `Window` or an `Unreadable` with its reason out, never an exception. What differs between
devices and tells nothing of a fall is taken out here: the rate, the unit, a scale that is somewhat off. Axes may
stand in any order and point anywhere: nothing after this looks at a single one. Pure; numpy.
"""

from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schema.readings import Samples

Array = NDArray[np.float64]

RATE = 50
"""Hz that every window is brought to: what tells a fall is slower than 10 Hz."""
SLOWEST = 8.0
"""Hz below which an impact may fall between two samples."""
SHORTEST = 1.5
"""Seconds of which nothing can be said of before and after."""
LONGEST = 180.0
"""Seconds looked at, the last ones: the contract's windows end at 120."""
STRONGEST = 16.0
"""g on one axis; more is no movement of a person, and no more than this is believed."""
_PIECE = RATE // 2
_ROUGH, _FAINT = 2.0, 0.5
_GRAVITY = 0.25
"""g at rest below which gravity was taken out: posture cannot be told."""


class Window(NamedTuple):
    """A comparable window: `g` of shape (n, 3) at `RATE`, last sample last; `note` says what had to be put right."""

    g: Array
    note: str = ""


class Unreadable(NamedTuple):
    """A window nobody can judge, and why."""

    reason: str
    strongest: float = 0.0  # g, where that much can be told


def from_samples(samples: Samples) -> Window | Unreadable:
    """Return the window that a reading carries."""
    whole = len(samples.data) - len(samples.data) % 6
    counts = np.frombuffer(samples.data[:whole], dtype="<i2").reshape(-1, 3)
    return from_array(counts * (samples.range / 32768.0), samples.rate)


def from_array(values: object, rate: float) -> Window | Unreadable:
    """Return the window of an array of shape (n, 3), oldest first, at `rate` Hz."""
    if not isfinite(rate) or rate < SLOWEST:
        return Unreadable(f"{rate:g} samples a second are too few to see an impact; expected {SLOWEST:g} or more")
    try:
        read = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return Unreadable("the samples are no numbers")
    if read.ndim != 2 or read.shape[1] != 3:
        return Unreadable(f"samples of shape {read.shape} are no x, y, z triples")
    read = read[-int(LONGEST * rate) :]
    read = read[np.isfinite(read).all(axis=1) & (np.abs(read) < 1e9).all(axis=1)]
    if len(read) < SHORTEST * rate:
        return Unreadable(f"{len(read) / rate:.1f} s are too short to judge; expected {SHORTEST:g} s or more")
    return _at_rest_one(resampled(read, rate))


def resampled(values: Array, rate: float) -> Array:
    """Bring samples to `RATE`: averaged where there are more, drawn out in straight lines where there are fewer."""
    if abs(rate - RATE) < 0.01 * RATE:
        return values
    if rate > RATE:
        values = averaged(values, 1 / RATE, rate)
    have = np.arange(len(values)) / rate
    want = np.arange(max(1, int(len(values) / rate * RATE))) / RATE
    return np.stack([np.interp(want, have, values[:, axis]) for axis in range(3)], axis=1)


def averaged(values: Array, seconds: float, rate: float = RATE) -> Array:
    """Return the running mean over so many seconds, centred, as long as what came in."""
    width = max(1, round(seconds * rate))
    before = width // 2
    padding = [(before, width - 1 - before)] + [(0, 0)] * (values.ndim - 1)
    sums = np.cumsum(np.pad(values, padding, mode="edge"), axis=0)
    sums = np.concatenate([np.zeros_like(sums[:1]), sums])
    return np.asarray((sums[width:] - sums[:-width]) / width)


def _at_rest_one(values: Array) -> Window | Unreadable:
    """Scale so that gravity is 1 g: by what the device shows where it is quietest."""
    rest, spread = _rest(values)
    if not np.ptp(values, axis=0).any():
        return Unreadable("every sample is the same: the sensor stands still or is broken")
    if rest < _GRAVITY and not _other_unit(values, rest):
        strongest = float(np.linalg.norm(values, axis=1).max())
        return Unreadable("no gravity is in the samples: posture cannot be told", min(strongest, STRONGEST))
    scale, note = 1.0, ""
    if rest > _ROUGH or rest < _FAINT:
        scale, note = 1 / rest, f"the device shows {rest:.2g} g at rest, taken for 1 g"
    elif spread < 0.1:
        scale = 1 / rest
    return Window(np.clip(values * scale, -STRONGEST, STRONGEST), note)


def _rest(values: Array) -> tuple[float, float]:
    """Return the magnitude where the window is quietest, and how much it varies there, half a second at a time."""
    pieces = len(values) // _PIECE
    cut = values[: pieces * _PIECE].reshape(pieces, _PIECE, 3)
    spreads = np.sqrt(cut.var(axis=1).sum(axis=1))
    levels = np.linalg.norm(cut.mean(axis=1), axis=1)
    quiet = np.argsort(spreads, kind="stable")[: max(1, pieces // 4)]
    return float(np.median(levels[quiet])), float(np.median(spreads[quiet]))


def _other_unit(values: Array, rest: float) -> bool:
    """Tell a unit too large for g (0.1 at rest, never above 1) from gravity taken out (0 at rest, movement in g)."""
    return bool(rest > 0.02 and np.abs(values).max() < 1.7)
