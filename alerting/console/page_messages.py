"""The outbox: every message to somebody's phone, and what became of it."""

from fastapi import APIRouter, Response

from alerting.console import outbox
from alerting.console.visit import SeeingMessages

router = APIRouter()


@router.get("/outbox")
async def outbox_page(visit: SeeingMessages) -> Response:
    """Show the newest messages; says plainly where there is no account to send them by."""
    await visit.looked("looked at messages")
    found = await outbox.messages(visit.connection)
    return visit.page("outbox.html", values={"messages": found, "account": bool(visit.settings.twilio_account_sid)})
