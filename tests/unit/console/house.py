"""The console in a house of its own: a real server on a real database, with alerting's real engine behind it.

Alarms come about as they do in life, by findings that the monitor wrote; nobody here writes to `alarms`.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from argon2 import PasswordHasher
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from alerting.console.app import create_app
from alerting.engine import Engine
from runtime.clock import Clock, SystemClock
from runtime.database import Listener
from runtime.settings import Settings
from schema.alarms import Kind, Priority, Role
from schema.findings import Evidence, Finding, FindingChange, finding_id
from schema.instants import SECOND, Duration, Instant
from schema.people_file import read
from schema.people_load import load

PEOPLE = Path(__file__).parent / "people.yaml"
PASSWORD = "correct horse battery"
USERS: dict[str, tuple[str, Role]] = {
    "olga": ("Olga Operator", "operator"),
    "sam": ("Sam Second", "operator"),
    "sue": ("Sue Supervisor", "supervisor"),
    "rick": ("Rick Responder", "responder"),
    "ines": ("Ines Installer", "installer"),
    "cara": ("Cara Careteam", "care_team"),
    "adam": ("Adam Administrator", "administrator"),
}
QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
"""What argon2 makes of it where speed matters more than strength: in tests of everything but log-ins."""
AUTH_TOKEN = "12345"


@dataclass
class House:
    """A running console, and hands to make things happen behind it."""

    url: str
    pool: AsyncConnectionPool
    clock: Clock
    engine: Engine
    settings: Settings
    _positions: Any = field(default_factory=lambda: count(1))
    _tokens: dict[str, str] = field(default_factory=dict)

    async def finding(
        self,
        kind: Kind,
        subject: str,
        home: str | None,
        reason: str,
        *,
        priority: Priority = "urgent",
        policy: str | None = "urgent",
        age: Duration = 0,
        evidence: Sequence[Evidence] = (),
        rule: str | None = None,
        **more: Any,
    ) -> int:
        """Have the monitor say that a rule holds, let the engine take it, and return the alarm's number."""
        at = self.clock.now() - age
        found = Finding(
            id=finding_id(subject, rule or kind, None, at),
            subject_kind="person" if home and subject != home else "home" if home else "service",
            subject=subject,
            home=home,
            rule=rule or kind,
            rule_name=rule or kind,
            kind=kind,
            device=None,
            onset=at,
            raised_at=at,
            priority=priority,
            policy=policy,
            reason=reason,
            evidence=tuple(evidence),
            **more,
        )
        await self.said(FindingChange(change="raised", finding=found, at=at))
        return int(await self.value("select max(id) from alarms where subject = %s and kind = %s", subject, kind))

    async def press(self, person: str = "ada", home: str = "home-ada", *, age: Duration = 0) -> int:
        """Have somebody press their pendant."""
        seen = [Evidence(at=self.clock.now() - age, device="pendant-1", kind="button", value="pressed")]
        return await self.finding("button", person, home, "Pendant pressed", priority="life", age=age, evidence=seen)

    async def clear(self, alarm: int, why: str) -> None:
        """Have the monitor say that what the alarm rests on holds no longer."""
        found = await self.value(
            "select body -> 'finding' from finding_changes join alarm_findings using (finding)"
            " where alarm = %s limit 1",
            alarm,
        )
        finding = msgspec.convert(found, Finding)
        await self.said(FindingChange(change="cleared", finding=finding, at=self.clock.now(), why=why))

    async def said(self, change: FindingChange) -> None:
        """Write what the monitor says, and let alerting take it."""
        await self.do(
            "insert into finding_changes (position, subject, ordinal, finding, change, body)"
            " values (%s, %s, 0, %s, %s, %s)",
            next(self._positions), change.finding.subject, change.finding.id, change.change,
            Jsonb(msgspec.to_builtins(change)),
        )  # fmt: skip
        await self.engine.run_once(self.clock.now())

    async def do(self, statement: str, *values: Any) -> None:
        """Run a statement."""
        async with self.pool.connection() as connection:
            await connection.execute(statement.encode(), values or None)

    async def value(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        rows = await self.rows(query, *values)
        return rows[0][0] if rows else None

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Return rows."""
        async with self.pool.connection() as connection:
            return await (await connection.execute(query.encode(), values or None)).fetchall()

    async def audited(self, person: str) -> list[tuple[str, str]]:
        """Return who looked at what of a person, in order."""
        looks = "select actor, action from audit where person = %s and action <> 'loaded' order by id"
        return await self.rows(looks, person)

    async def token(self, user: str) -> str:
        """Log in by the API, once a user."""
        if user not in self._tokens:
            async with httpx.AsyncClient(base_url=self.url) as client:
                answer = await client.post("/api/sessions", json={"user": user, "password": PASSWORD})
            self._tokens[user] = answer.json()["token"]
        return self._tokens[user]

    @asynccontextmanager
    async def program(self, user: str) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client with the user's bearer token."""
        headers = {"Authorization": f"Bearer {await self.token(user)}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers) as client:
            yield client

    @asynccontextmanager
    async def visitor(self, user: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client that does as a browser does: a cookie, and its Origin."""
        async with httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}) as client:
            if user:
                answer = await client.post("/login", data={"user": user, "password": PASSWORD})
                assert answer.status_code == 303, answer.text
            yield client


async def settle(house: House) -> None:
    """Fill the house: its people and its users."""
    async with house.pool.connection() as connection:
        await load(connection, read(PEOPLE), "tests", house.clock.now())
        for user, (name, role) in USERS.items():
            await connection.execute("insert into users values (%s, %s, %s, %s)", (user, name, role, QUICK_HASH))


@asynccontextmanager
async def lived_in(
    pool: AsyncConnectionPool, database_url: str, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[House]:
    """Give a house with people and users in it, its console served on a free port of the loopback."""
    clock = clock or SystemClock()
    listener = Listener(database_url, ["alarms"])
    chosen = Settings(database_url=database_url, twilio_auth_token=AUTH_TOKEN, **settings)
    app = create_app(chosen, pool, listener, clock)
    with socket.create_server(("127.0.0.1", 0)) as door:
        house = House(f"http://127.0.0.1:{door.getsockname()[1]}", pool, clock, Engine(pool, clock), chosen)
        await settle(house)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        listening = asyncio.create_task(listener.run())
        serving = asyncio.create_task(server.serve(sockets=[door]))
        try:
            await until(lambda: server.started)
            yield house
        finally:
            server.should_exit = True
            await serving
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def until(holds: Any, seconds: float = 10) -> None:
    """Poll until it holds, for so many seconds at most."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is another's: there is no event to await
            await asyncio.sleep(0.01)


def minutes(number: float) -> Duration:
    """Return so many minutes."""
    return int(number * 60 * SECOND)


def seen(at: Instant, device: str, room: str | None, reading: str) -> Evidence:
    """Return evidence: a reading as `bed out`."""
    kind, _, value = reading.partition(" ")
    return Evidence(at=at, device=device, kind=kind, value=value, room=room)
