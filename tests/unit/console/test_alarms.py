"""Alarms over the API: the list, one whole, and what humans do to them."""

import asyncio

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from alerting.alarms import ListedAlarm, WholeAlarm
from alerting.console import models
from schema.instants import SECOND
from tests.unit.console.house import House, lived_in, minutes

NO_BODY: dict[str, str] = {}


async def test_the_list_has_the_contracts_fields_and_the_most_pressing_first(house: House) -> None:
    await house.finding("pills", "ken", "home-couple", "Pill box not opened", priority="routine", age=minutes(60))
    await house.finding("bed", "ada", "home-ada", "Left bed 02:14", age=minutes(2), late_by=90 * SECOND)
    await house.press("doris", "home-couple")
    async with house.program("olga") as olga:
        listed = (await olga.get("/api/alarms?state=open")).json()
    assert [alarm["kind"] for alarm in listed] == ["button", "bed", "pills"]
    assert set(listed[0]) == {
        "id", "subject", "person", "home", "kind", "rule", "priority", "state", "owner", "test", "raised_at",
        "late_by", "cleared_at", "due_at", "reason", "evidence",
    }  # fmt: skip
    assert listed[1]["late_by"] == 90
    assert listed[0]["raised_at"].endswith("Z")
    assert listed[0]["evidence"][0]["device"] == "pendant-1"


def test_the_apis_models_say_all_that_alerting_says() -> None:
    assert set(models.AlarmListed.model_fields) == set(ListedAlarm.__struct_fields__)
    assert set(models.AlarmWhole.model_fields) == set(WholeAlarm.__struct_fields__)


async def test_canaries_come_only_when_asked_for(house: House) -> None:
    await house.finding("button", "_canary-1", None, "Pendant pressed", priority="life")
    async with house.program("olga") as olga:
        assert (await olga.get("/api/alarms")).json() == []
        (listed,) = (await olga.get("/api/alarms?state=open&canary=true")).json()
        assert (await olga.get(f"/api/alarms/{listed['id']}")).json()["canary"] is True


async def test_of_two_who_acknowledge_at_once_one_wins_and_the_other_is_told_who(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga, house.program("sam") as sam:
        answers = await asyncio.gather(*(each.post(f"/api/alarms/{alarm}/acknowledge") for each in (olga, sam)))
        winner, loser = sorted(answers, key=lambda answer: answer.status_code)
        names = {"olga": "Olga Operator", "sam": "Sam Second"}
        assert (winner.status_code, loser.status_code) == (200, 409)
        owner = names[winner.json()["owner"]]
        assert loser.json() == {"owner": owner, "detail": f"{owner} has this alarm already; nothing was changed."}
        mine = olga if winner.json()["owner"] == "olga" else sam
        assert (await mine.post(f"/api/alarms/{alarm}/acknowledge")).status_code == 200
    journal = await house.rows("select count(*) from journal where action = 'acknowledged'")
    assert journal == [(1,)]


async def test_an_alarm_is_taken_noted_helped_and_closed(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        at = f"/api/alarms/{alarm}"
        assert (await olga.post(f"{at}/acknowledge")).json()["state"] == "acknowledged"
        assert (await olga.post(f"{at}/notes", json={"text": "She is on the floor"})).status_code == 201
        assert (await olga.post(f"{at}/dispatch", json={"text": "the mobile officer"})).json()["state"] == "dispatched"
        closed = (await olga.post(f"{at}/close", json={"outcome": "assisted_up"})).json()
        assert closed["state"] == "closed"
        whole = (await olga.get(at)).json()
        assert (await olga.get("/api/alarms")).json() == []
    assert whole["outcome"] == "assisted_up"
    done = [line["action"] for line in whole["journal"]]
    assert [action for action in done if action in {"acknowledged", "note", "dispatched", "closed"}] == [
        "acknowledged", "note", "dispatched", "closed"
    ]  # fmt: skip
    assert {line["actor"] for line in whole["journal"]} >= {"monitor", "escalation", "olga"}


async def test_what_is_given_back_has_a_next_step_again(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        await olga.post(f"/api/alarms/{alarm}/acknowledge")
        back = (await olga.post(f"/api/alarms/{alarm}/release")).json()
    assert (back["state"], back["owner"]) == ("raised", None)
    assert back["due_at"] is not None


async def test_taking_over_needs_a_reason_and_then_has_it(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga, house.program("sam") as sam:
        await olga.post(f"/api/alarms/{alarm}/acknowledge")
        assert (await sam.post(f"/api/alarms/{alarm}/take-over", json={"reason": " "})).status_code == 422
        taken = await sam.post(f"/api/alarms/{alarm}/take-over", json={"reason": "Olga is on a call"})
        assert taken.json()["owner"] == "sam"
        assert (await olga.post(f"/api/alarms/{alarm}/notes", json={"text": "ok"})).status_code == 201


async def test_escalating_brings_the_next_step_to_now(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        before = (await olga.get(f"/api/alarms/{alarm}")).json()
        await olga.post(f"/api/alarms/{alarm}/escalate", json={"reason": "she does not answer"})
        after = (await olga.get(f"/api/alarms/{alarm}")).json()
    earlier, later = ({said["recipient"] for said in whole["notifications"]} for whole in (before, after))
    assert later - earlier == {"rrt-nurse"}


async def test_one_raised_by_hand_is_an_alarm_like_any_other(house: House) -> None:
    async with house.program("olga") as olga:
        answer = await olga.post("/api/alarms", json={"person": "ada", "reason": "Grace rang: no answer since noon"})
        assert answer.status_code == 201
        raised = answer.json()
        assert (raised["kind"], raised["person"], raised["state"]) == ("manual", "ada", "raised")
        assert "no answer since noon" in raised["reason"]
        assert [alarm["id"] for alarm in (await olga.get("/api/alarms")).json()] == [raised["id"]]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"outcome": "false_alarm"}, "says its cause"),
        ({"outcome": "other"}, "says what happened"),
        ({"outcome": "vanished"}, "outcome"),
        ({}, "outcome"),
    ],
)
async def test_an_alarm_is_not_closed_without_saying_how(house: House, body: dict[str, str], told: str) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        answer = await olga.post(f"/api/alarms/{alarm}/close", json=body)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert await house.value("select state from alarms") == "raised"


async def test_what_still_holds_is_not_closed_without_a_reason(house: House) -> None:
    alarm = await house.finding("bed", "ada", "home-ada", "Left bed 02:14")
    async with house.program("olga") as olga:
        refused = await olga.post(f"/api/alarms/{alarm}/close", json={"outcome": "reassured"})
        assert refused.status_code == 422
        body = {"outcome": "reassured", "text": "Spoke to her, she is reading in her chair"}
        assert (await olga.post(f"/api/alarms/{alarm}/close", json=body)).status_code == 200


async def test_what_is_closed_stays_closed(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        await olga.post(f"/api/alarms/{alarm}/close", json={"outcome": "reassured"})
        for act in ("acknowledge", "release", "dispatch", "escalate"):
            assert (await olga.post(f"/api/alarms/{alarm}/{act}")).status_code == 409, act
        again = await olga.post(f"/api/alarms/{alarm}/close", json={"outcome": "attended"})
        assert again.status_code == 409
    assert await house.value("select outcome from alarms") == "reassured"


@pytest.mark.parametrize("path", ["/api/alarms/999", "/api/alarms/999/acknowledge", "/api/alarms/999/notes"])
async def test_an_alarm_that_is_not_there_is_said_not_to_be(house: House, path: str) -> None:
    async with house.program("olga") as olga:
        method = "GET" if path.count("/") == 3 else "POST"
        answer = await olga.request(method, path, json={"text": "x"} if path.endswith("notes") else None)
    assert answer.status_code == 404
    assert "999" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/alarms/abc", "/api/alarms/0", "/api/alarms?state=shut"])
async def test_a_request_that_makes_no_sense_is_told_why(house: House, path: str) -> None:
    async with house.program("olga") as olga:
        answer = await olga.get(path)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("content", ["{", '{"text": ""}', '{"text": 5}', "null", '{"text": "ok", "colour": "red"}'])
async def test_a_malformed_body_changes_nothing(house: House, content: str) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        answer = await olga.post(
            f"/api/alarms/{alarm}/notes", content=content, headers={"content-type": "application/json"}
        )
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)
    assert await house.value("select count(*) from journal where action = 'note'") == 0


async def test_nobody_can_be_raised_an_alarm_for_who_does_not_exist(house: House) -> None:
    async with house.program("olga") as olga:
        answer = await olga.post("/api/alarms", json={"person": "nobody", "reason": "x"})
    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]


async def test_looking_at_one_alarm_leaves_an_audit_row_of_the_person(house: House) -> None:
    alarm = await house.press()
    async with house.program("olga") as olga:
        await olga.get(f"/api/alarms/{alarm}")
        await olga.get("/api/alarms")
    assert await house.audited("ada") == [("olga", "looked at alarm")]


async def test_the_contract_is_described_in_openapi(house: House) -> None:
    async with house.program("olga") as olga:
        schema = (await olga.get("/api/openapi.json")).json()
    close = schema["paths"]["/api/alarms/{number}/close"]["post"]
    assert set(close["responses"]) >= {"200", "401", "403", "404", "409", "422"}
    assert "assisted_up" in schema["components"]["schemas"]["Close"]["properties"]["outcome"]["enum"]
    assert "/api/stream" in schema["paths"]


async def test_the_watchers_token_shows_canaries_and_opens_nothing_else(
    database: AsyncConnectionPool, database_url: str
) -> None:
    async with lived_in(database, database_url, watch_token="a long secret") as house:
        alarm = await house.press()
        await house.finding("button", "_canary-1", None, "Pendant pressed", priority="life")
        headers = {"Authorization": "Bearer a long secret"}
        async with httpx.AsyncClient(base_url=house.url, headers=headers) as watcher:
            assert (await watcher.get("/api/alarms?state=open")).json() == []
            seen = (await watcher.get("/api/alarms?state=open&canary=true")).json()
            assert [each["subject"] for each in seen] == ["_canary-1"]
            for path in (f"/api/alarms/{alarm}", "/api/people/ada", "/api/stream"):
                assert (await watcher.get(path)).status_code == 401, path
            assert (await watcher.post(f"/api/alarms/{alarm}/acknowledge")).status_code == 401
        async with httpx.AsyncClient(base_url=house.url, headers={"Authorization": "Bearer a guess"}) as guesser:
            assert (await guesser.get("/api/alarms?state=open&canary=true")).status_code == 401


async def test_where_no_watchers_token_is_set_an_empty_one_is_none(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, headers={"Authorization": "Bearer"}) as nobody:
        assert (await nobody.get("/api/alarms?state=open&canary=true")).status_code == 401
