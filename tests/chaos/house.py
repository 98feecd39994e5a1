"""The service in parts, each a process of its own behind links of ours, and a supervisor that brings back what died.

    database, broker            the embedded engines, fsync on; the hubs reach the broker directly
    gateway, monitor, alerting  `telecare NAME`, each with its own links to the broker and the database

Every kill, fault and return is written down with its time (`away`), which is what deadlines are judged by.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

import psutil
import yaml
from psycopg import AsyncConnection

from alerting.console.users import create_user
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase, EmbeddedError
from runtime.migrate import migrate
from runtime.ports import free_port
from schema.instants import SECOND
from schema.people_file import read
from schema.people_load import load
from telecare.rooms import Room
from tests.chaos.proxy import Link, link
from tests.chaos.storm import LINKS, PARTS

if TYPE_CHECKING:
    from schema.instants import Duration, Instant
    from tests.chaos.outages import Span

SERVICES = ("gateway", "monitor", "alerting")
OPERATOR, PASSWORD = "olive", "an operator's password"
_LOOK_SECONDS = 0.05
_SLOWEST_START = 15 * SECOND  # what takes longer counts as late


class Part(Protocol):
    """Something that runs and can be killed and started again."""

    @property
    def running(self) -> bool:
        """Whether it lives."""

    def kill(self) -> None:
        """Kill it at once."""

    async def start(self) -> None:
        """Start it again."""

    @property
    def pid(self) -> int:
        """Its process id."""


class _Engine:
    def __init__(self, engine: EmbeddedDatabase | EmbeddedBroker) -> None:
        self._engine = engine

    @property
    def running(self) -> bool:
        return self._engine.running

    @property
    def pid(self) -> int:
        return self._engine.pid

    def kill(self) -> None:
        self._engine.kill()

    async def start(self) -> None:
        await self._engine.restart()


class _Service:
    def __init__(self, room: Room) -> None:
        self.room = room

    @property
    def running(self) -> bool:
        return self.room.running

    @property
    def pid(self) -> int:
        return self.room.process.pid

    def kill(self) -> None:
        self.room.process.kill()

    async def start(self) -> None:
        await self.room.start()


class House:
    """Everything that runs, and when it did not."""

    def __init__(
        self, folder: Path, database: EmbeddedDatabase, broker: EmbeddedBroker, links: dict[str, Link]
    ) -> None:
        self.folder = folder
        self.database = database
        self.broker = broker
        self.links = links
        self.parts: dict[str, Part] = {"database": _Engine(database), "broker": _Engine(broker)}
        self.away: dict[str, list[Span]] = {name: [] for name in (*PARTS, *LINKS)}
        self.kills: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.ended_themselves: Counter[str] = Counter()
        self.http = f"http://127.0.0.1:{free_port()}"
        self.starts: dict[str, list[Duration]] = {}  # how long each start of a service took
        self._clock = SystemClock()
        self._down: dict[str, Instant] = {}  # since when
        self._back_after: dict[str, float] = {}
        self._faulty: Counter[str] = Counter()  # faults now on a link, which may overlap
        self._held = set[str]()  # what is not to be brought back

    def database_url(self, service: str) -> str:
        """Return the database's URL by the service's own link."""
        return f"postgresql://telecare@127.0.0.1:{self.links[f'{service}-database'].port}/telecare?sslmode=disable"

    @property
    def mqtt_url(self) -> str:
        """The broker's URL by the gateway's link."""
        port = self.links["gateway-broker"].port
        return f"mqtt://{self.broker.gateway_user}:{self.broker.gateway_password}@127.0.0.1:{port}"

    async def open(self, people: dict[str, Any], more: Mapping[str, str]) -> None:
        """Migrate, load the people, and start the three services."""
        file = self.folder / "people.yaml"
        file.write_text(yaml.safe_dump(people))
        async with await AsyncConnection.connect(self.database.url, autocommit=True) as connection:
            await migrate(connection)
            await load(connection, read(file), "chaos", self._clock.now())
            await create_user(connection, OPERATOR, "Olive Marsh", "operator", PASSWORD)
        for name in SERVICES:
            settings = {
                "TELECARE_DATABASE_URL": self.database_url(name),
                "TELECARE_MQTT_URL": self.mqtt_url,
                "TELECARE_HTTP_PORT": self.http.rpartition(":")[2],
                "TELECARE_PUBLIC_URL": self.http,
                "TELECARE_DATA_DIR": str(self.folder),
                **more,
            }
            part = self.parts[name] = _Service(Room(name, [name], self.folder, settings))
            await part.start()

    async def close(self) -> None:
        """End the services; the engines are ended by whoever opened them."""
        for name in SERVICES:
            part = self.parts.get(name)
            if isinstance(part, _Service):
                await part.room.stop()

    # --- what is done to it --------------------------------------------------------------------------

    def kill(self, name: str, back_after: float) -> bool:
        """Kill a part with SIGKILL, to be brought back after so many seconds; False where it did not run."""
        if not self.parts[name].running:
            return False
        self.parts[name].kill()
        self.kills[name] += 1
        self._note_down(name, back_after)
        return True

    def hold(self, name: str) -> None:
        """Kill a part and keep it away until released."""
        self._held.add(name)
        self.kill(name, 0)

    def release(self, name: str) -> None:
        """Let it come back."""
        self._held.discard(name)

    async def fault(self, name: str, deed: str, seconds: float) -> None:
        """Let a link stall, be cut, refuse or swallow for so long."""
        began = self._clock.now()
        self.faults[deed] += 1
        self._faulty[name] += 1
        self.links[name].__getattribute__(deed)()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._faulty[name] -= 1
            if not self._faulty[name]:
                self.links[name].heal()
            self.away[name].append((began, self._clock.now()))

    async def supervise(self) -> None:
        """Bring back what was killed, and what ended by itself, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in PARTS:
                group.create_task(self._keep(name), name=f"supervise:{name}")

    async def _keep(self, name: str) -> None:
        part = self.parts[name]
        while True:
            if not part.running:
                if name not in self._down:
                    self.ended_themselves[name] += 1
                    self._note_down(name, 0.5)
                await asyncio.sleep(self._back_after.pop(name, 0.5))
                if name not in self._held:
                    await self._bring_back(name)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _bring_back(self, name: str) -> None:
        """Start it, and wait until it is back: an engine answers, a service says that it has started."""
        part, said = self.parts[name], self._starts_said(name)
        try:
            await part.start()
        except EmbeddedError:  # killed again as it was starting: the next look finds it
            return
        began = self._clock.now()
        while not self._is_back(name, said) and self._clock.now() - began < _SLOWEST_START:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(_LOOK_SECONDS)
        if part.running:
            now = self._clock.now()
            self.starts.setdefault(name, []).append(now - began)
            self.away[name].append((self._down.pop(name, now), now))

    def _is_back(self, name: str, said: int) -> bool:
        return name not in SERVICES or not self.parts[name].running or self._starts_said(name) != said

    def _starts_said(self, name: str) -> int:
        return self.said(name).count('"event": "started"') if name in SERVICES else 0

    def _note_down(self, name: str, back_after: float) -> None:
        self._down.setdefault(name, self._clock.now())
        self._back_after[name] = back_after

    # --- what is seen of it --------------------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether every part runs and every link passes."""
        return all(part.running for part in self.parts.values()) and not self._down and not self._faulty.total()

    def memory(self, name: str) -> float:
        """Return the resident memory of a part's process, MB; 0 where it does not run."""
        with suppress(psutil.Error):
            return float(psutil.Process(self.parts[name].pid).memory_info().rss) / 1e6
        return 0.0

    def said(self, name: str) -> str:
        """Return what a part has written in its log."""
        engine = {"database": self.database, "broker": self.broker}.get(name)
        file = engine.log if engine else self.folder / "rooms" / name / "log"
        kept = (file.with_suffix(".before.log"), file)
        return "".join(each.read_text(errors="replace") for each in kept if each.exists())


@asynccontextmanager
async def house(folder: Path, engines: Mapping[str, Path] | None = None) -> AsyncIterator[House]:
    """Run a house in the folder; `engines` puts 'database' or 'broker' somewhere else (a small disk, say)."""
    places = {"database": folder, "broker": folder, **(engines or {})}
    database, broker = EmbeddedDatabase(places["database"]), EmbeddedBroker(places["broker"])
    async with AsyncExitStack() as stack:
        for engine in (database, broker):
            await engine.start()
            stack.push_async_callback(engine.stop)
        targets = {"broker": (broker.host, broker.port), "database": socket_of(database.url)}
        links = {name: await stack.enter_async_context(link(name, targets[name.rpartition("-")[2]])) for name in LINKS}
        made = House(folder, database, broker, links)
        stack.push_async_callback(made.close)
        yield made


def socket_of(url: str) -> str:
    """Return the path of the embedded database's unix socket."""
    query = parse_qs(urlsplit(url).query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
