"""The house in which presses are timed: people with pendants, and services as processes that can be stopped.

Two watch: a connection of its own to the database, and an operator whose page follows the alarms.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
from psycopg import AsyncConnection

from benchmarks import bare_press
from benchmarks.figure import BrokenPromiseError
from benchmarks.twilio_stand_in import ACCOUNT, SENDER, TOKEN
from gateway.service import TOPICS
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker
from runtime.ports import LOOPBACK, free_port
from schema.instants import Instant
from schema.people import Contact, Device, Home
from schema.people_load import load
from schema.people_records import PeopleFile, PersonRecord
from schema.plans import (
    BedExitRule,
    ButtonRule,
    CarePlan,
    DoorOpenRule,
    InactivityRule,
    PolicyStep,
    SilenceRule,
    WanderingRule,
)

GATEWAY = "bench-press"
WAIT_SECONDS = 60.0
_RULES = (
    ButtonRule(policy="paged"),
    BedExitRule(between="22:00-07:00", longer_than="20m"),
    InactivityRule(between="07:00-22:00", longer_than="4h"),
    WanderingRule(between="22:00-06:00", longer_than="10m"),
    DoorOpenRule(longer_than="15m"),
    SilenceRule(device="hub", longer_than="30m"),
)
_TOKEN = "an operator of the bench's"  # noqa: S105 - of a database that lives for minutes
_ALARM = re.compile(rb'data: \{"id":(\d+),')
_TICKS = "select count(*) from log where kind = 'tick'"


def people(number: int) -> PeopleFile:
    """Return so many people, each alone in a home with a pendant, a contact of their own who is texted at once."""
    devices = (
        Device(id="hub", kind="hub"),
        Device(id="pendant-1", kind="button"),
        Device(id="bed-1", kind="bed", room="bedroom"),
        Device(id="door-1", kind="door", room="hall", exit=True),
        Device(id="motion-1", kind="motion", room="hall"),
    )
    return PeopleFile(
        policies={"paged": (PolicyStep(after="0s", notify=("operators", "contacts"), repeat="1h"),)},
        teams={},
        homes=tuple(Home(id=f"bench-{n}", zone="Europe/London", devices=devices) for n in range(number)),
        people=tuple(_person(n) for n in range(number)),
    )


def _person(number: int) -> PersonRecord:
    contact = Contact(id="daughter", name="Bench", phone=f"+447700900{number % 900:03}", channels=("sms",))
    return PersonRecord(
        id=f"person-{number}",
        name=f"Bench {number}",
        home=f"bench-{number}",
        contacts=(contact,),
        care_plan=CarePlan(author="bench", rules=_RULES),
    )


class House:
    """The services over one database and broker. For each alarm, `seen` has when another connection could see it.

    `at_desk` has when it came to the operator's page, and `seen_bare` is `seen` of the bare path.
    """

    def __init__(self, folder: Path, database_url: str, broker: EmbeddedBroker, connection: AsyncConnection) -> None:
        self._folder = folder
        self._database_url = database_url
        self._broker = broker
        self._connection = connection
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._port = free_port()
        self._clock = SystemClock()
        self.seen: dict[int, Instant] = {}
        self.seen_bare: dict[int, Instant] = {}
        self.at_desk: dict[int, Instant] = {}

    async def move_in(self, number: int) -> None:
        """Load so many people."""
        await load(self._connection, people(number), "bench", self._clock.now())

    @asynccontextmanager
    async def living(self, twilio_url: str) -> AsyncIterator[None]:
        """Run all three services, ready, with somebody who watches for alarms, for as long as the block lasts."""
        watching = asyncio.create_task(self._watch(), name="watch")
        try:
            await self.start("alerting", self._alerting(twilio_url))
            await self.start("monitor")
            await self.start("gateway")
            await self.until("alerting to be ready", self._ready)
            ticks = await self.number(_TICKS)
            await self.until("the log to tick", lambda: self._more(_TICKS, ticks + 1))
            await self._hire()
            following = asyncio.create_task(self._follow(), name="follow")
            try:
                yield
            finally:
                following.cancel()
        finally:
            watching.cancel()
            for name in tuple(self._running):
                await self.stop(name)

    async def start(self, name: str, settings: dict[str, str] | None = None) -> None:
        """Start a service; what it says goes to a file of its name."""
        common = {
            "TELECARE_DATABASE_URL": self._database_url,
            "TELECARE_MQTT_URL": self._broker.gateway_url,
            "TELECARE_GATEWAY": GATEWAY,
        }
        with (self._folder / f"{name}.log").open("ab") as said:
            self._running[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "telecare", name, env={**os.environ, **common, **(settings or {})}, stderr=said
            )

    async def stop(self, name: str) -> None:
        """Ask a service to stop, and wait for it."""
        process = self._running.pop(name)
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()

    def pid(self, name: str) -> int:
        """Return a running service's process id."""
        return self._running[name].pid

    async def renew_sessions(self) -> None:
        """Give a gateway that is stopped fresh sessions: what the broker still holds for it is forgotten."""
        login: dict[str, Any] = {"username": self._broker.gateway_user, "password": self._broker.gateway_password}
        for lane, topics in TOPICS.items():
            for clean in (True, False):
                async with aiomqtt.Client(
                    self._broker.host,
                    self._broker.port,
                    identifier=f"telecare-{GATEWAY}-{lane}",
                    clean_session=clean,
                    **login,
                ) as client:
                    for topic in topics:
                        await client.subscribe(topic, qos=1)

    async def number(self, query: str) -> int:
        """Return the one number that the query gives."""
        row = await (await self._connection.execute(query.encode())).fetchone()
        assert row is not None
        return int(row[0])

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]], seconds: float = WAIT_SECONDS) -> None:
        """Wait until it holds; BrokenPromiseError where it does not in time, or a service has ended."""
        try:
            async with asyncio.timeout(seconds):
                while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
                    await asyncio.sleep(0.02)
        except TimeoutError:
            ended = [name for name, process in self._running.items() if process.returncode is not None]
            besides = f" ({', '.join(ended)} ended)" if ended else ""
            raise BrokenPromiseError(f"waited {seconds:.0f} s in vain for {what}{besides}") from None

    async def _more(self, query: str, than: int) -> bool:
        return await self.number(query) > than

    def _alerting(self, twilio_url: str) -> dict[str, str]:
        return {
            "TELECARE_HTTP_PORT": str(self._port),
            "TELECARE_PUBLIC_URL": f"http://{LOOPBACK}:{self._port}",
            "TELECARE_TWILIO_ACCOUNT_SID": ACCOUNT,
            "TELECARE_TWILIO_AUTH_TOKEN": TOKEN,
            "TELECARE_TWILIO_FROM": SENDER,
            "TELECARE_TWILIO_BASE_URL": twilio_url,
        }

    async def _ready(self) -> bool:
        with suppress(aiohttp.ClientError):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://{LOOPBACK}:{self._port}/ready") as answer,
            ):
                return answer.status == 200
        return False

    async def _hire(self) -> None:
        """Have an operator who is logged in."""
        await self._connection.execute(
            "insert into users (id, name, role, password_hash) values ('olga', 'Olga', 'operator', '')"
        )
        await self._connection.execute(
            """insert into sessions (token_hash, "user", created_at, expires_at)
               values (sha256(%s), 'olga', now(), now() + interval '1 hour')""",
            (_TOKEN.encode(),),
        )

    async def _follow(self) -> None:
        """Note when each alarm first comes to the operator's page."""
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
            session.get(f"http://{LOOPBACK}:{self._port}/api/stream", headers=headers) as stream,
        ):
            async for line in stream.content:
                said = _ALARM.match(line)
                if said:
                    self._note("desk", int(said[1]), self._clock.now())

    async def _watch(self) -> None:
        """Note when each alarm is first told of: whoever is told can see it."""
        async with await AsyncConnection.connect(self._database_url, autocommit=True) as connection:
            await connection.execute("listen alarms")
            await connection.execute(f"listen {bare_press.CHANNEL}")
            async for notification in connection.notifies():
                self._note(notification.channel, int(notification.payload), self._clock.now())

    def _note(self, channel: str, number: int, at: Instant) -> None:
        where = {"alarms": self.seen, bare_press.CHANNEL: self.seen_bare, "desk": self.at_desk}
        where[channel].setdefault(number, at)
