"""The service as it runs in production: gateway, monitor and alerting as processes, on a database and broker of ours.

Nothing is started again when it ends: in a soak, a process that dies is a promise broken.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from psycopg import AsyncConnection

from alerting.console.users import create_user
from benchmarks.soak import desk
from benchmarks.soak.estate import estate
from benchmarks.twilio_stand_in import ACCOUNT, SENDER, TOKEN
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase, EmbeddedError, embedded_broker, embedded_database
from runtime.embedded_process import OwnedProcess, private_folder
from runtime.migrate import migrate
from runtime.ports import free_port
from schema.people_load import load
from telecare.readiness import ready

ROOMS = ("gateway", "monitor", "alerting")
Leaks = Mapping[str, float]
"""MB an hour, by room, that a room is made to leak on purpose: to see the soak fail."""


class Service(NamedTuple):
    """What runs, and where."""

    database: EmbeddedDatabase
    broker: EmbeddedBroker
    rooms: dict[str, OwnedProcess]
    http: str
    data_dir: Path

    def ended(self) -> list[str]:
        """Name the processes that have ended by themselves."""
        return [name for name, process in self.rooms.items() if not process.running]

    def pids(self) -> dict[str, int]:
        """Return the process of each room and engine."""
        engines = {"database": self.database.pid, "broker": self.broker.pid}
        return {name: process.pid for name, process in self.rooms.items()} | engines


@asynccontextmanager
async def service(data_dir: Path, homes: int, twilio_url: str, leaks: Leaks) -> AsyncIterator[Service]:
    """Run it for as long as the block lasts, with everybody moved in and the whole way from broker to desk open."""
    async with (
        embedded_database(data_dir) as database,
        embedded_broker(data_dir) as broker,
    ):
        await _move_in(database.url, homes)
        http = f"http://127.0.0.1:{free_port()}"
        settings = _settings(database, broker, http, twilio_url, data_dir)
        rooms = {name: _room(name, data_dir, settings, leaks.get(name, 0.0)) for name in ROOMS}
        try:
            for room in rooms.values():
                await room.start()
            running = Service(database, broker, rooms, http, data_dir)
            await _open(running)
            yield running
        finally:
            for room in reversed(list(rooms.values())):
                await room.stop(15)


async def _open(running: Service) -> None:
    """Wait until the whole way is open; EmbeddedError with a room's last words where it ended instead."""
    opening = asyncio.ensure_future(ready(running.database.url, running.http, SystemClock()))
    try:
        while not opening.done():
            for name in running.ended():
                raise EmbeddedError(f"{name} ended at its start:\n{running.rooms[name].last_lines()}")
            await asyncio.wait([opening], timeout=0.5)
        await opening
    finally:
        opening.cancel()


async def _move_in(database_url: str, homes: int) -> None:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await migrate(connection)
        await load(connection, estate(homes), by="soak", at=SystemClock().now())
        await create_user(connection, desk.USER, "Olive Marsh", "operator", desk.PASSWORD)


def _settings(
    database: EmbeddedDatabase, broker: EmbeddedBroker, http: str, twilio_url: str, data_dir: Path
) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELECARE_")}
    return kept | {
        "TELECARE_DATABASE_URL": database.url,
        "TELECARE_MQTT_URL": broker.gateway_url,
        "TELECARE_GATEWAY": "soak",
        "TELECARE_HTTP_PORT": http.rpartition(":")[2],
        "TELECARE_PUBLIC_URL": http,
        "TELECARE_DATA_DIR": str(data_dir),
        "TELECARE_TWILIO_BASE_URL": twilio_url,
        "TELECARE_TWILIO_ACCOUNT_SID": ACCOUNT,
        "TELECARE_TWILIO_AUTH_TOKEN": TOKEN,
        "TELECARE_TWILIO_FROM": SENDER,
    }


def _room(name: str, data_dir: Path, settings: dict[str, str], leak: float) -> OwnedProcess:
    module = ["benchmarks.soak.leaking", str(leak)] if leak else ["telecare"]
    folder = private_folder(private_folder(data_dir, "rooms"), name)
    return OwnedProcess(
        [sys.executable, "-m", *module, name], log=folder / "log", stop_signal=signal.SIGTERM, environment=settings
    )
