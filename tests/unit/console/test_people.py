"""People's records: every look leaves a row, and the key safe's code is in none of them until asked for."""

import pytest

from schema.instants import HOUR, moment
from tests.unit.console.house import House

CODE = "4821"


async def store(house: House, reading: str, hours_ago: float, seq: int) -> None:
    """Store a reading as `bed-1 bed out`."""
    device, kind, value = reading.split()
    at = moment(house.clock.now() - int(hours_ago * HOUR))
    await house.do(
        "insert into readings (device, observed_at, boot, seq, kind, value, received_at, batch)"
        " select number, %s, 0, %s, %s, %s, %s, nextval('batches') from devices where home = 'home-ada' and id = %s",
        at, seq, kind, value, at, device,
    )  # fmt: skip


async def test_the_record_is_whole_and_the_look_is_audited(house: House) -> None:
    async with house.program("cara") as cara:
        record = (await cara.get("/api/people/ada")).json()
    assert record["name"] == "Ada Example"
    assert record["home"]["address"] == "12 Example Road, Bexleyheath"
    assert record["home"]["key_safe_where"] == "left of the front door"
    assert [contact["id"] for contact in record["contacts"]] == ["daughter", "neighbour"]
    assert [rule["rule"] for rule in record["care_plan"]["rules"]][:2] == ["button", "bed_exit"]
    assert record["absences"][0]["why"] == "with family"
    assert await house.audited("ada") == [("cara", "looked at person")]


async def test_the_timeline_is_lanes_of_the_home_oldest_first(house: House) -> None:
    for number, (value, ago) in enumerate([("in", 6.0), ("out", 5.0), ("in", 4.0)]):
        await store(house, f"bed-1 bed {value}", ago, number)
    await store(house, "motion-1 motion detected", 2, 9)
    await store(house, "motion-1 motion detected", 20, 10)
    async with house.program("olga") as olga:
        day = (await olga.get("/api/people/ada/timeline")).json()
        few = (await olga.get("/api/people/ada/timeline?hours=12")).json()
    assert [(lane["device"], lane["room"]) for lane in day["lanes"]] == [("bed-1", "bedroom"), ("motion-1", "hall")]
    assert [point["value"] for point in day["lanes"][0]["points"]] == ["in", "out", "in"]
    assert (day["zone"], day["truncated"]) == ("Europe/London", False)
    assert [len(lane["points"]) for lane in few["lanes"]] == [3, 1]
    assert await house.audited("ada") == [("olga", "looked at timeline")] * 2


async def test_of_a_couple_each_has_their_own_devices_and_what_both_use(house: House) -> None:
    now = moment(house.clock.now() - HOUR)
    await house.do(
        "insert into readings (device, observed_at, boot, seq, kind, value, received_at, batch)"
        " select number, %s, 0, number, 'heartbeat', 'alive', %s, 1 from devices where home = 'home-couple'",
        now, now,
    )  # fmt: skip
    async with house.program("olga") as olga:
        lanes = (await olga.get("/api/people/doris/timeline")).json()["lanes"]
    assert [lane["device"] for lane in lanes] == ["hub", "pendant-doris"]


@pytest.mark.parametrize("hours", ["0", "169", "x"])
async def test_a_timeline_has_bounds(house: House, hours: str) -> None:
    async with house.program("olga") as olga:
        assert (await olga.get(f"/api/people/ada/timeline?hours={hours}")).status_code == 422


@pytest.mark.parametrize("path", ["/api/people/nobody", "/api/people/nobody/timeline"])
async def test_who_is_not_there_is_said_not_to_be(house: House, path: str) -> None:
    async with house.program("olga") as olga:
        answer = await olga.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no person 'nobody'."})
    assert await house.value("select count(*) from audit where action like 'looked%'") == 0


async def test_every_page_about_a_person_is_audited(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        await olga.get("/people/ada")
        await olga.get(f"/alarms/{alarm}")
        await olga.get("/people?q=exa")
    assert await house.audited("ada") == [("olga", "looked at person"), ("olga", "looked at alarm")]
    searched = await house.value("select detail from audit where action = 'listed people'")
    assert searched == {"search": "exa", "found": 1}


async def test_what_a_live_page_fetches_again_holds_nothing_of_the_record(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        part = (await olga.get(f"/alarms/{alarm}/parts")).text
    assert "Pendant pressed" in part
    for private in ("Example Road", "Unsteady", "900111", "900121", CODE):
        assert private not in part
    assert await house.audited("ada") == []


async def test_the_key_safes_code_is_in_no_answer_until_it_is_asked_for(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        await olga.post(f"/alarms/{alarm}/acknowledge")
        paths = (
            "/", "/queue", f"/alarms/{alarm}", f"/alarms/{alarm}/parts", "/people", "/people?q=4821", "/people/ada",
            "/outbox", "/equipment", "/api/alarms", f"/api/alarms/{alarm}", "/api/people/ada",
            "/api/people/ada/timeline", "/metrics",
        )  # fmt: skip
        for path in paths:
            assert CODE not in (await olga.get(path)).text.replace("q=4821", "").replace('value="4821"', ""), path


async def test_the_code_is_shown_to_the_owner_with_a_reason_which_is_kept(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        await olga.post(f"/alarms/{alarm}/acknowledge")
        shown = await olga.post(f"/alarms/{alarm}/key-safe", data={"reason": "Paramedics at the door"})
    assert CODE in shown.text
    assert shown.headers["cache-control"] == "no-store"
    row = await house.rows("select actor, person, detail ->> 'reason' from audit where action = 'shown key safe code'")
    assert row == [("olga", "ada", "Paramedics at the door")]


@pytest.mark.parametrize(("acknowledged_by", "status"), [(None, 403), ("sam", 403)])
async def test_the_code_is_not_shown_to_who_does_not_have_the_alarm(
    house: House, acknowledged_by: str | None, status: int
) -> None:
    alarm = await house.press()
    if acknowledged_by:
        async with house.program(acknowledged_by) as other:
            await other.post(f"/api/alarms/{alarm}/acknowledge")
    async with house.visitor("olga") as olga:
        answer = await olga.post(f"/alarms/{alarm}/key-safe", data={"reason": "curious"})
    assert answer.status_code == status
    assert CODE not in answer.text
    assert await house.value("select count(*) from audit where action = 'shown key safe code'") == 0


async def test_the_code_is_not_shown_without_a_reason_nor_once_the_alarm_is_closed(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        await olga.post(f"/alarms/{alarm}/acknowledge")
        silent = await olga.post(f"/alarms/{alarm}/key-safe", data={"reason": "  "})
        assert (silent.status_code, CODE in silent.text) == (422, False)
        await olga.post(f"/alarms/{alarm}/close", data={"outcome": "attended"})
        late = await olga.post(f"/alarms/{alarm}/key-safe", data={"reason": "still curious"})
        assert (late.status_code, CODE in late.text) == (403, False)


async def test_people_are_found_by_every_word_of_a_search(house: House) -> None:
    async with house.visitor("olga") as olga:
        assert "Kenneth Model" in (await olga.get("/people?q=model+ERITH+ken")).text
        assert "Nobody is found" in (await olga.get("/people?q=model+bexleyheath")).text
        assert "Nobody is found" in (await olga.get("/people", params={"q": "%"})).text


async def test_an_alarm_of_a_home_shows_all_who_live_there_and_each_look_is_audited(house: House) -> None:
    """A pendant that is nobody's own: whoever it was, the desk has the address, the numbers and the notes."""
    alarm = await house.finding("button", "home-couple", "home-couple", "A pendant was pressed", priority="life")
    async with house.visitor("olga") as olga:
        page = (await olga.get(f"/alarms/{alarm}")).text
    for said in ("Doris Model", "Kenneth Model", "41 Model Avenue", "anybody in it may need help"):
        assert said in page
    assert await house.audited("doris") == await house.audited("ken") == [("olga", "looked at alarm")]


async def test_the_code_of_a_homes_alarm_is_audited_for_all_who_live_there(house: House) -> None:
    alarm = await house.finding("button", "home-ada", "home-ada", "A pendant was pressed", priority="life")
    async with house.visitor("olga") as olga:
        await olga.post(f"/alarms/{alarm}/acknowledge")
        assert CODE in (await olga.post(f"/alarms/{alarm}/key-safe", data={"reason": "No answer"})).text
    assert ("olga", "shown key safe code") in await house.audited("ada")
