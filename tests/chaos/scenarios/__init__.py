"""Faults that want a stage of their own, each a scenario: what it does to the service, and what must hold.

A scenario is a `Trouble` that takes the place of the storm in a chaos run: load, presses and scripts go on all the
while, and everything that a run compares afterwards is compared here as well. What it finds broken beside that it adds
to `Stage.broken`; what it measured to `Stage.figures`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from schema.instants import Duration
from tests.chaos.run import Chaos, Trouble

Say = Callable[[str], None]


class Stage:
    """What a scenario finds and measures."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.broken: list[str] = []
        self.figures: list[tuple[str, str]] = []

    def expect(self, held: object, otherwise: str) -> None:
        """Note a breach unless it held."""
        if not held:
            self.broken.append(otherwise)

    def measured(self, what: str, figure: object) -> None:
        """Note a figure, for the table."""
        self.figures.append((what, str(figure)))


class Scenario(NamedTuple):
    """One of them: what it is about, what it does, how long it takes and under how much load."""

    about: str
    trouble: Callable[[Stage, float], Trouble]  # given the seconds of the whole run
    minutes: float
    rate: int
    engines: Callable[[Path], dict[str, Path]] | None = None  # where database or broker live, if elsewhere
    disk: int = 0  # MB of a small disk it wants
    settings: Callable[[Path], dict[str, str]] | None = None  # of the services, beside the usual


async def play(
    scenario: Scenario, seed: int, minutes: float, folder: Path, say: Say, *, rate: int = 0, latest: Duration
) -> tuple[Chaos, list[str], list[tuple[str, str]], dict[str, int | float]]:
    """Play one scenario; return the run, what it broke, and its figures."""
    stage = Stage(say)
    minutes = minutes or scenario.minutes
    trouble = scenario.trouble(stage, minutes * 60)
    chaos = Chaos(seed, 0, minutes, rate or scenario.rate, latest=latest, trouble=trouble)
    chaos.settings = scenario.settings(folder) if scenario.settings else {}
    verdict = await chaos.run(folder, say, scenario.engines(folder) if scenario.engines else None)
    return chaos, [*stage.broken, *verdict.broken], stage.figures, verdict.figures
