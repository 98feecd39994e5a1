"""What tests of the monitor's shell stand on: a connection to a database of the test's own."""

from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """Give one, in autocommit."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection
