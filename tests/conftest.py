"""What tests stand on: the real PostgreSQL and the real brokers, one of each a run, and for each test a fresh database.

The servers are shared by a run's tests: use client ids, homes and names of your own, and start your own
(`embedded_database(tmp_path)`, `embedded_broker(tmp_path)`) where a test restarts or kills one.
"""

import asyncio
import itertools
import os
import shutil
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, NamedTuple

import psycopg
import pytest
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from runtime.database import pool
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase
from runtime.migrate import migrate
from tests import mosquitto as mosquitto_broker
from tests.scratch import scratch_folder

TEMPLATE = "migrated"

# Tests start some two hundred processes of ours: what Python has compiled for one, whatever the shell says, serves all.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A command that a test runs in here configures logs for its process. Loggers that were used then would keep that for
# good, and `capture_logs` of a later test would hear nothing of them.
_configure = structlog.configure
structlog.configure = lambda **given: _configure(**given | {"cache_logger_on_first_use": False})  # type: ignore[assignment]

_numbers = itertools.count(1)
_without_mosquitto: list[str] = []


class BrokerAddress(NamedTuple):
    """A running broker, and a user who may publish and subscribe everything."""

    host: str
    port: int
    user: str
    password: str
    url: str


@pytest.fixture(autouse=True)
def usual_logs() -> Iterator[None]:
    """Leave logs as they were before: a command run in here sets their form and level for the whole process."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedDatabase]:
    """Give the run's PostgreSQL, with a migrated database to copy."""
    folder = scratch_folder("telecare-tests-")
    started = EmbeddedDatabase(folder)
    try:
        _run(started.start())
        _run(_make_template(started))
        yield started
    finally:
        _run(started.stop())
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_database_url(server: EmbeddedDatabase) -> Iterator[str]:
    """Give a database of this test's own with nothing in it."""
    yield from fresh_database(server, "template1")


@pytest.fixture
def database_url(server: EmbeddedDatabase) -> Iterator[str]:
    """Give a database of this test's own, migrated and empty."""
    yield from fresh_database(server, TEMPLATE)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    """Give an open pool on this test's own database."""
    async with pool(database_url, name="test", size=8) as connections:
        yield connections


@pytest.fixture(scope="session")
def broker() -> Iterator[BrokerAddress]:
    """Give the run's NATS, speaking MQTT, with JetStream."""
    folder = scratch_folder("telecare-tests-")
    started = EmbeddedBroker(folder)
    try:
        _run(started.start())
        yield BrokerAddress(
            started.host, started.port, started.gateway_user, started.gateway_password, started.gateway_url
        )
    finally:
        _run(started.stop())
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[BrokerAddress]:
    """Give the run's Mosquitto; tests that use it are marked `mosquitto`, and named as not run where there is none."""
    program = mosquitto_broker.find()
    if program is None:
        pytest.skip("Mosquitto is not here; `python -m tests.prepare` tries to fetch it")
    folder = scratch_folder("telecare-tests-")
    started = mosquitto_broker.Mosquitto(program, folder, saving="autosave_interval 10")  # no test kills this one
    try:
        _run(started.start())
        yield BrokerAddress(started.host, started.port, started.user, started.password, started.url)
    finally:
        _run(started.stop())
        shutil.rmtree(folder, ignore_errors=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember the tests that want of Mosquitto kept from running."""
    if report.skipped and "mosquitto" in report.keywords:
        _without_mosquitto.append(report.nodeid)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Name them in the very last line."""
    if _without_mosquitto and not hasattr(config, "workerinput"):
        names = ", ".join(_without_mosquitto)
        print(f"\nNot run, as Mosquitto could be neither found nor installed: {names}")  # noqa: T201 - the run's last word


def fresh_database(server: EmbeddedDatabase, template: str) -> Iterator[str]:
    """Copy the template under a name of its own, give its URL, and drop it; `yield from` it in a fixture."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} strategy file_copy")  # quick without fsync
        yield server.url_for(name)
        connection.execute(f"drop database {name} with (force)")


async def _make_template(server: EmbeddedDatabase) -> None:
    async with await AsyncConnection.connect(server.url, autocommit=True) as connection:
        # A test's database need outlive a killed process, not a power cut: dropping one would wait for the disk.
        await connection.execute("alter system set fsync = off")
        await connection.execute("select pg_reload_conf()")
        await connection.execute(f"create database {TEMPLATE}")
    async with await AsyncConnection.connect(server.url_for(TEMPLATE), autocommit=True) as connection:
        await migrate(connection)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run it to its end outside the tests' own event loops, which live no longer than a test."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(work)
