"""Windows of acceleration made up for tests: what somebody did, as a device worn at the waist would have measured it.

Nobody's recording: gravity, a body that turns, jolts as half sines, and a little noise of a seed. `x` points up while
standing. In g, 50 samples a second; an impact stands at second 6 of 12.
"""

from collections.abc import Iterable

import numpy as np

from monitor.impact_window import RATE, Array
from schema.readings import Samples

SECONDS = 12.0
IMPACT_AT = 6.0
Jolt = tuple[float, float, float]
"""When it begins (s), how long it lasts (s), how hard it is at most (g along gravity)."""


def window(
    turn: Iterable[tuple[float, float]], jolts: Iterable[Jolt], stir: Iterable[tuple[float, float, float]]
) -> Array:
    """Return a window: the body's angle from upright (s, degrees), jolts, and how much it stirs from when to when."""
    at = np.arange(round(SECONDS * RATE)) / RATE
    draw = np.random.default_rng(7)
    times, degrees = zip(*turn, strict=True)
    angle = np.radians(np.interp(at, times, degrees))
    size = np.ones_like(at)
    for begins, lasts, hard in jolts:
        inside = (at >= begins) & (at < begins + lasts)
        size[inside] += hard * np.sin(np.pi * (at[inside] - begins) / lasts)
    g = np.stack([np.cos(angle) * size, np.sin(angle) * size, np.zeros_like(at)], axis=1)
    g += draw.normal(0, 0.01, g.shape)
    for begins, ends, much in stir:
        inside = (at >= begins) & (at < ends)
        g[inside] += much * np.sin(2 * np.pi * 1.8 * at[inside])[:, None] * [1.0, 0.4, 0.3]
        g[inside] += draw.normal(0, much / 4, (int(inside.sum()), 3))
    return g


def fall() -> Array:
    """Walk, fall forward at second 6, lie still."""
    hits = [(5.55, 0.4, -0.7), (6.0, 0.16, 4.5), (6.25, 0.12, 1.8), (6.5, 0.1, 0.8)]
    return window([(0, 4), (5.5, 8), (6.15, 92), (6.6, 84), (12, 85)], hits, [(0, 5.5, 0.25)])


def stairs() -> Array:
    """Go down stairs all the while, each step a jolt."""
    steps = [(0.4 + 0.55 * step, 0.15, 0.9) for step in range(20)]
    return window([(0, 5), (12, 5)], steps, [(0, 12, 0.25)])


def sits_down_hard() -> Array:
    """Walk, drop into a chair at second 6, sit upright and still."""
    return window([(0, 3), (5.2, 5), (5.8, 28), (6.3, 12), (12, 12)], [(6.0, 0.18, 1.3)], [(0, 5.2, 0.2)])


def lies_down() -> Array:
    """Sit on a bed, lie down slowly, lie still."""
    return window([(0, 5), (4.5, 8), (8.0, 86), (12, 86)], [], [(0, 4, 0.05), (4.5, 8, 0.06)])


def samples(g: Array, rate: float = RATE, span: float = 8.0) -> Samples:
    """Pack a window as a device sends it."""
    counts = np.clip(np.round(g * 32768 / span), -32768, 32767).astype("<i2")
    return Samples(rate, span, counts.tobytes())
