"""The gateway as a whole, on real brokers and a real database: stored, then acknowledged, and nothing twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from runtime.database import pool
from runtime.embedded import embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.entries import Tick, unpack
from schema.instants import SECOND
from tests.conftest import BrokerAddress
from tests.unit.gateway.house import (
    add_home,
    count,
    forget,
    hub,
    presses,
    rows,
    running,
    say,
    say_all,
    subscribed,
    told,
    unique,
    until,
)
from tests.unit.gateway.wire import DISCONNECT, PUBACK, wire

READINGS = "select count(*) from readings where kind <> 'hub'"
DISTINCT = "select count(distinct (device, observed_at, seq)) from readings where kind <> 'hub'"
BEFORE_THE_PRESS = """
    select count(*) from readings join log using (batch) where log.position < (
        select position from log join readings using (batch) where readings.kind = 'button')
"""
WINDOW = {"contact": True, "linkquality": 47}
PRESS = {"seq": 7, "kind": "button", "value": "pressed"}


@pytest.fixture(params=["nats", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def any_broker(request: pytest.FixtureRequest) -> BrokerAddress:
    name = "broker" if request.param == "nats" else "mosquitto"
    found: BrokerAddress = request.getfixturevalue(name)
    return found


@pytest.fixture(autouse=True)
def settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ticks begin soon: only the test of a backlog needs to wait for redeliveries."""
    monkeypatch.setattr("gateway.marks.SETTLING", SECOND // 5)


@pytest.fixture
async def home(database: AsyncConnectionPool) -> str:
    name = unique("home")
    await add_home(database, name)
    return name


async def stored(database: AsyncConnectionPool, number: int, seconds: float = 30) -> None:
    """Wait until that many readings are stored."""

    async def enough() -> bool:
        return await count(database, READINGS) >= number

    await until(enough, seconds)


def bed(number: int) -> dict[str, Any]:
    return {"seq": number, "at": "2100-01-01T00:00:00Z", "kind": "bed", "value": "out"}


async def test_a_reading_and_a_press_reach_the_log(
    database: AsyncConnectionPool, database_url: str, any_broker: BrokerAddress, home: str
) -> None:
    async with running(database_url, any_broker, unique("gateway")), hub(any_broker) as client:
        await subscribed(database)
        await say(client, f"homes/{home}/bed-1", bed(1))
        await say(client, f"urgent/{home}/pendant-1", PRESS)
        await say(client, f"homes/{home}/zigbee2mqtt/Küche/Fenster", WINDOW)
        await say(client, f"urgent/{home}/pendant-9", PRESS)
        await stored(database, 3)
        await until(lambda: _heard(database))
    assert {(entry.kind, entry.value) for entry in await told(database)} == {
        ("bed", "out"),
        ("button", "pressed"),
        ("door", "closed"),
    }


async def test_nothing_is_acknowledged_before_it_is_committed_and_a_slow_commit_doubles_nothing(
    database: AsyncConnectionPool, database_url: str, any_broker: BrokerAddress, home: str
) -> None:
    """The readings have neither time nor number, so that no key could hide a redelivery stored twice."""
    async with wire(any_broker) as line, running(database_url, line.address, unique("gateway")):
        await subscribed(database)
        async with database.connection() as connection, connection.transaction():
            await connection.execute("lock table readings in exclusive mode")
            before = line.sent[PUBACK]
            async with hub(any_broker) as client:
                for _ in range(20):
                    await say(client, f"homes/{home}/zigbee2mqtt/Küche/Fenster", WINDOW)
            await asyncio.sleep(4)  # past NATS's ack_wait: all of it comes again meanwhile
            held = line.sent[PUBACK] - before
        await stored(database, 20)
        await until(lambda: _acknowledged(line.sent, before + 20))
    assert held <= 5, "marks of the urgent lane are acknowledged; readings must not be"
    assert await count(database, READINGS) == 20


async def test_a_connection_cut_before_the_acknowledgement_doubles_nothing(
    database: AsyncConnectionPool, database_url: str, any_broker: BrokerAddress, home: str
) -> None:
    async with wire(any_broker) as line, running(database_url, line.address, unique("gateway")):
        await subscribed(database)
        async with database.connection() as connection, connection.transaction():
            await connection.execute("lock table readings in exclusive mode")
            async with hub(any_broker) as client:
                for _ in range(20):
                    await say(client, f"homes/{home}/zigbee2mqtt/Küche/Fenster", WINDOW)
            await asyncio.sleep(0.5)
            line.cut()
        await stored(database, 20)
        await asyncio.sleep(5)  # whatever was not acknowledged has come again
    assert await count(database, READINGS) == 20


async def test_what_is_retained_is_a_state(
    database: AsyncConnectionPool, database_url: str, any_broker: BrokerAddress, home: str
) -> None:
    async with hub(any_broker) as client:
        await say(client, f"urgent/{home}/pendant-1", PRESS, retain=True)
        async with running(database_url, any_broker, unique("gateway")):
            await stored(database, 1)
        await say(client, f"urgent/{home}/pendant-1", b"", retain=True)
    assert [(entry.value, entry.retained) for entry in await told(database)] == [("pressed", True)]


async def test_what_comes_at_qos_0_is_stored_though_unprotected(
    database: AsyncConnectionPool, database_url: str, broker: BrokerAddress, home: str
) -> None:
    async with running(database_url, broker, unique("gateway")), hub(broker) as client:
        await subscribed(database)
        await say(client, f"homes/{home}/bed-1", bed(1), qos=0)
        await stored(database, 1)


async def test_a_megabyte_nan_and_a_space_hold_nobody_up(
    database: AsyncConnectionPool, database_url: str, broker: BrokerAddress, home: str
) -> None:
    async with running(database_url, broker, unique("gateway")), hub(broker) as client:
        await subscribed(database)
        await say(client, f"homes/{home}/bed-1", b"x" * 1_000_000)
        await say(client, f"homes/{home}/bed-1", b'{"seq":1,"kind":"bed","value":"out","battery":NaN}')
        await say(client, f"homes/{home}/bed-1", bed(1))
        await stored(database, 1)
    sizes = await rows(database, "select size, octet_length(payload) from rejected_messages order by size")
    assert sizes == [(50, 50), (1_000_000, 4096)]


async def test_a_press_overtakes_a_backlog_and_time_waits_for_it(
    database: AsyncConnectionPool, database_url: str, broker: BrokerAddress, home: str
) -> None:
    name, backlog = unique("gateway"), 6000
    async with running(database_url, broker, name, keep=True):
        await subscribed(database)
    before = await count(database, "select max(position) from log")
    async with hub(broker) as client:
        await say_all(client, f"homes/{home}/bed-1", [bed(number) for number in range(backlog)])
        await say(client, f"urgent/{home}/pendant-1", PRESS)
    async with running(database_url, broker, name):
        await stored(database, backlog + 1, 60)
        await until(lambda: _ticked_after(database, before))
    assert await count(database, BEFORE_THE_PRESS) < backlog / 2
    last = await count(database, "select max(position) from log where kind = 'readings'")
    ticks = await rows(database, "select position, entries from log where kind = 'tick' and position > %s", before)
    assert all(position > last for position, _ in ticks), "a tick came before the backlog was stored"
    (first,) = unpack(ticks[0][1])
    assert isinstance(first, Tick)
    assert not first.behind
    assert first.hearing_since


async def test_killed_in_mid_batch_again_and_again_loses_nothing_and_doubles_nothing(
    database: AsyncConnectionPool, database_url: str, any_broker: BrokerAddress, home: str
) -> None:
    name, number = unique("gateway"), 3000
    async with running(database_url, any_broker, name, keep=True):
        await subscribed(database)
    async with hub(any_broker) as client:
        await say_all(client, f"homes/{home}/bed-1", [bed(each) for each in range(number)])
    async with database.connection() as connection, connection.transaction():
        await connection.execute("lock table readings in exclusive mode")
        async with process(database_url, any_broker, name):
            await until(lambda: _waits_for_a_lock(database))  # killed with a batch not committed
    for goal in (1, 1500):
        async with process(database_url, any_broker, name):
            await stored(database, goal)  # killed as its commit shows, acknowledged or not
    async with process(database_url, any_broker, name):
        await stored(database, number)
    await forget(any_broker, name)
    assert await count(database, READINGS) == number
    assert sorted(entry.seq for entry in await told(database)) == list(range(number))


async def test_the_database_away_the_broker_holds_what_comes_until_it_is_back(
    tmp_path: Path, broker: BrokerAddress
) -> None:
    async with embedded_database(tmp_path) as server:
        async with pool(server.url, name="test") as connections, connections.connection() as connection:
            await migrate(connection)
            await add_home(connections, "h1")
        async with wire(broker) as line, running(server.url, line.address, unique("gateway")):
            async with pool(server.url, name="test") as connections:
                await subscribed(connections)
            server.kill()
            async with hub(broker) as client:
                await say(client, "homes/h1/bed-1", bed(0))
                await say(client, "urgent/h1/pendant-1", PRESS)
                await until(lambda: _disconnected(line.sent, 2))
                for number in range(1, 49):
                    await say(client, "homes/h1/bed-1", bed(number))
            assert line.sent[DISCONNECT] == 2, "both sessions are to stay away, cleanly"
            await server.restart()
            async with pool(server.url, name="test") as connections:
                await stored(connections, 50)
                assert await count(connections, READINGS) == 50


async def test_started_before_its_broker_and_database_it_waits_for_both(tmp_path: Path) -> None:
    async with embedded_database(tmp_path) as server, embedded_broker(tmp_path) as broker:
        async with pool(server.url, name="test") as connections, connections.connection() as connection:
            await migrate(connection)
            await add_home(connections, "h1")
        address = BrokerAddress(
            broker.host, broker.port, broker.gateway_user, broker.gateway_password, broker.gateway_url
        )
        broker.kill()
        server.kill()
        async with running(server.url, address, unique("gateway")):
            await asyncio.sleep(0.5)
            await broker.restart()
            await server.restart()
            async with pool(server.url, name="test") as connections, hub(address) as client:
                await subscribed(connections)
                await say(client, "homes/h1/bed-1", bed(1))
                await stored(connections, 1)


async def test_a_broker_killed_with_messages_in_flight_gives_its_ids_out_anew_and_nothing_is_mistaken(
    database: AsyncConnectionPool, database_url: str, tmp_path: Path, home: str
) -> None:
    """What has a number counts once, and nothing is missing.

    The broker forgets the last of what it had given out, and gives that out again unmarked: a reading with
    neither time nor number may then count twice.
    """
    async with embedded_broker(tmp_path) as broker:
        address = BrokerAddress(
            broker.host, broker.port, broker.gateway_user, broker.gateway_password, broker.gateway_url
        )
        async with running(database_url, address, unique("gateway")):
            await subscribed(database)
            async with database.connection() as connection, connection.transaction():
                await connection.execute("lock table readings in exclusive mode")
                async with hub(address) as client:
                    for number in range(30):
                        await say(client, f"homes/{home}/zigbee2mqtt/Küche/Fenster", WINDOW)
                        await say(client, f"homes/{home}/bed-1", bed(number))
                await until(lambda: _waits_for_a_lock(database))
                broker.kill()
            await broker.restart()
            async with hub(address) as client:
                await say_all(client, f"homes/{home}/bed-1", [bed(number) for number in range(30, 60)])
            await stored(database, 90)
            await asyncio.sleep(4)  # past ack_wait: what is to come again has come
    readings = await told(database)
    assert sorted(entry.seq for entry in readings if entry.kind == "bed") == list(range(60))
    assert 30 <= sum(entry.kind == "door" for entry in readings) <= 60


async def _waits_for_a_lock(database: AsyncConnectionPool) -> bool:
    return await count(database, "select count(*) from pg_locks where not granted") > 0


async def _heard(database: AsyncConnectionPool) -> bool:
    return len(await presses(database)) == 1


async def _acknowledged(sent: Any, number: int) -> bool:
    return bool(sent[PUBACK] >= number)


async def _disconnected(sent: Any, number: int) -> bool:
    return bool(sent[DISCONNECT] >= number)


async def _ticked_after(database: AsyncConnectionPool, position: int) -> bool:
    return await count(database, "select count(*) from log where kind = 'tick' and position > %s", position) > 0


@asynccontextmanager
async def process(database_url: str, broker: BrokerAddress, name: str) -> AsyncIterator[None]:
    """Run `telecare gateway` as its own process, killed with SIGKILL at the end of the block."""
    environment = os.environ | {
        "TELECARE_DATABASE_URL": database_url,
        "TELECARE_MQTT_URL": broker.url,
        "TELECARE_GATEWAY": name,
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telecare", "gateway", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
        assert started.returncode is None, "the gateway ended by itself"
    finally:
        started.send_signal(signal.SIGKILL)
        await started.wait()
