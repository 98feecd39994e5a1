"""Alerting as a service: the engine, the delivery and the console, which live and die together."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from psycopg_pool import AsyncConnectionPool

from alerting.channels.sms import open_sms
from alerting.console.app import create_app
from alerting.console.health import probe
from alerting.delivery import Delivery
from alerting.engine import Engine
from runtime.clock import SystemClock
from runtime.database import GONE, Listener, pool
from runtime.probes import serve_probes
from runtime.service import run_together
from runtime.settings import Settings

log = structlog.get_logger()

POOL_SIZE = 12
"""Connections: the engine, four lanes of delivery, and the console's requests."""


async def serve(settings: Settings) -> None:
    """Serve until asked to stop; a database that is away, at the start or later, is waited for."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        connections = await stack.enter_async_context(_pool(settings.database_url))
        channels = {"sms": await stack.enter_async_context(open_sms(settings))} if _may_send(settings) else {}
        listener = Listener(settings.database_url, ("findings", "outbox", "alarms"))
        app = create_app(settings, connections, listener, clock)
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=2,  # streams never end by themselves
            )
        )
        await run_together(
            "alerting",
            listener=listener.run(),
            engine=Engine(connections, clock).run(listener),
            delivery=Delivery(connections, channels, clock, settings.public_url).run(listener),
            console=server.serve_until_cancelled(),
            probes=serve_probes(settings.http_host, settings.metrics_port, probe(app)),
        )


def _may_send(settings: Settings) -> bool:
    """Tell whether there is an account to send by; half of one is said to be none."""
    given = {
        "TELECARE_TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TELECARE_TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TELECARE_TWILIO_FROM": settings.twilio_from,
    }
    missing = [name for name, value in given.items() if not value]
    if missing:
        log.warning("no Twilio account: messages are shown in the console as not sent", action="start", missing=missing)
    elif not settings.public_url:
        log.warning("no TELECARE_PUBLIC_URL: without receipts and replies each step is given a minute", action="start")
    return not missing


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[AsyncConnectionPool]:
    """Open the pool, waiting for a database that is not there yet."""
    waiting = False
    while True:
        try:
            async with AsyncExitStack() as stack:
                connections = await stack.enter_async_context(pool(url, name="alerting", size=POOL_SIZE))
                kept = stack.pop_all()
            break
        except GONE as error:
            if not waiting:
                log.warning("the database does not answer; waiting for it", action="start", error=str(error))
            waiting = True
            await asyncio.sleep(1)
    async with kept:
        yield connections


class _Server(uvicorn.Server):
    """The console's HTTP server, which ends with the service it is part of and leaves the signals to it."""

    async def serve_until_cancelled(self) -> None:
        """Serve; on being cancelled, let what is under way end first."""
        serving = asyncio.create_task(self.serve(), name="console:http")
        try:
            await asyncio.shield(serving)
        finally:
            self.should_exit = True
            await serving
        raise RuntimeError("the console's server ended by itself")  # and alerting with it: nothing lives on by half

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: `run_together` ends all tasks."""
        yield
