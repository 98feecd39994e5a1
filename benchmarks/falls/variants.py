"""The recordings as other devices would have made them, and cut as other devices would have sent them. Seeded.

What can be had from a recording at 50 Hz is slower, narrower, shorter, scaled and turned; a faster device's sharper
peaks cannot be made of it, and another person's falls neither.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.falls.recordings import GRAVITY, Recording
from monitor.impact_window import RATE, Array, averaged


class Sent(NamedTuple):
    """What a device would send: samples, their rate in Hz, its range in g (None: as wide as it takes)."""

    values: Array
    rate: float
    span: float | None = None


Draw = np.random.Generator
Make = Callable[[Recording, Draw], Sent]


def usual(recording: Recording, _: Draw) -> Sent:
    """As it was recorded."""
    return Sent(recording.g, recording.rate)


def at(rate: float) -> Make:
    """Return what samples at another rate, in straight lines."""

    def make(recording: Recording, _: Draw) -> Sent:
        count = len(recording.g)
        want = np.arange(0, (count - 1) / recording.rate, 1 / rate)
        have = np.arange(count) / recording.rate
        return Sent(np.stack([np.interp(want, have, recording.g[:, axis]) for axis in range(3)], axis=1), rate)

    return make


def narrow(recording: Recording, draw: Draw) -> Sent:
    """By a device of 2 g an axis that is 4 % off, with an offset and noise."""
    values = recording.g * 1.04 + draw.normal(0, 0.03, 3) + draw.normal(0, 0.01, recording.g.shape)
    return Sent(np.clip(values, -2, 2), recording.rate, 2.0)


def uncalibrated(recording: Recording, draw: Draw) -> Sent:
    """By a device whose scale is up to 6 % off, with an offset of some 0.05 g an axis."""
    return Sent(recording.g * draw.uniform(0.94, 1.06) + draw.normal(0, 0.05, 3), recording.rate)


def turned(recording: Recording, draw: Draw) -> Sent:
    """Worn another way round, the axes in another order, in m/s2."""
    axes, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    return Sent(recording.g @ axes * GRAVITY, recording.rate)


def cut(before: float, after: float) -> Make:
    """Return what sends only so many seconds before and after the hardest moment."""

    def make(recording: Recording, _: Draw) -> Sent:
        blow = averaged(np.linalg.norm(recording.g, axis=1), 0.1, recording.rate)
        hardest = int(np.argmax(blow))
        first = max(0, int(hardest - before * recording.rate))
        return Sent(recording.g[first : int(hardest + after * recording.rate)], recording.rate)

    return make


CURVES: dict[str, Make] = {"usual": usual, "slow": at(RATE / 2), "narrow": narrow}
"""What each type of device has its thresholds from."""

TRIED: dict[str, Make] = {
    "20 Hz": at(20),
    "31.25 Hz": at(31.25),
    "100 Hz": at(100),
    "200 Hz": at(200),
    "scale and offset off": uncalibrated,
    "turned about, in m/s2": turned,
    "from 3 s before to 3 s after": cut(3, 3),
    "from 1.5 s before to 1.5 s after": cut(1.5, 1.5),
    "from 1 s before to 6 s after": cut(1, 6),
    "from 8 s before to 2 s after": cut(8, 2),
}
"""What else is tried at those thresholds."""
