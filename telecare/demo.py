"""The all-in-one: database, broker, the three services and simulated homes, from nothing to ready in seconds.

Each service is a process of its own, so that what one sees here is what runs in production, and any of them may
be killed to see the others hold. None outlives this one, however it ends; the data stays in
`TELECARE_DATA_DIR`, and the next start finds it. `demo.json` is there exactly while the demo is ready.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import cast

import structlog
from psycopg import AsyncConnection

from runtime.clock import Clock, SystemClock
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase, EmbeddedError, embedded_broker, embedded_database
from runtime.embedded_process import Claim, private_folder, write_private
from runtime.migrate import MigrationChangedError, migrate
from runtime.ports import free_port
from runtime.service import run_together
from runtime.settings import Settings
from schema.people_file import PeopleFile, PeopleFileError, read
from schema.people_load import load
from telecare import canaries
from telecare.readiness import ready
from telecare.refusal import Refusal
from telecare.rooms import Room, keep_alive
from telecare.welcome import Login, demo_json, logins, welcome

log = structlog.get_logger()

DEMO_PEOPLE = Path(__file__).parent.parent / "simulator" / "demo.yaml"


async def run(settings: Settings, people: Path | None, *, simulate: bool) -> None:
    """Run the demo until asked to stop; Refusal in one line where it cannot start."""
    clock = SystemClock()
    file_path = (people or DEMO_PEOPLE).absolute()
    try:
        file = read(file_path)
    except PeopleFileError as error:
        raise Refusal(str(error)) from error
    try:
        async with _engines(settings) as (database, broker):
            demo = Demo(settings, database, broker, clock)
            await demo.move_in(file, afresh=people is not None)
            await demo.live(file_path, simulate=simulate)
    except (EmbeddedError, MigrationChangedError) as error:
        raise Refusal(str(error)) from error


@asynccontextmanager
async def _engines(settings: Settings) -> AsyncIterator[tuple[EmbeddedDatabase, EmbeddedBroker]]:
    data_dir = settings.data_dir
    claim = Claim(private_folder(data_dir, "rooms"))
    await claim.take()
    try:
        announcement(data_dir).unlink(missing_ok=True)  # left by a demo that was killed; nobody else has the folder
        log.info("starting the database", action="start", first_time=not (data_dir / "database").exists())
        async with embedded_database(data_dir) as database:
            log.info("starting the broker", action="start")
            async with embedded_broker(data_dir, port=settings.mqtt_port) as broker:
                yield database, broker
    finally:
        claim.release()


def announcement(data_dir: Path) -> Path:
    """Return where the demo says that it is ready."""
    return data_dir.absolute() / "demo.json"


class Demo:
    """One run of the all-in-one over its engines."""

    def __init__(self, settings: Settings, database: EmbeddedDatabase, broker: EmbeddedBroker, clock: Clock) -> None:
        self._data_dir = settings.data_dir.resolve()
        self._chosen = settings
        self._database = database
        self._broker = broker
        self._clock = clock
        self._port = settings.http_port or self._same_port()
        self._http = f"http://{settings.http_host}:{self._port}"
        self._settings = {
            "TELECARE_DATABASE_URL": database.url,
            "TELECARE_MQTT_URL": broker.gateway_url,
            "TELECARE_HTTP_PORT": str(self._port),
            "TELECARE_PUBLIC_URL": settings.public_url or self._http,
            "TELECARE_DATA_DIR": str(self._data_dir),
            "TELECARE_WATCH_TOKEN": settings.watch_token or token_urlsafe(24),
        }
        self._probes = {name: free_port() for name in ("alerting", "monitor", "gateway", "watcher")}
        self._staff: list[Login] = []

    def _same_port(self) -> int:
        """Return the last run's port where it is still free, so that an open page finds the console again."""
        file = self._data_dir / "http_port"
        port = free_port(int(file.read_text()) if file.exists() else 0)
        write_private(file, str(port))
        return port

    async def move_in(self, file: PeopleFile, *, afresh: bool) -> None:
        """Migrate, and load the people: at the first start, or whenever they were named on the command line."""
        async with await AsyncConnection.connect(self._database.url, autocommit=True) as connection:
            await migrate(connection)
            row = await (await connection.execute("select exists (select from people)")).fetchone()
            if afresh or not (row and row[0]):
                report = await load(connection, file, "demo", self._clock.now())
                log.info("people loaded", action="load", announcements=len(report.announcements))
            await canaries.move_in(connection, self._chosen, self._clock.now())
            self._staff = await logins(self._data_dir, connection)

    async def live(self, people: Path, *, simulate: bool) -> None:
        """Run the rooms until asked to stop, and end them in order: homes first, the console last."""
        rooms = [
            Room(name, [name], self._data_dir, self._settings | self._probed(name))
            for name in ("alerting", "monitor", "gateway")
        ]
        homes = Room(
            "homes",
            ["simulate", "--people", str(people), "--mqtt", self._broker.hub_url],
            self._data_dir,
            self._settings,
        )
        watcher = Room(
            "watcher", ["watch"], self._data_dir, self._settings | self._watching() | self._probed("watcher")
        )
        async with AsyncExitStack() as stack:
            for room in rooms:
                await room.start()
                stack.push_async_callback(room.stop)
            stack.callback(announcement(self._data_dir).unlink, missing_ok=True)
            stack.push_async_callback(homes.stop)
            stack.push_async_callback(watcher.stop)
            seconds = asyncio.get_running_loop().time
            watched = {room.name: keep_alive(room, seconds) for room in rooms}
            watched["database"] = keep_alive(Revived("database", self._database), seconds)
            watched["broker"] = keep_alive(Revived("broker", self._broker), seconds)
            await run_together(
                "demo", drain_seconds=120, welcome=self._welcome(homes, watcher, simulate=simulate), **watched
            )

    def _probed(self, name: str) -> dict[str, str]:
        return {"TELECARE_METRICS_PORT": str(self._probes[name])}

    def _watching(self) -> dict[str, str]:
        """Return what the watcher needs: it comes as a hub comes, and looks as an operator looks."""
        return {"TELECARE_MQTT_URL": self._broker.hub_url, "TELECARE_WATCH_DESK": self._http}

    async def _welcome(self, homes: Room, watcher: Room, *, simulate: bool) -> None:
        """Once everything answers, let the homes in and say so; then keep them alive."""
        await ready(self._database.url, self._http, self._clock)
        async with await AsyncConnection.connect(self._database.url) as connection:
            ids = [row[0] for row in await (await connection.execute(_HOMES)).fetchall()]
            pendants = await (await connection.execute(_PENDANTS)).fetchall()
        await watcher.start()
        if simulate:
            await homes.start()
        write_private(
            announcement(self._data_dir),
            json.dumps(demo_json(self._http, self._broker, self._staff, ids, self._probes), indent=1),
        )
        welcome(self._http, self._staff, cast("list[tuple[str, str, str]]", pendants), self._data_dir)
        kept = (watcher, homes) if simulate else (watcher,)
        await asyncio.gather(*(keep_alive(room, asyncio.get_running_loop().time) for room in kept))


_HOMES = "select id from homes where not starts_with(id, '_canary-') order by id"
_PENDANTS = """
    select d.home, d.id, coalesce(p.name, 'somebody')
    from devices d left join lateral (
        select name from people where people.id = d.person or (d.person is null and people.home = d.home)
        order by people.id limit 1) p on true
    where d.kind = 'button' and d.dialect = 'own' and not starts_with(d.home, '_canary-') order by d.home, d.id limit 1
"""


class Revived:
    """An embedded engine, as something that can be started again."""

    def __init__(self, name: str, engine: EmbeddedDatabase | EmbeddedBroker) -> None:
        self.name = name
        self._engine = engine

    @property
    def running(self) -> bool:
        """Whether the engine's process lives."""
        return self._engine.running

    async def start(self) -> None:
        """Start the engine again, with the same data and address."""
        await self._engine.restart()
