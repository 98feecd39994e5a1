"""SMS by Twilio, through its own SDK, asynchronously.

A try takes no longer than ten seconds. What Twilio refuses is told by its error code in words of ours: its own
sentence often repeats the telephone number, which stands in no log or journal. A request that left and brought no
answer is ambiguous; one that never left can be tried later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientConnectorError, ClientSession, ClientTimeout, ConnectionTimeoutError, TCPConnector
from twilio.base.exceptions import (  # type: ignore[import-untyped] # the SDK says nothing of its types
    TwilioRestException,
    TwilioServiceException,
)
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped] # likewise
from twilio.http.response import Response  # type: ignore[import-untyped] # likewise
from twilio.rest import Client  # type: ignore[import-untyped] # likewise

from alerting.channels import Ambiguous, Outgoing, Refused, Result, Sent, TryLater
from runtime.settings import Settings

TWILIO = "https://api.twilio.com"
ANSWERS_WITHIN = 10.0
CONNECTS_WITHIN = 4.0
CONNECTION_KEPT_FOR = 55.0
"""Seconds between messages after which a connection is not used again: shorter than most servers keep one."""
_ADDRESS_KEPT_FOR = 300  # s

FINAL_ERRORS: dict[str, str] = {
    "21211": "that is no telephone number",
    "21610": "the number has opted out by STOP",
    "21614": "that is no mobile number",
    "30003": "the handset cannot be reached",
    "30004": "the number blocks messages",
    "30005": "the number is not in use",
    "30006": "a landline, or a carrier that cannot be reached",
    "30007": "the carrier filtered it",
}
"""Twilio's codes after which the same message to the same number is in vain."""


def in_words(code: str) -> str:
    """Say a Twilio error code in words, with the code."""
    if not code:
        return "Twilio gave no reason"
    return f"{FINAL_ERRORS.get(code, 'Twilio refused it')} (Twilio error {code})"


@asynccontextmanager
async def open_sms(settings: Settings) -> AsyncIterator["Sms"]:
    """Open the channel for as long as the context lasts."""
    http = _Http(settings.twilio_base_url)
    client = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=http)
    try:
        yield Sms(client, settings.twilio_from, settings.public_url)
    finally:
        await http.close()


class Sms:
    """The channel: `sender` is a number, or a messaging service's id (`MG...`)."""

    def __init__(self, client: Client, sender: str, public_url: str) -> None:
        self._client = client
        self._sender = sender
        self._public_url = public_url.rstrip("/")

    async def send(self, message: Outgoing) -> Result:
        """Try once, within ten seconds."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                sent = await self._client.messages.create_async(**self._as_twilio_wants(message))
        except (TwilioRestException, TwilioServiceException) as error:
            return _refusal(error.status, str(error.code or ""))
        except (ClientConnectorError, ConnectionTimeoutError):
            return TryLater("Twilio cannot be reached")
        except Exception as error:  # noqa: BLE001 - the request had left: no answer says nothing of the message
            return Ambiguous(f"no answer from Twilio ({type(error).__name__})")
        return Sent(str(sent.sid)) if sent.sid else Ambiguous("Twilio's answer names no message")

    def _as_twilio_wants(self, message: Outgoing) -> dict[str, str]:
        sender = "messaging_service_sid" if self._sender.startswith("MG") else "from_"
        wanted = {"to": message.phone, "body": message.body, sender: self._sender}
        if self._public_url:
            wanted["status_callback"] = f"{self._public_url}/hooks/twilio/status?attempt={message.attempt}"
        return wanted


def _refusal(status: int, code: str) -> Result:
    if status == 429 or status >= 500:
        return TryLater(f"Twilio is busy (HTTP {status})")
    if status in {401, 403} and code not in FINAL_ERRORS:
        return Refused(f"Twilio refuses our account (HTTP {status}): look at its settings")
    return Refused(in_words(code if code != str(status) else "") if code else f"Twilio refused it (HTTP {status})")


class _Http(AsyncTwilioHttpClient):  # type: ignore[misc] # of no known type
    """The SDK's client with bounds of its own, sent to a stand-in where one is set, and silent in the log.

    The SDK's own takes a time limit and does not use it, and logs numbers and texts.
    """

    def __init__(self, base_url: str) -> None:
        silent = logging.getLogger("alerting.twilio")
        silent.setLevel(logging.WARNING)
        super().__init__(pool_connections=False, logger=silent)
        self._base_url = base_url.rstrip("/")
        self.session = ClientSession(
            connector=TCPConnector(keepalive_timeout=CONNECTION_KEPT_FOR, ttl_dns_cache=_ADDRESS_KEPT_FOR),
            timeout=ClientTimeout(total=ANSWERS_WITHIN, sock_connect=CONNECTS_WITHIN),
        )

    async def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Response:
        """Make the request, at the stand-in's address where one is set."""
        if self._base_url:
            url = self._base_url + url.removeprefix(TWILIO)
        return await super().request(method, url, *arguments, **named)
