"""Daily living at the chest, which no recording of falls here has: older people who get out of a bed and into it.

27 trials of people aged 66 to 86 (Shinmoto Torres et al. 2013), some eight irregular samples a second, brought to ten
and cut into minutes. There is no fall in it: whatever is raised is wrong. What was fitted never saw any of it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor.impact import judge_array
from monitor.impact_window import Array

RATE = 10.0
_HOLE, _MINUTE, _SHORTEST = 2.0, 60.0, 3.0


class Raised(NamedTuple):
    """So many windows, of so many hours, and how many raised an alarm."""

    windows: int
    hours: float
    raised: int

    def said(self) -> str:
        """Say it in a sentence."""
        return (
            f"Older people at a bed, at the chest, model `elsewhere`: {self.windows} windows of up to a minute, "
            f"{self.hours:.1f} hours in all, raised over {self.raised}."
        )


def judged(folder: Path) -> Raised:
    """Judge all trials of the folder."""
    raised, seconds, windows = 0, 0.0, 0
    for file in sorted(folder.glob("d*.gz")):
        for window in _windows(np.loadtxt(file, delimiter=",", usecols=(0, 1, 2, 3))):
            windows += 1
            seconds += len(window) / RATE
            raised += judge_array(window, RATE, "chest").verdict != "none"
    return Raised(windows, seconds / 3600, raised)


def _windows(rows: Array) -> Iterator[Array]:
    """Cut a trial at its holes and each minute, and draw straight lines between its samples."""
    for whole in np.split(rows, np.flatnonzero(np.diff(rows[:, 0]) > _HOLE) + 1):
        for begins in np.arange(whole[0, 0], whole[-1, 0] + 1e-9, _MINUTE):
            piece = whole[(whole[:, 0] >= begins) & (whole[:, 0] < begins + _MINUTE)]
            if len(piece) and piece[-1, 0] - piece[0, 0] >= _SHORTEST:
                at = np.arange(piece[0, 0], piece[-1, 0], 1 / RATE)
                yield np.stack([np.interp(at, piece[:, 0], piece[:, axis]) for axis in (1, 2, 3)], axis=1)
