"""Who may do what: the API enforces it, whatever the pages show."""

import re

import httpx
import pytest

from alerting.console.roles import MAY
from tests.unit.console.house import USERS, House

READS = {
    "/api/alarms": "see_alarms",
    "/api/alarms/{alarm}": "see_alarms",
    "/api/people/ada": "see_people",
    "/api/people/ada/timeline": "see_people",
    "/api/people/ada/coverage": "see_people",
    "/queue": "see_alarms",
    "/alarms/{alarm}": "see_alarms",
    "/alarms/{alarm}/parts": "see_alarms",
    "/people": "see_people",
    "/people/ada": "see_people",
    "/outbox": "see_messages",
    "/equipment": "see_equipment",
}
ACTS = {
    "/api/alarms": {"person": "ada", "reason": "telephoned"},
    "/api/alarms/{alarm}/acknowledge": None,
    "/api/alarms/{alarm}/release": {"reason": "off shift"},
    "/api/alarms/{alarm}/take-over": {"reason": "off shift"},
    "/api/alarms/{alarm}/notes": {"text": "rang"},
    "/api/alarms/{alarm}/dispatch": {"text": "the mobile officer"},
    "/api/alarms/{alarm}/escalate": {"reason": "worse"},
    "/api/alarms/{alarm}/close": {"outcome": "reassured"},
    "/alarms/{alarm}/acknowledge": None,
    "/alarms/{alarm}/key-safe": None,
    "/people/ada/alarms": None,
}
ASKS = {"/api/people/ada/rehearsals": "see_people"}
OPEN_TO_ANYBODY = {"/health", "/ready", "/metrics", "/login", "/static/{name}", "/api/openapi.json", "/api/sessions"}
SIGNED = {"/hooks/twilio/status", "/hooks/twilio/reply"}


@pytest.mark.parametrize("user", USERS)
async def test_each_role_sees_what_it_may_and_nothing_else(house: House, user: str) -> None:
    alarm = await house.press()
    role = USERS[user][1]
    async with house.program(user) as program:
        for path, needed in READS.items():
            answer = await program.get(path.format(alarm=alarm))
            assert answer.status_code == (200 if needed in MAY[role] else 403), path
        for path, needed in ASKS.items():  # 422: let in, and told what is wrong with the question
            assert (await program.post(path, json={"days": 99})).status_code == (422 if needed in MAY[role] else 403)


@pytest.mark.parametrize("user", [user for user, (_, role) in USERS.items() if "act" not in MAY[role]])
async def test_who_may_not_act_changes_nothing(house: House, user: str) -> None:
    alarm = await house.press()
    before = await house.rows("select * from journal")
    async with house.program(user) as program:
        for path, body in ACTS.items():
            answer = await program.post(path.format(alarm=alarm), json=body)
            assert answer.status_code == 403, path
            if path.startswith("/api"):
                assert "may not act on alarms" in answer.json()["detail"]
    assert await house.rows("select * from journal") == before
    assert await house.value("select count(*) from alarms") == 1


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer no-such-token"}, {"Authorization": "Basic b2xnYQ=="}]
)
async def test_without_a_session_every_door_is_shut(house: House, headers: dict[str, str]) -> None:
    alarm = await house.press()
    async with httpx.AsyncClient(base_url=house.url, headers=headers) as nobody:
        for path in (*READS, "/api/stream", "/"):
            answer = await nobody.get(path.format(alarm=alarm))
            assert answer.status_code == (401 if path.startswith("/api") else 303), path
            assert "Ada" not in answer.text
        for path in (*ACTS, *ASKS):
            answer = await nobody.post(path.format(alarm=alarm), json={})
            assert answer.status_code == (401 if path.startswith("/api") else 303), path
    assert await house.value("select count(*) from alarms where owner is not null") == 0


async def test_every_route_of_the_console_stands_in_one_of_these_tables(house: House) -> None:
    """A new route that names no permission would be found here, before somebody else finds it."""
    async with httpx.AsyncClient(base_url=house.url) as client:
        schema = (await client.get("/api/openapi.json")).json()
    covered = {
        re.sub(r"(?<=/)(\{alarm\}|ada)(?=/|$)", "*", path) for path in (*READS, *ACTS, *ASKS, "/api/stream", *SIGNED)
    }
    for path in schema["paths"]:
        assert path in OPEN_TO_ANYBODY or re.sub(r"\{\w+\}", "*", path) in covered, path


async def test_an_installer_is_led_to_the_equipment_and_sees_no_name_there(house: House) -> None:
    async with house.visitor("ines") as ines:
        assert (await ines.get("/")).headers["location"] == "/equipment"
        page = (await ines.get("/equipment")).text
    assert "pendant-1" in page
    for name in ("Ada", "Example Road", "Grace", "4821"):
        assert name not in page
