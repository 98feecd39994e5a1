"""The SMS channel against a provider on a real socket that answers, errs, stalls and hangs up."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest

from alerting.channels import Ambiguous, Outgoing, Refused, Result, Sent, TryLater, sms
from runtime.settings import Settings

PHONE = "+447700900101"
MESSAGE = Outgoing(attempt=17, phone=PHONE, body="Telecare: life alarm 1043")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the SDK's use of aiohttp

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Provider:
    """Something at Twilio's address: it reads a request whole, then behaves as it is told."""

    def __init__(self, behaves: Behaviour) -> None:
        self._behaves = behaves
        self.requests: list[tuple[str, dict[str, str]]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length")
        )
        form = parse_qs((await reader.readexactly(length)).decode())
        self.requests.append((head.split(" ")[1], {name: values[0] for name, values in form.items()}))
        await self._behaves(writer)
        writer.close()


def answers(status: int, body: object) -> Behaviour:
    """Answer with this status and JSON, or text as it stands."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()

    return behave


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    """Hang up without an answer."""
    writer.close()


@asynccontextmanager
async def _twilio(behaves: Behaviour) -> AsyncIterator[tuple[Provider, str]]:
    provider = Provider(behaves)
    async with await asyncio.start_server(provider.serve, "127.0.0.1", 0) as server:
        yield provider, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _send(url: str, **more: str) -> Result:
    account = {"twilio_account_sid": "AC" + "0" * 32, "twilio_auth_token": "token", "twilio_from": "+447700900000"}
    settings = Settings(twilio_base_url=url, **{**account, **more})  # type: ignore[arg-type] # by name
    async with sms.open_sms(settings) as channel:
        return await channel.send(MESSAGE)


async def test_a_message_goes_to_the_account_with_the_address_for_its_receipts() -> None:
    async with _twilio(answers(201, {"sid": "SM1"})) as (provider, url):
        assert await _send(url, public_url="https://care.example/") == Sent("SM1")
    ((path, form),) = provider.requests
    assert path == f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    assert form == {
        "To": PHONE,
        "From": "+447700900000",
        "Body": "Telecare: life alarm 1043",
        "StatusCallback": "https://care.example/hooks/twilio/status?attempt=17",
    }


async def test_a_messaging_service_stands_in_for_the_number_and_without_an_address_no_receipt_is_asked() -> None:
    async with _twilio(answers(201, {"sid": "SM1"})) as (provider, url):
        await _send(url, twilio_from="MG" + "1" * 32)
    assert provider.requests[0][1] == {
        "To": PHONE, "MessagingServiceSid": "MG" + "1" * 32, "Body": "Telecare: life alarm 1043",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"code": 21614, "message": f"'To' number {PHONE} is not mobile"}, Refused),
        (400, {"code": 21211, "message": f"{PHONE} is not valid"}, Refused),
        (400, {"code": 21610, "message": "unsubscribed"}, Refused),
        (400, {"code": 99999, "message": f"news about {PHONE}"}, Refused),
        (401, {"code": 20003, "message": "Authenticate"}, Refused),
        (404, {"code": 20404, "message": "not found"}, Refused),
        (400, "gibberish", Refused),
        (429, {"code": 20429, "message": "Too Many Requests"}, TryLater),
        (500, {"code": 20500, "message": "oops"}, TryLater),
        (503, "<html>", TryLater),
        (201, "not JSON", Ambiguous),
        (201, {}, Ambiguous),
        (400, {"type": "t", "title": "x", "status": 400, "code": 21614}, Refused),  # the newer form of errors
    ],
)
async def test_what_an_answer_means(status: int, body: object, expected: type[Result]) -> None:
    async with _twilio(answers(status, body)) as (_, url):
        result = await _send(url)
    assert isinstance(result, expected), result
    assert PHONE not in str(result)


async def test_nobody_there_is_tried_later_as_nothing_can_have_been_sent() -> None:
    async with _twilio(hangs_up) as (_, url):
        pass
    assert isinstance(await _send(url), TryLater)


async def test_hanging_up_after_the_request_is_ambiguous() -> None:
    async with _twilio(hangs_up) as (_, url):
        assert isinstance(await _send(url), Ambiguous)


async def test_an_answer_that_never_comes_is_ambiguous_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "ANSWERS_WITHIN", 0.2)

    async def stalls(_: asyncio.StreamWriter) -> None:
        await asyncio.wait_for(over.wait(), 20)

    over = asyncio.Event()
    async with _twilio(stalls) as (_, url):
        assert isinstance(await asyncio.wait_for(_send(url), 10), Ambiguous)
        over.set()


async def test_no_number_and_no_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with _twilio(answers(400, {"code": 21614, "message": f"{PHONE} is not mobile"})) as (_, url):
        await _send(url)
    said = " ".join(record.getMessage() for record in caplog.records)
    assert PHONE not in said
    assert "1043" not in said
