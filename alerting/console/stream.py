"""Server-sent events: `alarm` as an alarm changes (as the list shows it), `heartbeat` each 3 seconds.

A caller lists the alarms once connected, then follows. No heartbeat comes while the desk cannot see the
database, and the stream ends when its session does.
"""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from psycopg_pool import PoolTimeout
from sse_starlette import EventSourceResponse, ServerSentEvent

from alerting.console import access
from alerting.console.context import Console, console_of
from alerting.console.problems import NotSignedInError, Problem
from alerting.console.roles import MAY
from runtime.database import GONE

router = APIRouter(tags=["stream"])

RETRY_MS = 2000


@router.get("/api/stream", response_class=EventSourceResponse)
async def stream(request: Request) -> EventSourceResponse:
    """Follow alarms as they change. The connection to the database is given back before the stream begins."""
    console = console_of(request)
    if not await _may_follow(console, request):
        raise Problem(403, "Your role may not see alarms.")
    return EventSourceResponse(
        _messages(console, request),
        ping=3600,
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


async def _messages(console: Console, request: Request) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="following", retry=RETRY_MS)
    async for said in console.live.watch():
        if said is None:
            yield ServerSentEvent(comment="the desk cannot see the database")
            continue
        if said.event == "heartbeat" and not await _still(console, request):
            return
        yield ServerSentEvent(said.data, event=said.event)


async def _still(console: Console, request: Request) -> bool:
    """Tell whether the session has not ended; a database that is away ends none."""
    try:
        return await _may_follow(console, request)
    except NotSignedInError:
        return False
    except (*GONE, PoolTimeout):
        return True


async def _may_follow(console: Console, request: Request) -> bool:
    async with console.lend() as connection:
        user = await access.signed_in(request, connection)
    return "see_alarms" in MAY[user.role]
