"""The console: operators' pages, the JSON API, the stream and the webhooks, as one FastAPI application.

`create_app` wires and decides nothing. Whoever serves it runs the listener; the application's lifespan
runs what is live.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool

from alerting.console import (
    api_alarms,
    api_people,
    api_sessions,
    health,
    hooks,
    page_alarm,
    page_equipment,
    page_messages,
    page_people,
    page_queue,
    page_session,
    problems,
    static,
    stream,
)
from alerting.console.context import Console
from alerting.console.live import Live
from alerting.console.views import SECURITY_HEADERS
from runtime.clock import Clock
from runtime.database import Listener
from runtime.settings import Settings

API = (api_sessions, api_alarms, api_people, stream, hooks, health)
PAGES = (page_queue, page_alarm, page_people, page_messages, page_equipment, page_session, static)


def create_app(settings: Settings, pool: AsyncConnectionPool, listener: Listener, clock: Clock) -> FastAPI:
    """Return the console; the listener must hear the channel `alarms`."""
    live = Live(pool, listener, clock)
    app = FastAPI(
        title="Telecare",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere, which ours never do
        redoc_url=None,
        lifespan=_lifespan(live),
    )
    app.state.console = Console(settings, pool, clock, live)
    app.middleware("http")(_with_security_headers)
    problems.install(app)
    for part in API:
        app.include_router(part.router)
    for part in PAGES:
        app.include_router(part.router, include_in_schema=False)
    return app


def _lifespan(live: Live) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(live.run(), name="console:live")
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    return lifespan


async def _with_security_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
