"""What the watcher says to the world, over HTTP: to the desk, to Twilio, to whoever counts heartbeats."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from runtime.settings import Settings
from telecare.refusal import Refusal
from telecare.watcher import outside
from telecare.watcher.command import plan_of
from telecare.watcher.desk import Desk, DeskError
from telecare.watcher.outside import NotToldError, Twilio, numbers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACCOUNT = "AC" + "0" * 32
AT = "2026-11-22T02:14:03.120Z"


@asynccontextmanager
async def world(handler: Handler) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """Give the address of a server that answers so, and a session to reach it by."""
    server = web.Server(handler)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as session:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", session
    await runner.cleanup()


def settings(url: str) -> Settings:
    return Settings(
        twilio_account_sid=ACCOUNT,
        twilio_auth_token="secret",
        twilio_from="+447700900999",
        twilio_base_url=url,
        watch_to="+447700900199",
    )


async def test_a_text_is_what_twilio_asks_for() -> None:
    seen: dict[str, str] = {}

    async def takes(request: web.Request) -> web.Response:
        seen.update({name: str(value) for name, value in (await request.post()).items()})
        seen["path"], seen["auth"] = request.path, request.headers["Authorization"]
        return web.json_response({"sid": "SM1"}, status=201)

    async with world(takes) as (url, session):
        await Twilio(settings(url), session).text("+447700900199", "Telecare desk: NOT WORKING")
    assert seen == {
        "To": "+447700900199",
        "From": "+447700900999",
        "Body": "Telecare desk: NOT WORKING",
        "path": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
        "auth": "Basic " + b64encode(f"{ACCOUNT}:secret".encode()).decode(),
    }


async def test_what_twilio_does_not_take_is_said_without_the_number() -> None:
    async def refuses(request: web.Request) -> web.Response:
        return web.json_response({"code": 21211, "message": "+447700900199 is no number"}, status=400)

    async with world(refuses) as (url, session):
        with pytest.raises(NotToldError, match=r"HTTP 400, error 21211") as refused:
            await Twilio(settings(url), session).text("+447700900199", "")
        assert "900199" not in str(refused.value)
        with pytest.raises(NotToldError, match="cannot be reached"):
            await Twilio(settings("http://127.0.0.1:1"), session).text("+447700900199", "")


async def test_a_heartbeat_that_is_not_taken_is_no_reason_to_stop() -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.path == "/here" else 404)

    async with world(gone) as (url, session):
        assert await outside.beat(f"{url}/here", session)
        assert not await outside.beat(f"{url}/nowhere", session)
        assert not await outside.beat("http://127.0.0.1:1/", session)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {}, "TELECARE_WATCH_TOKEN must be the console's"),
        (503, {"detail": "The database does not answer."}, r"HTTP 503 \(The database does not answer\)"),
        (200, {"hello": "world"}, "is TELECARE_WATCH_DESK right"),
        (302, {}, "HTTP 302"),
    ],
)
async def test_a_desk_that_does_not_show_its_list_is_told_as_such(status: int, body: object, said: str) -> None:
    async def answers(request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    async with world(answers) as (url, session):
        with pytest.raises(DeskError, match=said):
            await Desk(url, "token", session).shown(["_canary-1"], AT, 5)


async def test_only_the_press_of_that_home_and_that_moment_counts() -> None:
    def alarm(subject: str, at: str, kind: str = "button") -> dict[str, object]:
        return {"id": 1, "subject": subject, "evidence": [{"at": at, "device": "pendant-1", "kind": kind}]}

    earlier = "2026-11-22T02:13:03.120Z"
    listed = [alarm("_canary-1", AT), alarm("_canary-2", earlier), alarm("ada", AT), alarm("_canary-3", AT, "tamper")]

    async def answers(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer token"
        assert request.path_qs == "/api/alarms?state=open&canary=true"
        return web.json_response(listed)

    async with world(answers) as (url, session):
        seen = await Desk(url + "/", "token", session).shown([f"_canary-{number}" for number in (1, 2, 3)], AT, 5)
    assert seen == {"_canary-1"}


def whole(**changed: str) -> Settings:
    return Settings(
        **{
            "mqtt_url": "mqtt://hub:secret@broker.example",
            "public_url": "https://desk.example",
            "watch_token": "token",
            **changed,
        }  # type: ignore[arg-type] # all of these are texts
    )


def test_a_watcher_that_could_not_work_is_refused_in_one_line() -> None:
    assert plan_of(whole()).place == "desk.example"
    for changed, said in (
        ({"public_url": ""}, "TELECARE_WATCH_DESK"),
        ({"watch_desk": "desk.example"}, "TELECARE_WATCH_DESK"),
        ({"watch_token": ""}, "TELECARE_WATCH_TOKEN is not set"),
        ({"mqtt_url": ""}, "TELECARE_MQTT_URL is not set"),
        ({"watch_to": "07700 900199"}, r"expected international numbers"),
        ({"watch_to": "+447700900199"}, "no text could go out"),
    ):
        with pytest.raises(Refusal) as refused:
            plan_of(whole(**changed))
        assert said in refused.value.format_message()
        assert "\n" not in refused.value.format_message()


def test_several_may_be_on_call() -> None:
    asked = settings("").model_copy(update={"watch_to": "+447700900199, +447700900198"})
    assert numbers(asked) == ("+447700900199", "+447700900198")
