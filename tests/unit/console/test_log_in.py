"""Getting in, and being kept out."""

import asyncio
from contextlib import AsyncExitStack
from http.cookies import SimpleCookie

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from alerting.console import context, users
from alerting.console.live import Live
from alerting.console.users import UserExistsError, create_user
from runtime.clock import SetClock
from schema.instants import HOUR, MINUTE, Instant, parse_instant
from tests.unit.console.house import PASSWORD, House, lived_in

NIGHT: Instant = parse_instant("2026-11-22T02:30:00Z")


async def post(house: House, **body: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=house.url) as client:
        return await client.post("/api/sessions", json=body)


async def test_the_right_password_gives_a_token_that_opens_the_api(house: House) -> None:
    answer = await post(house, user="olga", password=PASSWORD)
    assert set(answer.json()) == {"token"}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {answer.json()['token']}"}) as client:
        assert (await client.get(f"{house.url}/api/alarms")).json() == []


async def test_the_token_itself_is_kept_nowhere(house: House) -> None:
    token = (await post(house, user="olga", password=PASSWORD)).json()["token"]
    kept = await house.rows("select sessions::text from sessions")
    assert len(kept) == 1
    assert token not in kept[0][0]


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(house: House) -> None:
    wrong = await post(house, user="olga", password="not hers at all")
    unknown = await post(house, user="nobody", password="not hers at all")
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json()) == (
        401, {"detail": "That user and password do not match."}
    )  # fmt: skip
    refused = await house.rows("select actor, action from audit where action like 'log-in%' order by id")
    assert refused == [("olga", "log-in refused"), ("nobody", "log-in refused")]


def test_checking_an_unknown_user_is_the_same_work_as_checking_one_that_is_there() -> None:
    assert not users._hasher.check_needs_rehash(users._UNKNOWN), "made with other costs than passwords are now"
    assert not users._matches(users._UNKNOWN, ""), "it is of no password"


async def test_the_sixth_guess_waits_and_nobody_else_does(house: House) -> None:
    for _ in range(5):
        assert (await post(house, user="olga", password="a guess")).status_code == 401
    late = await post(house, user="olga", password=PASSWORD)
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 15 * 60
    assert "Try again in 15 min" in late.json()["detail"]
    assert (await post(house, user="sam", password=PASSWORD)).status_code == 201


async def test_a_session_ends_after_twelve_hours(database: AsyncConnectionPool, database_url: str) -> None:
    clock = SetClock(NIGHT)
    async with lived_in(database, database_url, clock) as house, house.program("olga") as olga:
        clock.at = NIGHT + 12 * HOUR - MINUTE
        assert (await olga.get("/api/alarms")).status_code == 200
        clock.at = NIGHT + 12 * HOUR
        ended = await olga.get("/api/alarms")
        assert (ended.status_code, ended.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_disabled_user_is_out_at_once(house: House) -> None:
    async with house.program("olga") as olga:
        await house.do("update users set disabled_at = now() where id = 'olga'")
        assert (await olga.get("/api/alarms")).status_code == 401
    assert (await post(house, user="olga", password=PASSWORD)).status_code == 401


async def test_logging_out_makes_the_cookie_worthless(house: House) -> None:
    async with house.visitor("olga") as olga:
        cookie = olga.cookies["telecare_session"]
        assert (await olga.post("/logout")).headers["location"] == "/login"
        olga.cookies.set("telecare_session", cookie)
        assert (await olga.get("/api/alarms")).status_code == 401


async def test_no_script_reads_the_cookie_and_no_other_site_sends_it(house: House) -> None:
    async with house.visitor() as visitor:
        answer = await visitor.post("/login", data={"user": "olga", "password": PASSWORD})
    cookie = SimpleCookie(answer.headers["set-cookie"])["telecare_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "strict"
    assert int(cookie["max-age"]) == 12 * 3600


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "evil"])
async def test_a_log_in_never_leads_elsewhere(house: House, elsewhere: str) -> None:
    async with house.visitor() as visitor:
        form = {"user": "olga", "password": PASSWORD, "next": elsewhere}
        assert (await visitor.post("/login", data=form)).headers["location"] == "/"


async def test_a_log_in_leads_back_to_where_one_wanted_to_be(house: House) -> None:
    async with house.visitor() as visitor:
        asked = await visitor.get("/people/ada")
        assert asked.headers["location"] == "/login?next=/people/ada"
        form = {"user": "olga", "password": PASSWORD, "next": "/people/ada"}
        assert (await visitor.post("/login", data=form)).headers["location"] == "/people/ada"


async def test_a_wrong_password_on_the_page_says_so_and_keeps_the_name(house: House) -> None:
    async with house.visitor() as visitor:
        answer = await visitor.post("/login", data={"user": "olga", "password": "a guess"})
    assert answer.status_code == 401
    assert "That user and password do not match." in answer.text
    assert 'value="olga"' in answer.text


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {}])
async def test_a_form_on_another_site_presses_no_button_here(house: House, headers: dict[str, str]) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        del olga.headers["origin"]
        for path in (f"/alarms/{alarm}/acknowledge", f"/api/alarms/{alarm}/acknowledge", "/login", "/logout"):
            assert (await olga.post(path, headers=headers)).status_code == 403
    assert await house.value("select owner from alarms") is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not valid JSON"),
        ("[]", "body"),
        ('{"user": "olga"}', "password"),
        ('{"user": 7, "password": "x"}', "user"),
        ('{"user": "olga", "password": "x", "remember": true}', "remember"),
    ],
)
async def test_a_malformed_log_in_is_told_what_was_wrong(house: House, content: str, told: str) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        answer = await client.post("/api/sessions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


async def test_a_user_is_made_once_and_with_a_password_worth_the_name(database: AsyncConnectionPool) -> None:
    async with database.connection() as connection:
        await create_user(connection, "olga", "Olga", "operator", PASSWORD)
        with pytest.raises(UserExistsError, match="There is a user 'olga' already"):
            await create_user(connection, "olga", "Another", "supervisor", PASSWORD)
        with pytest.raises(ValueError, match="expected 8 characters or more"):
            await create_user(connection, "otto", "Otto", "operator", "short")
        row = await (await connection.execute("select name, password_hash from users")).fetchall()
    assert [name for name, _ in row] == ["Olga"]
    assert row[0][1].startswith("$argon2id$")


async def test_a_crowd_at_the_door_is_turned_away_and_holds_no_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alerting shares the pool: whoever guesses passwords must never hold up an escalation."""
    monkeypatch.setattr(users, "MOST_IN_LINE", 3)
    monkeypatch.setattr(users, "PAUSE_S", 0.3)
    guesses = [asyncio.create_task(post(house, user=f"nobody-{number}", password="a guess")) for number in range(12)]
    async with asyncio.timeout(5):
        assert await house.value("select 1") == 1
    statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) >= 3


async def test_the_console_takes_no_more_than_half_of_the_connections(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "PATIENCE_S", 0.1)
    console = context.Console(house.settings, house.pool, house.clock, Live(house.pool, None, house.clock))  # type: ignore[arg-type]
    async with AsyncExitStack() as visitors:
        for _ in range(house.pool.max_size // 2):
            await visitors.enter_async_context(console.lend())
        with pytest.raises(PoolTimeout):
            await visitors.enter_async_context(console.lend())
        assert await house.value("select 1") == 1
