"""A stand-in for Twilio on loopback: notes the instant each request arrives, answers, and calls back 'delivered'.

It answers after a tenth of a second, as Twilio about does, so that whoever waits for one answer before sending the
next is found out. A receipt follows each message, signed as Twilio signs.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # the SDK has no types

from runtime.clock import SystemClock
from schema.instants import Instant

ACCOUNT, TOKEN, SENDER = "AC" + "0123456789abcdef" * 2, "a token of the bench's", "+447700900999"
ANSWERS_AFTER_SECONDS = 0.1
BARE = "/bare"


class TwilioStandIn:
    """What arrived: for each alarm, and for each number on the bare path, the instants of its requests."""

    def __init__(self) -> None:
        self.url = ""
        self.messages: dict[int, list[Instant]] = {}
        self.bare: dict[int, list[Instant]] = {}
        self._clock = SystemClock()
        self._validator = RequestValidator(TOKEN)
        self._tasks = set[asyncio.Task[None]]()
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for as long as the block lasts."""
        app = web.Application()
        app.router.add_post(BARE, self._bare)
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._message)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        async with aiohttp.ClientSession() as self._session:
            await runner.setup()
            try:
                site = web.TCPSite(runner, "127.0.0.1", 0)
                await site.start()
                self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield
            finally:
                for task in self._tasks:
                    task.cancel()
                await runner.cleanup()

    async def _bare(self, request: web.Request) -> web.Response:
        at = self._clock.now()
        form = await request.post()
        self.bare.setdefault(int(str(form["Body"])), []).append(at)
        await asyncio.sleep(ANSWERS_AFTER_SECONDS)
        return web.json_response({}, status=201)

    async def _message(self, request: web.Request) -> web.Response:
        at = self._clock.now()
        form = await request.post()
        link = re.search(r"/alarms/(\d+)", str(form["Body"]))
        assert link is not None, form["Body"]
        sid = self._note(int(link[1]), at)
        await asyncio.sleep(ANSWERS_AFTER_SECONDS)
        callback = str(form.get("StatusCallback", ""))
        if callback:
            task = asyncio.create_task(self._receipt(callback, sid), name=f"receipt:{sid}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return web.json_response({"sid": sid, "status": "queued", "error_code": None}, status=201)

    def _note(self, alarm: int, at: Instant) -> str:
        arrived = self.messages.setdefault(alarm, [])
        arrived.append(at)
        return f"SM{alarm:028}{len(arrived):04}"

    async def _receipt(self, callback: str, sid: str) -> None:
        form = {"MessageSid": sid, "MessageStatus": "delivered"}
        signed = {"X-Twilio-Signature": self._validator.compute_signature(callback, form)}
        assert self._session is not None
        async with self._session.post(callback, data=form, headers=signed) as answer:
            await answer.read()
