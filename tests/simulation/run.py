"""One seed, from its first second to the verdict."""

import time
from typing import NamedTuple

from tests.simulation.checks import Violation, violations
from tests.simulation.database import Database
from tests.simulation.story import Line
from tests.simulation.world import World


class Outcome(NamedTuple):
    """What came of a seed."""

    seed: int
    violations: list[Violation]
    digest: str  # of the story: the same in every run
    story: list[Line]  # empty where all is well, unless it was asked for
    statements: int
    seconds: float  # of this process's CPU

    @property
    def well(self) -> bool:
        """Whether every promise held."""
        return not self.violations


def run(seed: int, database: Database, *, keep_story: bool = False) -> Outcome:
    """Live the seed's world and judge it; a world that cannot be lived to its end is a violation too."""
    began = time.process_time()
    world = World(seed, database)
    try:
        world.live()
        found = violations(world)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its story
        found = [Violation("the world can be lived", f"{type(error).__name__}: {error}")]
    story = world.story.lines if found or keep_story else []
    spent = time.process_time() - began
    return Outcome(seed, found, world.story.digest, story, world.server.statements, spent)


def told(outcome: Outcome) -> str:
    """Return a failed seed's story, what was wrong, and the one line that repeats it."""
    lines = [f"seed {outcome.seed}", *map(str, outcome.story), ""]
    lines += [f"NOT HELD: {each.check}: {each.what}" for each in outcome.violations]
    return "\n".join([*lines, f"make simulate SEEDS={outcome.seed}"])
