"""The two ways out of the house: a text to the person on call, by Twilio itself, and a heartbeat to an outside service.

Neither goes through our database, broker or alerting, nor shares their code: what keeps these from telling
somebody must not keep the watcher from it.
"""

import re
from base64 import b64encode

import aiohttp
import structlog

from runtime.settings import Settings
from telecare.watcher.hub import in_words

log = structlog.get_logger()

TWILIO = "https://api.twilio.com"
ANSWERS_WITHIN = 10.0
_PHONE = re.compile(r"\+\d{7,15}")


class NotToldError(Exception):
    """The message did not go out, or may not have; the message says why."""


def numbers(settings: Settings) -> tuple[str, ...]:
    """Return who is told; ValueError where a number is none, or no account is set to tell them by."""
    found = tuple(number.strip() for number in settings.watch_to.split(",") if number.strip())
    for number in found:
        if not _PHONE.fullmatch(number):
            raise ValueError(
                f"TELECARE_WATCH_TO has '{number}'; expected international numbers, for example +447700900123"
            )
    missing = [
        f"TELECARE_{name.upper()}"
        for name in ("twilio_account_sid", "twilio_auth_token", "twilio_from")
        if not getattr(settings, name)
    ]
    if found and missing:
        raise ValueError(f"TELECARE_WATCH_TO is set and {' and '.join(missing)} is not: no text could go out")
    return found


class Twilio:
    """An account that texts."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        base = (settings.twilio_base_url or TWILIO).rstrip("/")
        self._url = f"{base}/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
        login = f"{settings.twilio_account_sid}:{settings.twilio_auth_token}"
        self._headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        self._sender = settings.twilio_from
        self._session = session

    async def text(self, number: str, body: str) -> None:
        """Have the text sent; NotToldError where Twilio did not take it, or nobody knows."""
        sender = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = {"To": number, "Body": body, sender: self._sender}
        limit = aiohttp.ClientTimeout(total=ANSWERS_WITHIN)
        try:
            async with self._session.post(self._url, data=form, headers=self._headers, timeout=limit) as answer:
                if answer.status >= 300:
                    raise NotToldError(f"Twilio refused it (HTTP {answer.status}, error {await _code(answer)})")
        except TimeoutError as error:
            raise NotToldError("Twilio did not answer") from error
        except aiohttp.ClientConnectorError as error:
            raise NotToldError(f"Twilio cannot be reached ({in_words(error.os_error)})") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotToldError(f"no answer from Twilio ({type(error).__name__})") from error


async def _code(answer: aiohttp.ClientResponse) -> str:
    """Return Twilio's error code; its sentence repeats the telephone number, which stands in no log."""
    try:
        return str((await answer.json(content_type=None)).get("code", "unknown"))
    except (ValueError, AttributeError, aiohttp.ClientError):
        return "unknown"


async def beat(url: str, session: aiohttp.ClientSession) -> bool:
    """Call the outside service once; tell whether it took it."""
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)) as answer:
            taken = answer.status < 300
            reason = f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        taken, reason = False, type(error).__name__
    if not taken:
        log.warning("the heartbeat was not taken", action="heartbeat", reason=reason)
    return taken
