"""The first worlds of each run, and what keeps the simulation itself honest."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded import EmbeddedDatabase
from tests.simulation.database import Database, opened
from tests.simulation.run import run, told

HOUSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def simulated(server: EmbeddedDatabase) -> Iterator[Database]:
    """Give a database for worlds, emptied for each."""
    yield from opened(server.url)


def test_the_same_seed_tells_the_same_story(simulated: Database) -> None:
    first, again = run(3, simulated), run(3, simulated)
    assert first.digest == again.digest
    assert first.statements == again.statements > 100


def test_a_story_depends_neither_on_hash_seeds_nor_on_what_ran_before(simulated: Database) -> None:
    run(4, simulated)
    here = run(5, simulated, keep_story=True)
    command = [sys.executable, "-m", "tests.simulation", "5", "--story"]
    elsewhere = subprocess.run(
        command, cwd=HOUSE, env={**os.environ, "PYTHONHASHSEED": "77"}, capture_output=True, text=True, check=True
    )
    assert "\n".join(map(str, here.story)) in elsewhere.stdout


@pytest.mark.parametrize("seed", range(100), ids=lambda seed: f"seed{seed}")
def test_every_promise_holds_in_this_world(simulated: Database, seed: int) -> None:
    outcome = run(seed, simulated)
    assert outcome.well, told(outcome)
