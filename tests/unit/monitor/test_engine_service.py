"""The monitor as a service: awake at once, alive through the database's absence, and stopped cleanly."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise

import pytest
from psycopg import AsyncConnection

from monitor.checkpoint import restore
from monitor.fold import Fold
from monitor.service import watch
from runtime.clock import SystemClock
from runtime.database import Listener
from runtime.embedded import EmbeddedDatabase
from schema.entries import Tick
from schema.instants import SECOND
from tests.conftest import TEMPLATE
from tests.unit.monitor.small_core import home_set, moves, person_set, plan_set, press
from tests.unit.monitor.stored_log import cursors, store, written

ALL = list(range(16))


@pytest.fixture
async def service(database_url: str) -> AsyncIterator["asyncio.Task[None]"]:
    """Give the service, running."""
    listener = Listener(database_url, ["log"])
    listening = asyncio.create_task(listener.run())
    watching = asyncio.create_task(watch(database_url, listener, SystemClock()))
    try:
        yield watching
    finally:
        for task in (watching, listening):
            task.cancel()
        await asyncio.gather(watching, listening, return_exceptions=True)


async def _until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.005)


async def _read_up_to(connection: AsyncConnection, position: int) -> None:
    async def there() -> bool:
        return bool(standing := await cursors(connection)) and min(standing) >= position

    await _until(there, f"the cursors at {position}")


async def test_a_press_is_found_within_moments_of_its_commit(
    service: "asyncio.Task[None]", connection: AsyncConnection
) -> None:
    now = SystemClock().now()
    await _read_up_to(connection, await store(connection, now, home_set(), person_set(), plan_set()))
    position = await store(connection, now + SECOND, press(now + SECOND))
    begun = time.monotonic()
    await _read_up_to(connection, position)
    assert time.monotonic() - begun < 0.5  # a poll alone would take up to 1 s; the figure is benchmarks' to tell
    assert [row[1] for row in await written(connection)] == ["ada"]


async def test_the_service_outlives_its_connection_and_misses_nothing(
    service: "asyncio.Task[None]", connection: AsyncConnection
) -> None:
    now = SystemClock().now()
    await _read_up_to(connection, await store(connection, now, home_set(), person_set(), plan_set()))
    for turn in range(1, 4):
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        at = now + turn * SECOND
        await _read_up_to(connection, await store(connection, at, moves(at), press(at)))
    assert len(await written(connection)) == 3
    assert not service.done()


async def test_started_before_its_database_it_waits_for_it(server: EmbeddedDatabase) -> None:
    url = server.url_for("late")
    listener = Listener(url, ["log"])
    tasks = [asyncio.create_task(work) for work in (listener.run(), watch(url, listener, SystemClock()))]
    try:
        await asyncio.sleep(0.1)  # it has tried by then, or tries later: either must do
        async with await AsyncConnection.connect(server.url, autocommit=True) as administrator:
            await administrator.execute(f"create database late template {TEMPLATE}".encode())
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await _read_up_to(connection, await store(connection, SystemClock().now(), home_set(), person_set()))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with await AsyncConnection.connect(server.url, autocommit=True) as administrator:
            await administrator.execute("drop database if exists late with (force)")


async def test_asked_to_stop_it_saves_a_checkpoint_so_that_nothing_is_left_to_replay(
    service: "asyncio.Task[None]", connection: AsyncConnection
) -> None:
    now = SystemClock().now()
    position = await store(connection, now, home_set(), person_set(), plan_set())
    await _read_up_to(connection, position)
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)
    assert (await restore(connection, ALL, Fold)).position == max(await cursors(connection)) >= position


async def test_with_no_gateway_it_ticks_for_itself_and_says_who_cannot_be_seen(
    service: "asyncio.Task[None]", connection: AsyncConnection
) -> None:
    """Real seconds: five of silence, then the monitor's own ticks, a second apart."""
    await store(connection, SystemClock().now(), Tick())

    async def ticked() -> bool:
        row = await (await connection.execute("select count(*) from log where kind = 'tick'")).fetchone()
        return row is not None and row[0] >= 4

    await _until(ticked, "three ticks of the monitor's own")
    rows = await connection.execute("select committed_at from log order by position")
    times = [row[0].timestamp() for row in await rows.fetchall()]
    assert times[1] - times[0] > 4.5
    assert all(later - earlier > 0.7 for earlier, later in pairwise(times[1:]))
