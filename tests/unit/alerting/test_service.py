"""Alerting as a process of its own: it lives through a database that is away, and ends when asked to."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import psycopg
from psycopg_pool import AsyncConnectionPool

from runtime.clock import SystemClock
from runtime.database import pool
from runtime.embedded import EmbeddedDatabase
from tests.conftest import TEMPLATE
from tests.unit.alerting.house import House

SERVE = """
import asyncio
from alerting.service import serve
from runtime.settings import Settings
asyncio.run(serve(Settings()))
"""


@asynccontextmanager
async def _alerting(url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    surroundings = {**os.environ, "TELECARE_DATABASE_URL": url, "TELECARE_HTTP_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, env=surroundings)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        async with httpx.AsyncClient() as client:
            return bool((await client.get(f"{url}/ready", timeout=2)).json().get("live"))  # no gateway lives here
    return False


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process tells us nothing: it is polled
            await asyncio.sleep(0.02)


async def _press(house: House) -> float:
    """Have Ada press; return how many seconds passed until her alarm was at the desk."""
    before = await house.value("select count(*) from notifications where channel = 'console'")
    house.clock.at = SystemClock().now()
    await house.finds("button", subject=f"person-{before}", run=False)
    started = time.perf_counter()
    await house.do("notify findings")

    async def at_the_desk() -> bool:
        return await house.value("select count(*) from notifications where channel = 'console'") == before + 1

    await _until(at_the_desk)
    return time.perf_counter() - started


async def test_a_press_is_at_the_desk_at_once_and_a_lost_connection_is_made_good(
    database: AsyncConnectionPool, database_url: str
) -> None:
    house = House(database)
    async with _alerting(database_url) as (process, url):
        await _until(lambda: _answers(url))
        assert await _press(house) < 5
        await house.do("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'alerting'")
        assert await _press(house) < 15
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0


async def test_started_before_its_database_it_waits_for_it(server: EmbeddedDatabase) -> None:
    name = "comes_later"
    async with _alerting(server.url_for(name)) as (process, url):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 2)
        assert process.returncode is None
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"create database {name} template {TEMPLATE}")
        await _until(lambda: _answers(url), 60)
        async with pool(server.url_for(name), name="test") as connections:
            assert await _press(House(connections)) < 15
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
