"""A database for worlds, made once a file and emptied for each world."""

from collections.abc import Iterator

import pytest

from runtime.embedded import EmbeddedDatabase
from tests.simulation.database import Database, opened


@pytest.fixture(scope="module")
def simulated(server: EmbeddedDatabase) -> Iterator[Database]:
    """Give it."""
    yield from opened(server.url)
