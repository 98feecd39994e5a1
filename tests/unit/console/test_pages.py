"""The pages: what they say, what they never hold, and what goes out with each."""

import re

import pytest

from schema.instants import SECOND
from tests.unit.console.house import House, minutes

PAGES = ("/", "/queue", "/alarms/1", "/alarms/1/parts", "/people", "/people/ada", "/outbox", "/equipment", "/login")


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
async def test_no_page_holds_a_script_a_style_or_an_address_elsewhere(house: House, path: str) -> None:
    await house.press()
    async with house.visitor("olga") as olga:
        answer = await olga.get(path)
    assert answer.status_code == (404 if path == "/nowhere" else 200)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=\"/static/)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)
    assert not re.findall(r"(?:src|href|action)=\"(?!/|#|tel:)[^\"]*\"", answer.text)


async def test_what_people_write_is_never_markup(house: House) -> None:
    nasty = "<script>alert(1)</script>"
    await house.do("update people set notes = %s, name = %s where id = 'ada'", nasty, f"Ada {nasty}")
    alarm = await house.finding("bed", "ada", "home-ada", f"Left bed {nasty}")
    async with house.visitor("olga") as olga:
        await olga.post(f"/alarms/{alarm}/notes", data={"text": nasty})
        for path in ("/", f"/alarms/{alarm}", "/people", "/people/ada", f"/people?q={nasty}"):
            page = (await olga.get(path)).text
            assert "<script>alert" not in page, path
            assert "&lt;script&gt;alert" in page, path


async def test_the_queue_puts_what_nobody_has_before_what_somebody_has(house: House) -> None:
    press = await house.press("walter", "home-walter")
    await house.finding("pills", "ken", "home-couple", "Pill box not opened", priority="routine", policy="routine")
    async with house.visitor("olga") as olga:
        first = (await olga.get("/")).text
        assert re.search(r'data-first="(\d+)"', first).group(1) == str(press)  # type: ignore[union-attr]
        await olga.post(f"/alarms/{press}/acknowledge")
        after = (await olga.get("/")).text
    assert "Kenneth Model" in after.partition('id="taken-title"')[0]
    assert "Walter Sample" in after.partition('id="taken-title"')[2]
    assert "1</strong> waiting" in after


async def test_test_late_and_cleared_are_marked(house: House) -> None:
    alarm = await house.finding("bed", "ada", "home-ada", "Left bed", test=True, late_by=200 * SECOND)
    await house.clear(alarm, "back in bed 02:31")
    async with house.visitor("olga") as olga:
        page = (await olga.get("/")).text
    assert "TEST" in page
    assert "3 min late" in page
    assert "Cleared " in page


async def test_priority_is_told_by_word_and_shape_as_well_as_colour(house: House) -> None:
    await house.press()
    await house.finding("bed", "walter", "home-walter", "Left bed")
    await house.finding("pills", "ken", "home-couple", "Pill box not opened", priority="routine")
    async with house.visitor("olga") as olga:
        page = (await olga.get("/")).text
    for word in ("Life", "Urgent", "Routine"):
        assert word in page
    shapes = re.findall(r'<svg class="shape".*?</svg>', page, re.DOTALL)
    assert len(shapes) == len(set(shapes)) == 3


async def test_the_loser_is_told_who_has_it_on_the_page(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga, house.visitor("sam") as sam:
        assert (await olga.post(f"/alarms/{alarm}/acknowledge")).headers["location"] == f"/alarms/{alarm}"
        lost = await sam.post(f"/alarms/{alarm}/acknowledge")
    assert lost.status_code == 409
    assert "Olga Operator has this alarm already; nothing was changed." in lost.text
    assert "Take over" in lost.text


async def test_a_refused_close_keeps_what_was_typed(house: House) -> None:
    alarm = await house.press()
    async with house.visitor("olga") as olga:
        await olga.post(f"/alarms/{alarm}/acknowledge")
        answer = await olga.post(f"/alarms/{alarm}/close", data={"text": "She got up by herself"})
        assert answer.status_code == 422
        assert "choose an outcome" in answer.text
        assert answer.text.count("She got up by herself") >= 1
        causeless = await olga.post(f"/alarms/{alarm}/close", data={"outcome": "false_alarm"})
        assert "says its cause" in causeless.text
        done = await olga.post(f"/alarms/{alarm}/close", data={"outcome": "false_alarm", "cause": "pressed_by_mistake"})
        assert done.headers["location"] == "/"
    assert await house.value("select outcome_cause from alarms") == "Pressed by mistake"


async def test_times_are_told_by_the_clock_of_the_home(house: House) -> None:
    await house.do("update homes set zone = 'Pacific/Auckland' where id = 'home-ada'")
    alarm = await house.press()
    shown = await house.value("select to_char(raised_at at time zone 'Pacific/Auckland', 'HH24:MI:SS') from alarms")
    async with house.visitor("olga") as olga:
        assert shown in (await olga.get(f"/alarms/{alarm}")).text


async def test_the_outbox_says_plainly_that_nothing_is_sent_without_an_account(house: House) -> None:
    alarm = await house.finding("bed", "ada", "home-ada", "Left bed", age=minutes(2))
    await house.do("update notifications set state = 'not_sent', reason = 'no Twilio account' where channel = 'sms'")
    async with house.visitor("olga") as olga:
        page = (await olga.get("/outbox")).text
        story = (await olga.get(f"/alarms/{alarm}")).text
    for text in (page, story):
        assert "Priya Nair" in text
        assert "Not sent: no Twilio account" in text
    assert "No Twilio account is set, so nothing is sent to anybody." in page


async def test_equipment_says_what_needs_a_hand_and_what_was_no_reading(house: House) -> None:
    await house.do(
        "insert into device_sightings"
        " select number, now() - interval '3 days', 0.5, -60 from devices where id = 'bed-1'"
    )
    await house.do("insert into device_sightings select number, now(), 0.08, -60 from devices where id = 'motion-1'")
    await house.do(
        "insert into rejected_messages (received_at, topic, home, device, reason, payload, size)"
        " values (now(), 'homes/home-ada/x', 'home-ada', 'x', 'It is not JSON', %s, 9000)",
        b"\x00\xffnot json<b>",
    )
    async with house.visitor("ines") as ines:
        page = (await ines.get("/equipment")).text
        found = (await ines.get("/equipment?q=home-henry+bed")).text
    for said in ("Never heard", "Silent", "Battery low", "It is not JSON", "9000 bytes", "not json&lt;b&gt;"):
        assert said in page
    assert "home-henry" in found
    assert "home-ada<" not in found.partition("Messages that were no readings")[0]


async def test_raising_by_hand_from_the_persons_page_opens_the_alarm(house: House) -> None:
    async with house.visitor("olga") as olga:
        empty = await olga.post("/people/ada/alarms", data={"reason": " "})
        assert (empty.status_code, await house.value("select count(*) from alarms")) == (422, 0)
        raised = await olga.post("/people/ada/alarms", data={"reason": "Grace rang: no answer since noon"})
        page = (await olga.get(raised.headers["location"])).text
    assert "Raised by hand" in page
    assert "no answer since noon" in page


@pytest.mark.parametrize("path", ["/alarms/77", "/people/nobody"])
async def test_what_is_not_there_is_said_on_a_page(house: House, path: str) -> None:
    async with house.visitor("olga") as olga:
        answer = await olga.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no" in answer.text


async def test_style_and_script_are_ours_and_may_be_kept(house: House) -> None:
    async with house.visitor() as visitor:
        page = (await visitor.get("/login")).text
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
            answer = await visitor.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        assert (await visitor.get("/static/../app.py")).status_code == 404
        assert (await visitor.get("/static/..%2Fapp.py")).status_code == 404


async def test_a_canary_home_s_pendant_is_no_installer_s_business_until_asked_for(house: House) -> None:
    await house.do("insert into homes (id, zone) values ('_canary-1', 'UTC')")
    await house.do("insert into devices (home, id, kind) values ('_canary-1', 'pendant-1', 'button')")
    async with house.visitor("ines") as ines:
        assert "_canary-1" not in (await ines.get("/equipment")).text
        assert "_canary-1" not in (await ines.get("/equipment?q=pendant")).text
        assert "_canary-1" in (await ines.get("/equipment?q=canary")).text
