"""What a window shows around each of its impacts: how hard, how it came about, how the body lay before and after.

Every impact of a window is a candidate, and each is described by the same `NAMES`; what judges them takes the one
that looks most like a fall. All of it is magnitudes and angles between directions, so it is the same however the
device is turned. Where the window ends early, what is there stands in for what is not. Pure; numpy.

Words: `turn` is the angle between two mean directions, in quarter turns; `stir` is how much the acceleration varies
(log of the standard deviation in g); `push` is how far it is from gravity (log of the mean distance in g).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from monitor.impact_window import RATE, Array, averaged

NAMES = (
    "peak",  # the impact: log of g over 0.1 s, never above HARDEST
    "low",  # g at its least in the second before: a body that falls weighs less
    "low_after",  # and in the second after
    "jerk",  # log of the sharpest change within 0.3 s, g/s
    "swing",  # the way the direction travels within 1.5 s on either side
    "lasts",  # part of these three seconds further than a quarter g from gravity
    "turn",  # from 3 to 1 s before, to 2 to 4 s after
    "turn_near",  # from the second before, to 2 to 4 s after
    "turn_late",  # from 1 to 2 s after, to 2 to 4 s after: gets up again, or moves about
    "stir_before",  # 3 to 1 s before
    "stir_near",  # the second before
    "stir_settling",  # 1 to 2 s after
    "stir_after",  # 2 to 4 s after: lies still
    "peak_before",  # the hardest other moment of the 4 s before: one of many jolts, or the only one
    "peak_after",  # and of the 4 s after
    "push_2_before",  # 2 to 1 s before
    "push_1_before",  # 1 to 0.4 s before
    "push",  # half a second on either side
    "push_1_after",  # 0.4 to 1 s after
    "push_2_after",  # 1 to 2 s after
    "push_3_after",  # 2 to 3 s after
)

HARDEST = 3.2
"""g: many devices measure no further than 2 g an axis, so that nothing may rest on more."""
MILDEST = 1.2
"""g over 0.1 s: less is no impact."""
MOST = 8
"""Impacts looked at, the hardest ones, half a second apart."""
AFTERMATH = 0.8
"""Seconds that must follow an impact for it to be judged."""
_FAINT = 0.02


class Impact(NamedTuple):
    """One impact of a window: at which sample, how hard (g over 0.1 s), and what surrounds it, as `NAMES` has it."""

    at: int
    peak: float
    features: Array
    complete: bool  # the 4 s after it that are asked for are there, as nearly as matters


class Course(NamedTuple):
    """A window worked out once for all of its impacts."""

    g: Array
    blow: Array  # magnitude over 0.1 s
    off: Array  # distance of the magnitude from gravity
    jerk: Array  # change a second of the mean over 0.1 s
    heading: Array  # mean over 0.4 s


def course(g: Array) -> Course:
    """Work out what the features are taken from; `g` as a `Window` has it."""
    size = np.linalg.norm(g, axis=1)
    changes = np.linalg.norm(np.diff(averaged(g, 0.1), axis=0, prepend=0), axis=1)[1:] * RATE
    return Course(g, averaged(size, 0.1), np.abs(size - 1), changes, averaged(g, 0.4))


def impacts(g: Array) -> tuple[list[Impact], Impact | None]:
    """Return the impacts that can be judged, in order of time, and the hardest that the window's end cuts off."""
    seen = course(g)
    judged: list[Impact] = []
    cut: Impact | None = None
    for at in _hardest(seen.blow):
        peak = float(seen.blow[at])
        if len(g) - at < AFTERMATH * RATE:
            cut = cut or Impact(at, peak, np.zeros(0), complete=False)
        else:
            judged.append(Impact(at, peak, _described(seen, at), len(g) - at >= 2.5 * RATE))
    return sorted(judged, key=lambda each: each.at), cut


def _hardest(blow: Array) -> Iterator[int]:
    left = blow.copy()
    for _ in range(MOST):
        at = int(np.argmax(left))
        if left[at] < MILDEST:
            return
        yield at
        left[max(0, at - RATE // 2) : at + RATE // 2 + 1] = 0


def _described(seen: Course, at: int) -> Array:
    """Return the features of the impact at sample `at`, in the order of `NAMES`."""
    g, count = seen.g, len(seen.g)

    def span(start: float, end: float) -> slice:
        first = min(max(at + round(start * RATE), 0), count - 1)
        return slice(first, max(first + 1, min(at + round(end * RATE), count)))

    def part(*spans: tuple[float, float]) -> Array:
        for start, end in spans:
            if (piece := g[span(start, end)]).shape[0] >= 0.4 * (end - start) * RATE:
                return piece
        return g[span(*spans[-1])]

    def push(start: float, end: float) -> float:
        return float(np.log(seen.off[span(start, end)].mean() + _FAINT))

    def other(start: float, end: float) -> float:
        hardest = seen.blow[span(start, end)].max() if at + end * RATE >= 0 and at + start * RATE < count else 1.0
        return float(np.log(np.clip(hardest, 1, HARDEST)))

    before = part((-3, -1), (-2, -0.5), (-1, -0.3))
    near = part((-1, -0.3))
    settling = part((1, 2), (0.4, 1))
    after = part((2, 4), (1, 2.5), (0.4, 1.5))
    return np.array([
        np.log(min(seen.blow[at], HARDEST)),
        seen.blow[span(-1, 0.02)].min(),
        seen.blow[span(0, 1)].min(),
        np.log(seen.jerk[span(-0.3, 0.3)].max() + 0.1) if len(seen.jerk) else 0.0,
        _way(seen.heading[span(-1.5, 1.5)][:: RATE // 10]),
        float((seen.off[span(-1.5, 1.5)] > 0.25).mean()),
        turned(before, after),
        turned(near, after),
        turned(settling, after),
        _stir(before),
        _stir(near),
        _stir(settling),
        _stir(after),
        other(-4, -0.8),
        other(1, 4),
        push(-2, -1),
        push(-1, -0.4),
        push(-0.5, 0.5),
        push(0.4, 1),
        push(1, 2),
        push(2, 3),
    ])  # fmt: skip


def turned(one: Array, two: Array) -> float:
    """Return the angle between the mean directions of two pieces, in quarter turns (0 to 2)."""
    a, b = one.mean(axis=0), two.mean(axis=0)
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-9)
    return float(np.arccos(np.clip(cosine, -1, 1)) / (np.pi / 2))


def _stir(piece: Array) -> float:
    return float(np.log(np.sqrt(piece.var(axis=0).sum()) + _FAINT))


def _way(headings: Array) -> float:
    """Return the angles from each heading to the next, summed, in radians."""
    unit = headings / (np.linalg.norm(headings, axis=1, keepdims=True) + 1e-9)
    return float(np.arccos(np.clip((unit[1:] * unit[:-1]).sum(axis=1), -1, 1)).sum())
