"""The watcher's look at the operators' desk: which presses does its list show, and what does it say of itself?

By HTTP, as any program of an operator's: each look is a connection of its own, so that a desk that lets nobody new
in is found out.
"""

from collections.abc import Iterable
from typing import Any

import aiohttp
import msgspec

from telecare.watcher.hub import in_words

_REFUSED = (401, 403)


class DeskError(Exception):
    """The desk gave no answer; the message says why, in words that end a sentence."""


class _Evidence(msgspec.Struct):
    at: str
    kind: str


class _Alarm(msgspec.Struct):
    subject: str
    evidence: list[_Evidence]


class _Ready(msgspec.Struct):
    reasons: list[str] = []


_alarms = msgspec.json.Decoder(list[_Alarm])
_ready = msgspec.json.Decoder(_Ready)


class Desk:
    """A desk at an address, which shows us canaries' alarms by a token."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = session

    async def shown(self, homes: Iterable[str], at: str, seconds: float) -> set[str]:
        """Return which of the homes' presses of that moment the list shows; DeskError where it cannot be had."""
        status, body = await self._get("/api/alarms?state=open&canary=true", seconds)
        if status in _REFUSED:
            raise DeskError(f"it refuses the watcher (HTTP {status}): TELECARE_WATCH_TOKEN must be the console's")
        if status != 200:
            raise DeskError(f"it answers HTTP {status}{_said(body)}")
        try:
            alarms = _alarms.decode(body)
        except msgspec.DecodeError as error:
            raise DeskError("what answers there is no desk of ours: is TELECARE_WATCH_DESK right?") from error
        pressed = {(alarm.subject, fact.at) for alarm in alarms for fact in alarm.evidence if fact.kind == "button"}
        return {home for home in homes if (home, at) in pressed}

    async def reasons(self, seconds: float) -> list[str]:
        """Return what the desk says is wrong, or nothing where it does not say."""
        try:
            _, body = await self._get("/ready", seconds)
            return _ready.decode(body).reasons
        except (DeskError, msgspec.DecodeError):
            return []

    async def _get(self, path: str, seconds: float) -> tuple[int, bytes]:
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.get(
                self._url + path, headers=self._headers, timeout=limit, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except TimeoutError as error:
            raise DeskError("nothing came back in time") from error
        except aiohttp.ClientConnectorError as error:
            raise DeskError(f"it cannot be reached ({in_words(error.os_error)})") from error
        except (aiohttp.ClientError, OSError) as error:
            raise DeskError(f"the connection broke ({type(error).__name__})") from error


def _said(body: bytes) -> str:
    """Return what a refusal of ours says, in brackets."""
    try:
        problem: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return f" ({detail.rstrip('.')})" if isinstance(detail, str) else ""
