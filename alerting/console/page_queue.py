"""The queue: what to take now, who else waits, what is in hand."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from alerting import alarms
from alerting.console import access
from alerting.console.alarm_reading import listed
from alerting.console.cards import cards, queue
from alerting.console.context import Connected, TheConsole
from alerting.console.lag import blind_for
from alerting.console.roles import MAY
from alerting.console.visit import SeeingAlarms, Visit

router = APIRouter()


@router.get("/")
async def queue_page(request: Request, connection: Connected, console: TheConsole) -> Response:
    """Show the open alarms; whoever may not see them is led to what they may."""
    user = await access.signed_in(request, connection)
    if "see_alarms" not in MAY[user.role]:
        return RedirectResponse("/equipment", 303)
    visit = Visit(request, connection, user, console.clock.now(), console.settings)
    return visit.page("queue.html", values=await _queue(visit))


@router.get("/queue")
async def queue_part(visit: SeeingAlarms) -> Response:
    """Give the list alone, for a page that is open and hears that something changed."""
    return visit.page("_queue.html", values=await _queue(visit))


async def _queue(visit: Visit) -> dict[str, Any]:
    found = [listed(alarm) for alarm in await alarms.open_alarms(visit.connection)]
    return {
        "queue": queue(await cards(visit.connection, found, visit.user)),
        "blind_for": await blind_for(visit.connection, visit.now),
    }
