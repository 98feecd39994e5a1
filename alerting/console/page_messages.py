"""The outbox: every message to somebody's phone, and what became of it."""

from functools import partial

from fastapi import APIRouter, Response

from alerting.console import outbox
from alerting.console.alarm_reading import named
from alerting.console.users import names
from alerting.console.visit import SeeingMessages

router = APIRouter()


@router.get("/outbox")
async def outbox_page(visit: SeeingMessages) -> Response:
    """Show the newest messages; says plainly where there is no account to send them by."""
    await visit.looked("looked at messages")
    found = await outbox.messages(visit.connection)
    values = {
        "messages": found,
        "account": bool(visit.settings.twilio_account_sid),
        "named": partial(named, names=await names(visit.connection)),
    }
    return visit.page("outbox.html", values=values)
