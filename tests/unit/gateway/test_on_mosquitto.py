"""What the gateway promises on NATS, held on Mosquitto as well, and what differs there.

The stories that rest on the run's broker are told again; those that kill a broker are told anew, as Mosquitto
- gives out again only when the session connects again (NATS: after `ack_wait`, connected or not), with DUP set;
- has 20 messages on their way at a time (`max_inflight_messages`), the rest waits at the broker;
- keeps what it acknowledged only as far as its store was written before it was killed (docs/guarantees.md).
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from runtime.database import pool
from runtime.embedded import embedded_database
from runtime.migrate import migrate
from tests import mosquitto as mosquitto_broker
from tests.conftest import BrokerAddress
from tests.unit.gateway import test_on_a_real_broker as told_before
from tests.unit.gateway.house import add_home, hub, running, say, say_all, subscribed, told, unique, until
from tests.unit.gateway.test_on_a_real_broker import bed, stored
from tests.unit.gateway.wire import wire

pytestmark = pytest.mark.mosquitto

home, settling = told_before.home, told_before.settling

test_what_comes_at_qos_0_is_stored_though_unprotected = (
    told_before.test_what_comes_at_qos_0_is_stored_though_unprotected
)
test_a_megabyte_nan_and_a_space_hold_nobody_up = told_before.test_a_megabyte_nan_and_a_space_hold_nobody_up
test_a_press_overtakes_a_backlog_and_time_waits_for_it = (
    told_before.test_a_press_overtakes_a_backlog_and_time_waits_for_it
)
test_the_database_away_the_broker_holds_what_comes_until_it_is_back = (
    told_before.test_the_database_away_the_broker_holds_what_comes_until_it_is_back
)


@pytest.fixture
def broker(mosquitto: BrokerAddress) -> BrokerAddress:
    """Take NATS' place."""
    return mosquitto


@pytest.fixture
async def own_broker(mosquitto: BrokerAddress, tmp_path: Path) -> AsyncIterator[mosquitto_broker.Mosquitto]:
    """Give a Mosquitto that this test may kill."""
    program = mosquitto_broker.find()
    assert program is not None
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    started = mosquitto_broker.Mosquitto(program, folder)
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


def address(broker: mosquitto_broker.Mosquitto) -> BrokerAddress:
    return BrokerAddress(broker.host, broker.port, broker.user, broker.password, broker.url)


async def test_what_is_in_flight_comes_again_only_once_the_session_connects_again(
    database: AsyncConnectionPool, database_url: str, broker: BrokerAddress, home: str
) -> None:
    """After a cut all that was not acknowledged is given out again, in order, and counts once."""
    async with wire(broker) as line, running(database_url, line.address, unique("gateway")):
        await subscribed(database)
        async with database.connection() as connection, connection.transaction():
            await connection.execute("lock table readings in exclusive mode")
            async with hub(broker) as client:
                await say_all(client, f"homes/{home}/bed-1", [bed(number) for number in range(100)])
            line.cut()
        await stored(database, 100)
    assert sorted(entry.seq for entry in await told(database)) == list(range(100))


async def test_started_before_its_broker_it_waits_for_it(
    own_broker: mosquitto_broker.Mosquitto, tmp_path: Path
) -> None:
    async with embedded_database(tmp_path) as server:
        async with pool(server.url, name="test") as connections, connections.connection() as connection:
            await migrate(connection)
            await add_home(connections, "h1")
        own_broker.kill()
        server.kill()
        async with running(server.url, address(own_broker), unique("gateway")):
            await own_broker.restart()
            await server.restart()
            async with pool(server.url, name="test") as connections, hub(address(own_broker)) as client:
                await subscribed(connections)
                await say(client, "homes/h1/bed-1", bed(1))
                await stored(connections, 1)


async def test_killed_with_messages_in_flight_nothing_it_had_kept_is_lost_or_mistaken(
    database: AsyncConnectionPool, database_url: str, own_broker: mosquitto_broker.Mosquitto, home: str
) -> None:
    """The gateway has what was on its way; of what waited behind, the killed broker may miss the last change."""
    there = address(own_broker)
    async with running(database_url, there, unique("gateway")):
        await subscribed(database)
        async with database.connection() as connection, connection.transaction():
            await connection.execute("lock table readings in exclusive mode")
            async with hub(there) as client:
                await say_all(client, f"homes/{home}/bed-1", [bed(number) for number in range(60)])
            own_broker.kill()
        await own_broker.restart()
        async with hub(there) as client:
            await say_all(client, f"homes/{home}/bed-1", [bed(number) for number in range(60, 120)])
        await until(lambda: _has(database, set(range(60, 120))), 30)
    numbers = sorted(entry.seq for entry in await told(database))
    assert len(numbers) == len(set(numbers)), "none counts twice"
    assert len(set(range(120)) - set(numbers)) <= 2, "all but the change not yet written"


async def _has(database: AsyncConnectionPool, numbers: set[int]) -> bool:
    return numbers <= {entry.seq for entry in await told(database)}
