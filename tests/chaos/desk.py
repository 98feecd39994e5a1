"""An operator at the desk of a chaos run, through the JSON API.

Closes presses that were paged, so that pendants can be pressed again, and what has cleared. What the scripts leave
open for good, nobody ever acknowledges.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.chaos.house import OPERATOR, PASSWORD

_LOOK_SECONDS = 2.0
_AWAY = (ClientError, TimeoutError, OSError)


class Desk:
    """Looks every two seconds; `pages` is what Twilio has taken, `closed` is told who has no open press any more."""

    def __init__(self, http: str, pages: Counter[int], closed: Callable[[str], None]) -> None:
        self._http = http
        self._pages = pages
        self._tell_closed = closed
        self._token = ""
        self.closed = 0
        self.open = 0

    async def run(self) -> None:
        """Work until cancelled, through every absence of the service."""
        async with ClientSession(timeout=ClientTimeout(total=10)) as session:
            while True:
                with suppress(*_AWAY):
                    await self._look(session)
                await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self, session: ClientSession) -> None:
        if not self._token:
            body = {"user": OPERATOR, "password": PASSWORD}
            async with session.post(f"{self._http}/api/sessions", json=body) as answer:
                answer.raise_for_status()
                self._token = (await answer.json())["token"]
        async with session.get(f"{self._http}/api/alarms?state=open", headers=self._headers) as answer:
            if answer.status == 401:
                self._token = ""
            answer.raise_for_status()
            alarms = await answer.json()
        self.open = len(alarms)
        for alarm in alarms:
            if _is_over(alarm) and self._pages[alarm["id"]]:
                await self._close(session, alarm)

    async def _close(self, session: ClientSession, alarm: dict[str, Any]) -> None:
        for deed, body in (
            ("acknowledge", None),
            ("close", {"outcome": "reassured", "text": "spoke to them, all is well"}),
        ):
            url = f"{self._http}/api/alarms/{alarm['id']}/{deed}"
            async with session.post(url, headers=self._headers, json=body or {}) as answer:
                if answer.status == 409 and deed == "acknowledge":
                    continue  # ours since a try whose answer was lost
                answer.raise_for_status()
        self.closed += 1
        self._tell_closed(alarm["person"])

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def _is_over(alarm: dict[str, Any]) -> bool:
    return alarm["kind"] == "button" or alarm["cleared_at"] is not None
