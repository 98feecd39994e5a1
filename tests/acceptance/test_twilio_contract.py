"""Our requests are what Twilio's own OpenAPI document asks for: a mock made of it, on a real socket, takes them.

The mock is connexion's, strict, over the document in the recordings, cut down to the two calls we may make. It
answers with the document's examples and calls nobody back: what Twilio does when things go wrong is scripted in
tests/unit/alerting.
"""

import asyncio
import gzip
import json
import os
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import connexion
import pytest
import uvicorn
from connexion.mock import MockResolver

from alerting import texts
from alerting.channels import Outgoing, Refused, Sent
from alerting.channels.sms import open_sms
from runtime.settings import Settings
from schema.instants import parse_instant

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's and connexion's own

RECORDINGS = Path(os.environ.get("TELECARE_RECORDINGS", Path(__file__).parents[3] / "shared" / "data"))
DOCUMENT = RECORDINGS / "twilio" / "twilio_api_v2010.json.gz"
ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "a token of ours"
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
CALLS = "/2010-04-01/Accounts/{AccountSid}/Calls.json"
BODY = texts.page(
    alarm=1043,
    kind="button",
    priority="life",
    raised_at=parse_instant("2026-11-22T02:14:00Z"),
    zone="Europe/London",
    code="4821",
    recipient="member",
)


class Twilio(NamedTuple):
    """The mock, and where it is."""

    url: str

    async def post(self, path: str, form: dict[str, str], account: str = ACCOUNT) -> int:
        """Send it a request that our channel would not make; return the status it answers."""
        address = self.url + path.replace("{AccountSid}", account)
        async with (
            aiohttp.ClientSession() as session,
            session.post(address, data=form, headers=_authorised()) as answer,
        ):
            return answer.status


def _authorised() -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}


def known_account(username: str, password: str) -> dict[str, str] | None:
    """Let our account in, and no other: what connexion asks for basic authentication."""
    return {"sub": username} if (username, password) == (ACCOUNT, TOKEN) else None


def _document() -> dict[str, Any]:
    """Return Twilio's document with our two calls, what they refer to, and our account's check."""
    whole = json.loads(gzip.decompress(DOCUMENT.read_bytes()))
    paths = {path: {"post": whole["paths"][path]["post"]} for path in (MESSAGES, CALLS)}
    schemas = whole["components"]["schemas"]
    wanted = _referred(paths, schemas, {})
    scheme = whole["components"]["securitySchemes"]["accountSid_authToken"]
    return {
        "openapi": whole["openapi"],
        "info": whole["info"],
        "paths": paths,
        "components": {
            "schemas": wanted,
            "securitySchemes": {"accountSid_authToken": {**scheme, "x-basicInfoFunc": f"{__name__}.known_account"}},
        },
    }


def _referred(node: Any, schemas: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
        if name in schemas and name not in found:
            found[name] = schemas[name]
            _referred(schemas[name], schemas, found)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _referred(child, schemas, found)
    return found


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """Give the mock, served on loopback."""
    app = connexion.AsyncApp("twilio")
    app.add_api(_document(), resolver=MockResolver(mock_all=True), strict_validation=True, validate_responses=True)
    async with _served(app) as url:
        yield Twilio(url)


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - uvicorn gives no event to wait for
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


def _settings(url: str, **more: str) -> Settings:
    account = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": TOKEN, "twilio_from": "+447700900000"}
    return Settings(twilio_base_url=url, **{**account, **more})  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"public_url": "https://care.example"},
        {"twilio_from": "MG" + "0123456789abcdef" * 2, "public_url": "https://care.example"},
    ],
)
async def test_our_messages_are_accepted(twilio: Twilio, more: dict[str, str]) -> None:
    async with open_sms(_settings(twilio.url, **more)) as sms:
        result = await sms.send(Outgoing(attempt=17, phone="+447700900101", body=BODY))
    assert isinstance(result, Sent), result
    assert result.provider_id.startswith("SM")


async def test_the_mock_refuses_a_message_to_nobody(twilio: Twilio) -> None:
    form = {"From": "+447700900000", "To": "+447700900101", "Body": BODY}
    assert await twilio.post(MESSAGES, form) == 201
    del form["To"]
    assert await twilio.post(MESSAGES, form) in {400, 422}


async def test_the_mock_refuses_a_field_that_twilio_does_not_know(twilio: Twilio) -> None:
    form = {"From": "+447700900000", "To": "+447700900101", "Body": BODY, "Text": BODY}
    assert await twilio.post(MESSAGES, form) in {400, 422}


async def test_the_mock_refuses_an_account_that_cannot_be_one(twilio: Twilio) -> None:
    form = {"From": "+447700900000", "To": "+447700900101", "Body": BODY}
    assert await twilio.post(MESSAGES, form, account="AC123") in {400, 422}
    async with open_sms(_settings(twilio.url, twilio_account_sid="AC123")) as sms:
        assert isinstance(await sms.send(Outgoing(attempt=1, phone="+447700900101", body=BODY)), Refused)


async def test_an_account_it_does_not_know_is_a_refusal_that_names_the_settings(twilio: Twilio) -> None:
    async with open_sms(_settings(twilio.url, twilio_auth_token="another token")) as sms:
        result = await sms.send(Outgoing(attempt=1, phone="+447700900101", body=BODY))
    assert result == Refused("Twilio refuses our account (HTTP 401): look at its settings")
