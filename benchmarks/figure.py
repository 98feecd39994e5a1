"""What a figure is, and what every benchmark module offers: one `measure`, as `python -m benchmarks` calls it.

    async def measure(folder: Path, progress: Progress) -> dict[str, Figure]

`folder` is empty and the module's own, for databases and brokers, and is removed afterwards; `progress` is told how
many steps there are, and of each as it begins. The keys name the figures in bench.json. At least five runs each,
what is compared alternating within the run, so that whatever else the machine does falls on both alike.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, Protocol

RUNS = 5
"""Alternations behind every figure, at least."""


class Progress(Protocol):
    """Whoever watches."""

    def expect(self, steps: int) -> None:
        """Learn how many steps the measurement has; once, before the first."""

    def step(self, what: str) -> None:
        """Learn that a step begins, and what it does, in a few words."""


Measure = Callable[[Path, Progress], Awaitable[dict[str, "Figure"]]]


class BrokenPromiseError(Exception):
    """Something promised did not hold while it was measured (a reading lost, an alarm missing): no figure counts."""


class Run(NamedTuple):
    """What one alternation gave; `floor` in the same unit, where there is something to measure beside."""

    value: float
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value as a part of the floor."""
        return self.value / self.floor if self.floor else None


class Target(NamedTuple):
    """What the figure is held to: the median of its values, or with `ratio` that of its ratios to the floor."""

    at_least: float | None = None
    at_most: float | None = None
    ratio: bool = False

    def __str__(self) -> str:
        bound, words = (self.at_least, "at least") if self.at_least is not None else (self.at_most, "at most")
        return f"{words} {bound:,g}{' of the floor' if self.ratio else ''}"

    def met(self, figure: "Figure") -> bool:
        """Tell whether the figure keeps to it."""
        measured = figure.ratio if self.ratio else figure.value
        assert measured is not None, "a target for a ratio needs a floor in each run"
        above = self.at_least is None or measured >= self.at_least
        return above and (self.at_most is None or measured <= self.at_most)


class Figure(NamedTuple):
    """A figure over its runs: medians, each kept beside what it was measured from."""

    unit: str
    runs: tuple[Run, ...]
    target: Target | None = None

    @property
    def value(self) -> float:
        """The median of the values."""
        return median(run.value for run in self.runs)

    @property
    def floor(self) -> float | None:
        """The median of the floors, where every run has one."""
        floors = [run.floor for run in self.runs if run.floor is not None]
        return median(floors) if len(floors) == len(self.runs) else None

    @property
    def ratio(self) -> float | None:
        """The median of the runs' ratios: each pair was measured side by side, so its ratio is the steadier figure."""
        ratios = [run.ratio for run in self.runs if run.ratio is not None]
        return median(ratios) if len(ratios) == len(self.runs) else None

    @property
    def missed(self) -> bool:
        """Whether it has a target and does not keep to it."""
        return self.target is not None and not self.target.met(self)

    def as_json(self) -> dict[str, Any]:
        """Return what bench.json holds of it."""
        return {
            "value": _plain(self.value),
            "unit": self.unit,
            "floor": _plain(self.floor),
            "ratio": _plain(self.ratio),
            "target": None if self.target is None else str(self.target),
            "runs": [{"value": _plain(run.value), "floor": _plain(run.floor)} for run in self.runs],
        }


def _plain(number: float | None) -> float | None:
    """Round to what can be meant: four digits, whole where it is large."""
    if number is None:
        return None
    return round(number) if abs(number) >= 1000 else float(f"{number:.4g}")
