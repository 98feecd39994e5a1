"""Readings a second from publish to stepped, beside the bare path, and the CPU that either takes for one.

Publisher, broker, PostgreSQL, gateway and monitor are processes of their own; the publisher's CPU is no part of
the figures. `Stepped` is when the monitor's cursor has reached the log row that holds the last reading. Both paths
alternate within one run, so that what else the machine does falls on both alike.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from benchmarks import cpu
from benchmarks.bare_path import LANE, TABLE
from benchmarks.figure import BrokenPromiseError, Figure, Progress, Run, Target
from benchmarks.lives import Said, said
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase, embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.people_file import parse
from schema.people_load import load

READINGS = 20_000
ALTERNATIONS = 15
HOMES = 100
_LIMIT_SECONDS = 180  # a busy machine is slow, and no reading is lost for that
_LOOK_SECONDS = 0.02

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


# Cheap to ask, fifty times a second: by the key of the last reading that is published.
_TICKS = "select count(*) from log where kind = 'tick'"
_LAST_IN_BARE = "select exists (select from bare where topic = %s and seq = %s)"
_LAST_STEPPED = """
    select (select min(position) from monitor_cursors) >= (
        select position from log where batch = (
            select batch from readings
            where device = (select number from devices where home = %s and id = %s) and seq = %s
                  and observed_at between now() - interval '1 hour' and now() + interval '1 hour'))
"""


class Measured(NamedTuple):
    """One run of a path: how long it took, and the CPU seconds of each process group."""

    seconds: float
    used: dict[str, float]


async def measure(folder: Path, progress: Progress) -> dict[str, Figure]:
    """Alternate the two paths, and return the figures; some two minutes."""
    progress.expect(2 + ALTERNATIONS)
    progress.step("starting database, broker and both paths")
    async with (
        embedded_database(folder) as database,
        embedded_broker(folder) as broker,
        await AsyncConnection.connect(database.url, autocommit=True) as connection,
    ):
        await migrate(connection)
        await _load_people(connection)
        await connection.execute(TABLE)
        async with Bench(database, broker, connection).running() as bench:
            progress.step("warming up")
            await bench.pair(bare_first=True)
            pairs = []
            for number in range(ALTERNATIONS):
                progress.step(f"{READINGS:,} readings each way, {number + 1} of {ALTERNATIONS}")
                pairs.append(await bench.pair(bare_first=number % 2 == 0))
            await bench.check_all_there()
    return figures(pairs)


def figures(pairs: list[tuple[Measured, Measured]]) -> dict[str, Figure]:
    """Return what bare and whole runs, side by side, come to."""

    def runs(of: Callable[[Measured], float]) -> tuple[Run, ...]:
        return tuple(Run(of(whole), of(bare)) for bare, whole in pairs)

    def group(name: str) -> Callable[[Measured], float]:
        return lambda measured: measured.used[name] / READINGS * 1_000_000

    return {
        "readings_per_second": Figure(
            "readings/s from publish to stepped",
            runs(lambda measured: READINGS / measured.seconds),
            Target(at_least=0.8, ratio=True),
        ),
        "readings_per_cpu_second": Figure(
            "readings a CPU second",
            runs(lambda measured: READINGS / sum(measured.used.values())),
            Target(at_least=0.85, ratio=True),
        ),
        "broker_cpu": Figure("us of CPU a reading", runs(group("broker"))),
        "database_cpu": Figure("us of CPU a reading", runs(group("database"))),
        "gateway_cpu": Figure("us of CPU a reading", runs(group("gateway"))),
        "monitor_cpu": Figure("us of CPU a reading", tuple(Run(group("monitor")(whole)) for _, whole in pairs)),
    }


class Bench:
    """The two paths side by side on one database and broker: while one is measured, the other stands still."""

    def __init__(self, database: EmbeddedDatabase, broker: EmbeddedBroker, connection: AsyncConnection) -> None:
        self._database = database
        self._broker = broker
        self._connection = connection
        self._bare: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._published = 0  # on either path

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bench"]:
        """Have both paths ready for as long as the block lasts."""
        environment = {
            "TELECARE_DATABASE_URL": self._database.url,
            "TELECARE_MQTT_URL": self._broker.gateway_url,
            "TELECARE_GATEWAY": "bench",
        }
        async with (
            process("benchmarks.bare_path", self._database.url, self._broker.gateway_url) as bare,
            process("telecare", "gateway", **environment) as gateway,
            process("telecare", "monitor", **environment) as monitor,
        ):
            assert bare.stdout is not None
            await bare.stdout.readline()
            await self._ticks()
            self._bare = {"gateway": bare.pid}
            self._whole = {"gateway": gateway.pid, "monitor": monitor.pid}
            try:
                yield self
            finally:
                _signal(self._bare, signal.SIGCONT)
                _signal(self._whole, signal.SIGCONT)

    async def pair(self, *, bare_first: bool) -> tuple[Measured, Measured]:
        """Send the same readings by the bare path and by ours, one after the other: which is first matters little."""
        if bare_first:
            bare = await self._by_bare()
            whole = await self._by_whole()
        else:
            whole = await self._by_whole()
            bare = await self._by_bare()
        self._published += READINGS
        return bare, whole

    async def check_all_there(self) -> None:
        """See that nothing was lost on either path, and nothing doubled: BrokenPromiseError."""
        for table in ("bare", "readings"):
            number = await self._number(f"select count(*) from {table}")
            if number != self._published:
                raise BrokenPromiseError(f"of {self._published} readings published, {table} has {number}")

    async def _by_bare(self) -> Measured:
        """Measure from publish to stored."""
        home, name, *_ = self._last()
        _signal(self._whole, signal.SIGSTOP)
        measured = await self._measure(LANE, self._bare, _LAST_IN_BARE, (f"{LANE}/{home}/{name}", self._last_number))
        _signal(self._whole, signal.SIGCONT)
        await self._ticks()
        return measured

    async def _by_whole(self) -> Measured:
        """Measure from publish to stepped."""
        home, name, *_ = self._last()
        _signal(self._bare, signal.SIGSTOP)
        measured = await self._measure("homes", self._whole, _LAST_STEPPED, (home, name, self._last_number))
        _signal(self._bare, signal.SIGCONT)
        return measured

    @property
    def _last_number(self) -> int:
        return self._published + READINGS - 1

    def _last(self) -> Said:
        return said(self._last_number, HOMES)

    async def _ticks(self) -> None:
        """Wait until our path is at its ease: nothing waits in it, and the log ticks."""
        before = await self._number(_TICKS)
        await self._until(lambda: self._ticked(before))

    async def _measure(self, lane: str, pids: dict[str, int], arrived: str, last: tuple[Any, ...]) -> Measured:
        """Publish everything from a process of its own, and measure until the last of it has arrived."""
        pids = pids | {"broker": self._broker.pid, "database": self._database.pid}
        before = self._used(pids)
        arguments = (self._broker.gateway_url, str(READINGS), str(HOMES), str(self._published), lane)
        async with process("benchmarks.publisher", *arguments) as running:
            await self._until(lambda: self._holds(arrived, last))
            ended = monotonic()
            assert running.stdout is not None
            began = float(await running.stdout.readline())
            used = {name: seconds - before[name] for name, seconds in self._used(pids).items()}
        return Measured(ended - began, used)

    def _used(self, pids: dict[str, int]) -> dict[str, float]:
        """Return the CPU seconds used by each, our own questions to the database taken off."""
        used = {name: cpu.seconds(pid) for name, pid in pids.items()}
        used["database"] -= cpu.seconds(self._connection.info.backend_pid)
        return used

    async def _holds(self, query: str, arguments: tuple[Any, ...]) -> bool:
        row = await (await self._connection.execute(query.encode(), arguments)).fetchone()
        return row is not None and bool(row[0])

    async def _ticked(self, before: int) -> bool:
        return await self._number(_TICKS) > before

    async def _number(self, query: str) -> int:
        row = await (await self._connection.execute(query.encode())).fetchone()
        assert row is not None
        return int(row[0])

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError as error:
            raise BrokenPromiseError(f"not all readings came through within {_LIMIT_SECONDS} s") from error


def _signal(pids: dict[str, int], number: signal.Signals) -> None:
    for pid in pids.values():
        os.kill(pid, number)


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
