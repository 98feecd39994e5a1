"""The operators' desk, over HTTP as a browser and a program would: lists, streams, takes alarms and closes them.

Most alarms are taken within seconds; one in some twenty waits past a minute, so that escalation goes on to the
contacts. Every alarm is closed in the end. A desk that gets no answer tries again: it is no part of what is judged.
Timelines are looked at of quiet homes: those of the others would hold more with every minute of the first hour, and
the memory that takes is no leak.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.soak.estate import QUIET

USER, PASSWORD = "olive", "soak-soak-soak"  # of a service that lives for an hour on loopback
STREAMS = 3
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_HANDLED_SECONDS = 8.0  # from taking an alarm to closing it
_LOGS_IN_EVERY = 300.0
_Act = Callable[[], Awaitable[None]]
_AWAY = (aiohttp.ClientError, TimeoutError, OSError)


class Desk:
    """Looks after every alarm for as long as it runs."""

    def __init__(self, http: str) -> None:
        self._http = http
        self._taken: dict[int, float] = {}
        self._first_seen: dict[int, float] = {}
        self._headers: dict[str, str] = {}
        self.closed = 0
        self.told = 0  # what the streams said
        self.refused = 0
        self.open = 0

    async def run(self) -> None:
        """Be at the desk until cancelled."""
        limits = aiohttp.TCPConnector(limit=20)
        jar = aiohttp.CookieJar(unsafe=True)  # it is an address, not a name
        async with (
            aiohttp.ClientSession(
                self._http, timeout=aiohttp.ClientTimeout(total=15), connector=limits, cookie_jar=jar
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            logged_in = asyncio.Event()
            group.create_task(self._for_ever(self._log_in(session, logged_in), _LOGS_IN_EVERY))
            await logged_in.wait()
            group.create_task(self._for_ever(self._look(session), _LOOK_SECONDS))
            group.create_task(self._for_ever(self._browse(session), 5))
            for _ in range(STREAMS):
                group.create_task(self._for_ever(self._follow(session), 0.5))

    async def _for_ever(self, act: _Act, seconds: float) -> None:
        while True:
            try:
                await act()
            except _AWAY:
                await asyncio.sleep(_RETRY_SECONDS)
            await asyncio.sleep(seconds)

    def _log_in(self, session: aiohttp.ClientSession, logged_in: asyncio.Event) -> _Act:
        async def act() -> None:
            said = {"user": USER, "password": PASSWORD}
            async with session.post("/api/sessions", json=said) as answer:
                answer.raise_for_status()
                self._headers = {"Authorization": f"Bearer {(await answer.json())['token']}"}
            async with session.post("/login", data=said, headers={"Origin": self._http}) as answer:
                answer.raise_for_status()
            logged_in.set()

        return act

    def _look(self, session: aiohttp.ClientSession) -> _Act:
        async def act() -> None:
            async with session.get("/api/alarms?state=open", headers=self._headers) as answer:
                answer.raise_for_status()
                alarms = await answer.json()
            self.open = len(alarms)
            await asyncio.gather(*(self._tend(session, alarm) for alarm in alarms))
            ids = {alarm["id"] for alarm in alarms}
            for book in (self._taken, self._first_seen):
                for gone in [number for number in book if number not in ids]:
                    del book[gone]

        return act

    async def _tend(self, session: aiohttp.ClientSession, alarm: dict[str, Any]) -> None:
        number, now = int(alarm["id"]), monotonic()
        waited = now - self._first_seen.setdefault(number, now)
        if alarm["owner"] is None:
            patience = 75.0 if number % 20 == 0 else 1.0 + number % 5
            if waited >= patience and await self._act(session, number, "acknowledge", {}):
                self._taken[number] = now
        elif now - self._taken.setdefault(number, now) >= _HANDLED_SECONDS:
            await self._read_whole(session, alarm)
            await self._act(session, number, "notes", {"text": "Spoke to the person, who is well."})
            said = {"outcome": "reassured", "text": "Spoke to the person, who is well; nothing more is needed."}
            self.closed += await self._act(session, number, "close", said)

    async def _act(self, session: aiohttp.ClientSession, number: int, what: str, said: dict[str, str]) -> bool:
        async with session.post(f"/api/alarms/{number}/{what}", json=said, headers=self._headers) as answer:
            await answer.read()
            if answer.status >= 500:
                return False
            self.refused += not answer.ok
            return answer.ok

    async def _read_whole(self, session: aiohttp.ClientSession, alarm: dict[str, Any]) -> None:
        paths = [f"/api/alarms/{alarm['id']}", f"/alarms/{alarm['id']}"]
        paths.append(f"/api/people/quiet-person-{alarm['id'] % QUIET}/timeline?hours=1")
        for path in paths:
            await self._get(session, path)

    def _browse(self, session: aiohttp.ClientSession) -> _Act:
        async def act() -> None:
            for path in ("/", "/ready", "/metrics", "/api/people/person-1"):
                await self._get(session, path)

        return act

    async def _get(self, session: aiohttp.ClientSession, path: str) -> None:
        async with session.get(path, headers=self._headers) as answer:
            await answer.read()
            self.refused += answer.status in {400, 401, 403, 404, 422}

    def _follow(self, session: aiohttp.ClientSession) -> _Act:
        async def act() -> None:
            lasting = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=60)
            async with session.get("/api/stream", headers=self._headers, timeout=lasting) as answer:
                answer.raise_for_status()
                with suppress(asyncio.IncompleteReadError):
                    async for line in answer.content:
                        self.told += line.startswith(b"data:")

        return act
