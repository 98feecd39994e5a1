"""A house for each test of alerting."""

import pytest
from psycopg_pool import AsyncConnectionPool

from tests.unit.alerting.house import House


@pytest.fixture
async def house(database: AsyncConnectionPool) -> House:
    """Give Ada's house at 02:14, with the example's people in it."""
    house = House(database)
    await house.load()
    return house
