"""A real gateway process with its database away: it notices by itself, reads no further, and its memory stays flat."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from benchmarks import publisher
from runtime.database import pool
from runtime.embedded import EmbeddedBroker, embedded_broker, embedded_database
from runtime.migrate import migrate
from tests.conftest import BrokerAddress
from tests.unit.gateway.house import add_home, count, hub, say, subscribed, until
from tests.unit.gateway.scripted_broker import CONNACK, SUBACK, Line, broker, publish

BACKLOG = 100_000
MEGABYTE = 1_000_000
FLAT = 30 * MEGABYTE  # 4,000 messages and what they are decoded to; all 100,000 would be more than twice that
DEVICES = (("hub", "hub"), ("motion-1", "motion"), ("bed-1", "bed"), ("door-1", "door"), ("pendant-1", "button"))
BEFORE_THE_PRESS = """
    select count(*) from readings join log using (batch) where log.position < (
        select position from log join readings using (batch) where readings.kind = 'button')
"""


class Running:
    """A `telecare gateway` of its own, with what it says and how much memory it holds."""

    def __init__(self, pid: int, said: Path) -> None:
        self._process = psutil.Process(pid)
        self._said = said
        self.most = 0

    def memory(self) -> int:
        """Return its resident memory in bytes; `most` remembers the largest."""
        resident: int = self._process.memory_info().rss
        self.most = max(self.most, resident)
        return resident

    async def says(self, action: str, times: int) -> None:
        """Wait until its log has said that so often, watching its memory meanwhile."""

        async def said() -> bool:
            self.memory()
            return self._said.read_text().count(f'"{action}"') >= times

        await until(said, 60)


@asynccontextmanager
async def gateway(folder: Path, database_url: str, mqtt_url: str) -> AsyncIterator[Running]:
    environment = {
        "TELECARE_DATABASE_URL": database_url,
        "TELECARE_MQTT_URL": mqtt_url,
        "TELECARE_GATEWAY": "pressed",
        "TELECARE_LOG_FORMAT": "json",
    }
    with (folder / "gateway.log").open("wb") as said:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "telecare", "gateway", env=os.environ | environment, stdout=said, stderr=said
        )
    try:
        yield Running(started.pid, folder / "gateway.log")
        assert started.returncode is None, "the gateway ended by itself"
    finally:
        started.send_signal(signal.SIGKILL)
        await started.wait()


async def test_an_idle_gateway_notices_that_its_database_is_gone_and_a_backlog_waits_at_the_broker(
    tmp_path: Path,
) -> None:
    """Told by nobody; 100,000 messages later its memory is flat, and then a press overtakes all of them."""
    async with embedded_database(tmp_path) as server, embedded_broker(tmp_path) as nats:
        async with pool(server.url, name="test") as connections:
            async with connections.connection() as connection:
                await migrate(connection)
            await add_home(connections, "bench-0", DEVICES)
        async with gateway(tmp_path, server.url, nats.gateway_url) as running:
            async with pool(server.url, name="test") as connections:
                await subscribed(connections)
            before = running.memory()
            server.kill()
            await running.says("broker_held", 2)
            await publisher.publish(nats.gateway_url, BACKLOG, 1)
            running.memory()
            assert running.most - before < FLAT
            await server.restart()
            async with hub(address(nats)) as client, pool(server.url, name="test") as connections:
                await say(client, "urgent/bench-0/pendant-1", {"seq": 1, "kind": "button", "value": "pressed"})

                async def drained() -> bool:
                    running.memory()
                    return await count(connections, "select count(*) from readings") >= BACKLOG + 1

                await until(drained, 240)
                assert await count(connections, "select count(*) from readings") == BACKLOG + 1
                assert await count(connections, BEFORE_THE_PRESS) < BACKLOG / 5
            assert running.most - before < FLAT


def address(nats: EmbeddedBroker) -> BrokerAddress:
    return BrokerAddress(nats.host, nats.port, nats.gateway_user, nats.gateway_password, nats.gateway_url)


async def test_a_broker_that_keeps_to_no_window_fills_no_memory(tmp_path: Path) -> None:
    """Of 400,000 messages poured in, it reads no more than it may hold: the rest stays on the other side."""
    flooding = asyncio.Event()

    async def flood(line: Line) -> None:
        await line.say(CONNACK + SUBACK)
        await flooding.wait()
        for start in range(0, 4 * BACKLOG, 1000):
            await line.say(b"".join(publish(n % 65_535 + 1, b"x" * 100) for n in range(start, start + 1000)))

    async with (
        embedded_database(tmp_path) as server,
        broker(flood) as (_, port),
        pool(server.url, name="test") as connections,
        connections.connection() as connection,
    ):
        await migrate(connection)
        async with gateway(tmp_path, server.url, f"mqtt://test:test@127.0.0.1:{port}") as running:
            await running.says("broker_connected", 2)
            before = running.memory()
            async with connection.transaction():
                await connection.execute("lock table rejected_messages in access exclusive mode")  # nothing is stored
                flooding.set()
                for _ in range(30):
                    await asyncio.sleep(0.1)
                    running.memory()
            assert running.most - before < FLAT
