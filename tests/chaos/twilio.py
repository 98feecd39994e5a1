"""Twilio's place in a chaos run: takes SMS requests, remembers which alarm each names, and sends signed receipts.

It misbehaves as the real one does, by a seed: now and then busy (503), now and then it takes a message and the
answer is lost. Receipts come after a moment, and are tried again for a while where nobody answers.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # the SDK has no types

ACCOUNT, TOKEN, SENDER = "AC" + "0123456789abcdef" * 2, "a token of ours", "+447700900000"
_ALARM = re.compile(r"alarm (\d+) ")
_RECEIPT_TRIES = 5


class Twilio:
    """The peer; `pages` counts the messages it took, by the number of the alarm they name."""

    def __init__(self, seed: int, busy: float = 0.02, mute: float = 0.01) -> None:
        self.url = ""
        self.pages: Counter[int] = Counter()
        self.turned_away = 0
        self._random = Random(seed)  # noqa: S311 - repeatable is what it is for
        self._busy, self._mute = busy, mute
        self._validator = RequestValidator(TOKEN)
        self._receipts = set[asyncio.Task[None]]()
        self._session: ClientSession | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What makes alerting send to it."""
        return {
            "TELECARE_TWILIO_ACCOUNT_SID": ACCOUNT,
            "TELECARE_TWILIO_AUTH_TOKEN": TOKEN,
            "TELECARE_TWILIO_FROM": SENDER,
            "TELECARE_TWILIO_BASE_URL": self.url,
        }

    async def take(self, request: web.Request) -> web.Response:
        """Take one message, or misbehave."""
        form = dict(await request.post())
        chance = self._random.random()
        if chance < self._busy:
            self.turned_away += 1
            return web.json_response({"code": 20503, "message": "busy", "status": 503}, status=503)
        body = str(form.get("Body", ""))
        for number in _ALARM.findall(body):
            self.pages[int(number)] += 1
        sid = f"SM{self._random.getrandbits(128):032x}"
        if callback := form.get("StatusCallback"):
            self._promise_receipt(str(callback), sid)
        if chance < self._busy + self._mute and request.transport is not None:
            request.transport.abort()  # it has the message; the answer is lost
        return web.json_response({"sid": sid, "status": "queued", "to": form.get("To"), "body": body}, status=201)

    def _promise_receipt(self, callback: str, sid: str) -> None:
        receipt = asyncio.create_task(self._receipt(callback, sid))
        self._receipts.add(receipt)
        receipt.add_done_callback(self._receipts.discard)

    async def _receipt(self, callback: str, sid: str) -> None:
        form = {"MessageSid": sid, "MessageStatus": "delivered", "AccountSid": ACCOUNT}
        headers = {"X-Twilio-Signature": self._validator.compute_signature(callback, form)}
        assert self._session is not None
        for pause in range(_RECEIPT_TRIES):
            await asyncio.sleep(0.3 + pause)
            try:
                async with self._session.post(callback, data=form, headers=headers) as answer:
                    if answer.status < 500:
                        return
            except (ClientError, TimeoutError, OSError):
                continue

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Twilio"]:
        """Listen on a free port of loopback."""
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with ClientSession(timeout=ClientTimeout(total=5)) as self._session:
            try:
                yield self
            finally:
                for receipt in list(self._receipts):
                    receipt.cancel()
                await asyncio.gather(*self._receipts, return_exceptions=True)
                await runner.cleanup()
