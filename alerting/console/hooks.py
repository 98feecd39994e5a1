"""Webhooks: what Twilio tells us. Whatever is not signed with our account's token gets 403 and changes nothing."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import FormData
from twilio.twiml.messaging_response import MessagingResponse  # type: ignore[import-untyped] # the SDK has no types

from alerting.console.api_alarms import REFUSALS
from alerting.console.context import Connected, TheConsole
from alerting.console.problems import Problem
from alerting.receipts import handle_status
from alerting.replies import handle_reply
from alerting.signature import genuine

router = APIRouter(prefix="/hooks/twilio", tags=["hooks"], responses={code: REFUSALS[code] for code in (403, 503)})


async def signed_form(request: Request, console: TheConsole) -> FormData:
    """Give the form of a request that Twilio signed; a problem for any other."""
    form = await request.form()
    signature = request.headers.get("x-twilio-signature", "")
    if not genuine(console.settings, str(request.url), form, signature):
        raise Problem(403, "The signature is not Twilio's for this account; nothing was changed.")
    return form


Signed = Annotated[FormData, Depends(signed_form)]


@router.post("/status", status_code=204)
async def status(
    form: Signed, connection: Connected, console: TheConsole, attempt: Annotated[int, Query(ge=1, le=2**63 - 1)]
) -> None:
    """Take in what became of a message: a receipt may come twice, and out of order."""
    await handle_status(connection, attempt, _texts(form), console.clock.now())


@router.post("/reply", response_class=Response)
async def reply(form: Signed, connection: Connected, console: TheConsole) -> Response:
    """Take in what somebody answered, and answer in TwiML: a message, or nothing."""
    answer = MessagingResponse()
    if said := await handle_reply(connection, _texts(form), console.clock.now()):
        answer.message(said)
    return Response(str(answer), media_type="application/xml")


def _texts(form: FormData) -> dict[str, Any]:
    return {name: value for name, value in form.items() if isinstance(value, str)}
