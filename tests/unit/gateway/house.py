"""A house for the gateway's tests: a home with devices, a hub that publishes, a gateway that runs beside the test."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiomqtt
from psycopg_pool import AsyncConnectionPool

from gateway.service import tasks
from runtime.clock import Clock, SystemClock
from schema.entries import Entry, ReadingEntry, Tick, UnregisteredPress, unpack
from tests.conftest import BrokerAddress

_numbers = itertools.count(1)

DEVICES = (
    ("hub", "hub", "own", None),
    ("pendant-1", "button", "own", None),
    ("bed-1", "bed", "own", None),
    ("motion-1", "motion", "own", None),
    ("belt-1", "acceleration", "own", None),
    ("window", "door", "zigbee2mqtt", "Küche/Fenster"),
)


def unique(word: str) -> str:
    """Return a name that no other test uses on the shared broker."""
    return f"{word}-{next(_numbers)}-gw"


async def add_home(database: AsyncConnectionPool, home: str, devices: Sequence[tuple[Any, ...]] = DEVICES) -> None:
    async with database.connection() as connection:
        await connection.execute("insert into homes (id, zone) values (%s, 'Europe/London')", (home,))
    for device in devices:
        await add_device(database, home, *device)


async def add_device(database: AsyncConnectionPool, home: str, device: str, kind: str, *naming: str | None) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "insert into devices (home, id, kind, dialect, address) values (%s, %s, %s, %s, %s)",
            (home, device, kind, *(*naming, *("own", None)[len(naming) :])),
        )


async def rows(database: AsyncConnectionPool, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(query.encode(), arguments)).fetchall()


async def count(database: AsyncConnectionPool, query: str, *arguments: Any) -> int:
    found: int = (await rows(database, query, *arguments))[0][0]
    return found


async def entries(database: AsyncConnectionPool) -> list[Entry]:
    """Return all that the log tells, ticks apart."""
    packed = await rows(database, "select entries from log where kind <> 'tick' order by position")
    return [entry for (row,) in packed for entry in unpack(row) if not isinstance(entry, Tick)]


async def told(database: AsyncConnectionPool) -> list[ReadingEntry]:
    return [entry for entry in await entries(database) if isinstance(entry, ReadingEntry)]


async def presses(database: AsyncConnectionPool) -> list[UnregisteredPress]:
    return [entry for entry in await entries(database) if isinstance(entry, UnregisteredPress)]


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait until it holds; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)


@asynccontextmanager
async def hub(broker: BrokerAddress, name: str | None = None) -> AsyncIterator[aiomqtt.Client]:
    """Connect as a home's hub would."""
    async with aiomqtt.Client(
        broker.host, broker.port, username=broker.user, password=broker.password, identifier=name or unique("hub")
    ) as client:
        yield client


async def say(client: aiomqtt.Client, topic: str, said: Any, *, qos: int = 1, retain: bool = False) -> None:
    payload = said if isinstance(said, bytes | str) else json.dumps(said)
    await client.publish(topic, payload, qos=qos, retain=retain)


async def say_all(client: aiomqtt.Client, topic: str, said: Sequence[Any]) -> None:
    """Say many things on one topic, some at a time."""
    for start in range(0, len(said), 50):
        async with asyncio.TaskGroup() as group:
            for each in said[start : start + 50]:
                group.create_task(say(client, topic, each))


@asynccontextmanager
async def running(
    database_url: str, broker: BrokerAddress, name: str, *, clock: Clock | None = None, keep: bool = False
) -> AsyncIterator[None]:
    """Run a gateway in this process; its sessions are forgotten afterwards unless they are to be kept."""
    work = [
        asyncio.create_task(task, name=label)
        for label, task in tasks(database_url, broker.url, name, clock or SystemClock()).items()
    ]
    try:
        yield
        failed = [task for task in work if task.done()]
        assert not failed, f"the gateway failed: {failed}"
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        if not keep:
            await forget(broker, name)


async def forget(broker: BrokerAddress, name: str) -> None:
    """Make the broker forget a gateway's sessions, and what waits in them."""
    for lane in ("ordinary", "urgent"):
        with suppress(aiomqtt.MqttError):
            async with aiomqtt.Client(
                broker.host,
                broker.port,
                username=broker.user,
                password=broker.password,
                identifier=f"telecare-{name}-{lane}",
                clean_session=True,
            ):
                pass


async def subscribed(database: AsyncConnectionPool) -> None:
    """Wait until the gateway has ticked: its sessions stand, and nothing waits."""
    await until(lambda: _ticked(database))


async def _ticked(database: AsyncConnectionPool) -> bool:
    return await count(database, "select count(*) from log where kind = 'tick'") > 0
