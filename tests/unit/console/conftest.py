"""A house for each test of the console."""

from collections.abc import AsyncIterator

import pytest
from psycopg_pool import AsyncConnectionPool

from tests.unit.console.house import House, lived_in


@pytest.fixture
async def house(database: AsyncConnectionPool, database_url: str) -> AsyncIterator[House]:
    """Give a house with people and users in it, and its console running."""
    async with lived_in(database, database_url) as house:
        yield house
