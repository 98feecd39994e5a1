"""The first hundred worlds of each run: every promise holds in each, or its story is told."""

import pytest

from tests.simulation.database import Database
from tests.simulation.run import run, told


@pytest.mark.parametrize("seed", range(100), ids=lambda seed: f"seed{seed}")
def test_every_promise_holds_in_this_world(simulated: Database, seed: int) -> None:
    outcome = run(seed, simulated)
    assert outcome.well, told(outcome)
