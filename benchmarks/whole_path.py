"""Readings a second from publish to stepped, beside the bare path: the first figure.

Publisher, broker, PostgreSQL, gateway and monitor are processes of their own. `Stepped` is when the monitor's
cursor has reached the log row that holds the last reading. Both paths alternate within one run, so that what
else the machine does falls on both alike.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import aiomqtt
from psycopg import AsyncConnection

from benchmarks.bare_path import CLIENT_ID, TABLE
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.people_file import parse
from schema.people_load import load

READINGS = 20_000
HOMES = 100
ROUNDS = 3
_LIMIT_SECONDS = 60

_PEOPLE = """
homes:
{homes}
people:
{people}
"""
_HOME = """
  - id: bench-{n}
    zone: Europe/London
    devices:
      - {{id: hub, kind: hub}}
      - {{id: bed-1, kind: bed, room: bedroom}}
      - {{id: door-1, kind: door, room: hall, exit: true}}
      - {{id: motion-1, kind: motion, room: hall}}
"""
_PERSON = """
  - id: person-{n}
    name: Bench {n}
    home: bench-{n}
    care_plan:
      rules:
        - {{rule: button}}
        - {{rule: bed_exit, between: "22:00-07:00", longer_than: 20m}}
        - {{rule: inactivity, between: "07:00-22:00", longer_than: 4h}}
        - {{rule: wandering, between: "22:00-06:00", longer_than: 10m}}
        - {{rule: door_open, longer_than: 15m}}
        - {{rule: silence, device: hub, longer_than: 30m}}
"""


class Pair(NamedTuple):
    """One round: readings a second by either path."""

    bare: float
    whole: float


class BrokenPromiseError(Exception):
    """A reading was lost or doubled while it was measured."""


async def measure(folder: Path, readings: int = READINGS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Run the rounds, and return the figure as bench.json holds it."""
    async with (
        embedded_database(folder) as database,
        embedded_broker(folder) as broker,
        await AsyncConnection.connect(database.url, autocommit=True) as connection,
    ):
        await migrate(connection)
        await _load_people(connection)
        await connection.execute(TABLE)
        bench = Bench(database.url, broker, connection, readings)
        pairs = [Pair(await bench.bare(), await bench.whole()) for _ in range(rounds)]
    whole, bare = median(pair.whole for pair in pairs), median(pair.bare for pair in pairs)
    return {
        "value": round(whole),
        "unit": "readings/s from publish to stepped",
        "floor": round(bare),
        "ratio": round(median(pair.whole / pair.bare for pair in pairs), 2),
        "runs": [{"value": round(pair.whole), "floor": round(pair.bare)} for pair in pairs],
    }


class Bench:
    """The two paths on one database and broker."""

    def __init__(self, database_url: str, broker: EmbeddedBroker, connection: AsyncConnection, readings: int) -> None:
        self._database_url = database_url
        self._broker = broker
        self._connection = connection
        self._readings = readings

    async def bare(self) -> float:
        """Return readings a second from publish to stored by the bare path."""
        await self._connection.execute("truncate bare")
        async with process("benchmarks.bare_path", self._database_url, self._broker.gateway_url) as running:
            assert running.stdout is not None
            await running.stdout.readline()
            began = await self._publish()
            await self._until(self._all_in("select count(*) from bare"))
            took = monotonic() - began
        await self._forget(CLIENT_ID)
        return self._readings / took

    async def whole(self) -> float:
        """Return readings a second from publish to stepped by ours."""
        await self._connection.execute("truncate readings")
        environment = {
            "TELECARE_DATABASE_URL": self._database_url,
            "TELECARE_MQTT_URL": self._broker.gateway_url,
            "TELECARE_GATEWAY": "bench",
        }
        async with process("telecare", "gateway", **environment), process("telecare", "monitor", **environment):
            ticks = await self._number("select count(*) from log where kind = 'tick'")
            await self._until(lambda: self._ticked(ticks))
            began = await self._publish()
            await self._until(self._all_in("select count(*) from readings"))
            head = await self._number("select max(position) from log where kind = 'readings'")
            await self._until(lambda: self._stepped(head))
            took = monotonic() - began
        if await self._number("select count(*) from readings") != self._readings:
            raise BrokenPromiseError("readings were doubled on the whole path")
        for lane in ("urgent", "ordinary"):
            await self._forget(f"telecare-bench-{lane}")
        return self._readings / took

    async def _publish(self) -> float:
        """Publish everything from a process of its own; return when it began."""
        arguments = (self._broker.gateway_url, str(self._readings), str(HOMES))
        async with process("benchmarks.publisher", *arguments) as running:
            assert running.stdout is not None
            return float(await running.stdout.readline())

    def _all_in(self, query: str) -> Callable[[], Awaitable[bool]]:
        async def holds() -> bool:
            return await self._number(query) >= self._readings

        return holds

    async def _ticked(self, before: int) -> bool:
        return await self._number("select count(*) from log where kind = 'tick'") > before + 1

    async def _stepped(self, head: int) -> bool:
        return await self._number("select coalesce(min(position), 0) from monitor_cursors") >= head

    async def _number(self, query: str) -> int:
        row = await (await self._connection.execute(query.encode())).fetchone()
        assert row is not None
        return int(row[0])

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise BrokenPromiseError(f"not all readings came through within {_LIMIT_SECONDS} s") from error

    async def _forget(self, client_id: str) -> None:
        broker = self._broker
        login = {"username": broker.gateway_user, "password": broker.gateway_password}
        async with aiomqtt.Client(broker.host, broker.port, identifier=client_id, clean_session=True, **login):
            pass


@asynccontextmanager
async def process(module: str, *arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module as a process for as long as the block lasts."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE if not environment else asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL if environment else None,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
            await started.wait()


async def _load_people(connection: AsyncConnection) -> None:
    homes = "".join(_HOME.format(n=n) for n in range(HOMES))
    people = "".join(_PERSON.format(n=n) for n in range(HOMES))
    file = parse(_PEOPLE.format(homes=homes, people=people), "bench.yaml")
    await load(connection, file, by="bench", at=SystemClock().now())
