"""The second hundred worlds, in a file of their own so that two processes share the work."""

import pytest

from tests.simulation.database import Database
from tests.simulation.run import run, told


@pytest.mark.parametrize("seed", range(100, 200), ids=lambda seed: f"seed{seed}")
def test_every_promise_holds_in_this_world(simulated: Database, seed: int) -> None:
    outcome = run(seed, simulated)
    assert outcome.well, told(outcome)
