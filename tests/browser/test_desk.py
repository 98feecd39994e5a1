"""A night at the desk, in a real browser: alarms come up by themselves, one has them, the other is told."""

import re

import pytest
from playwright.async_api import Page, expect

from alerting.console.live import Live
from tests.browser.conftest import Seat
from tests.browser.lived_in import a_night
from tests.unit.console.house import PASSWORD, House


async def live(page: Page) -> None:
    """Wait until the page says that it is live."""
    await expect(page.locator("#live-word")).to_have_text("Live")


async def until(page: Page, holds: str) -> None:
    """Wait until the expression is true: asked from outside, as the page's own policy lets no text be evaluated."""
    for _ in range(200):
        if await page.evaluate(holds):
            return
        await page.wait_for_timeout(50)
    raise AssertionError(f"not within 10 s: {holds}")


async def test_a_press_comes_up_without_a_reload(house: House, seat: Seat) -> None:
    async with seat("olga") as page:
        await expect(page.get_by_text("There is no open alarm.")).to_be_visible()
        await live(page)
        await page.evaluate("window.wasHere = true")
        await house.press()
        await expect(page.locator(".first-name")).to_have_text("Ada Example")
        await expect(page.locator(".first-word")).to_have_text("Life")
        await expect(page).to_have_title("(1) Queue · Telecare")
        await expect(page.locator("#announce")).to_have_text("First now: Life: Pressed for help, Ada Example")
        assert await page.evaluate("window.wasHere"), "the page was loaded again"


async def test_what_is_more_pressing_takes_the_first_place(house: House, seat: Seat) -> None:
    await house.finding("pills", "ken", "home-couple", "Pill box not opened", priority="routine", policy="routine")
    async with seat("olga") as page:
        await expect(page.locator(".first-name")).to_have_text("Kenneth Model")
        await live(page)
        await house.press()
        await expect(page.locator(".first-name")).to_have_text("Ada Example")
        await expect(page.locator(".row h3 a")).to_have_text(["Kenneth Model"])


async def test_one_acknowledges_and_the_other_is_told_who(house: House, seat: Seat) -> None:
    alarm = await house.press()
    async with seat("olga") as olga, seat("sam") as sam:
        await sam.route("**/parts", lambda route: route.abort())  # Sam's page has not heard of it yet
        await sam.goto(f"/alarms/{alarm}")
        await olga.get_by_role("button", name="Acknowledge").click()
        await expect(olga.locator(".alarm-state")).to_contain_text("You have it")
        await sam.get_by_role("button", name="Acknowledge").click()
        await expect(sam.get_by_role("alert").filter(has_text="Olga Operator has this alarm already")).to_be_visible()
        await expect(sam.locator(".alarm-state")).to_contain_text("Olga Operator has it")
    assert await house.value("select owner from alarms") == "olga"


async def test_the_others_page_changes_by_itself_when_one_takes_the_alarm(house: House, seat: Seat) -> None:
    alarm = await house.press()
    async with seat("olga") as olga, seat("sam") as sam:
        await sam.goto(f"/alarms/{alarm}")
        await live(sam)
        await olga.get_by_role("button", name="Acknowledge").click()
        await expect(sam.locator(".alarm-state")).to_contain_text("Olga Operator has it")
        await expect(sam.get_by_role("button", name="Acknowledge")).to_have_count(0)
        await sam.goto("/")
        await expect(sam.locator(".row-owner .owner")).to_have_text("Olga Operator")


async def test_an_alarm_is_noted_helped_and_closed(house: House, seat: Seat) -> None:
    alarm = await house.press()
    async with seat("olga") as page:
        await page.get_by_role("button", name="Acknowledge").click()
        await page.get_by_text("Note", exact=True).click()
        await page.get_by_label("What to keep in the journal").fill("She is on the floor, not hurt.")
        await page.get_by_role("button", name="Keep the note").click()
        await expect(page.locator(".journal li").first).to_contain_text("She is on the floor, not hurt.")
        await page.get_by_text("Send help", exact=True).click()
        await page.get_by_label("Whom you have sent").fill("Mobile officer 4")
        await page.get_by_role("button", name="Record that help was sent").click()
        await expect(page.locator(".alarm-state")).to_contain_text("Help sent")
        await page.locator("#do-close").click()
        await page.get_by_label("Helped up").check()
        await page.get_by_role("button", name="Close the alarm").click()
        await expect(page.get_by_text("There is no open alarm.")).to_be_visible()
        await page.goto(f"/alarms/{alarm}")
        await expect(page.locator(".alarm-state")).to_contain_text("Helped up")


async def test_a_false_alarm_asks_for_its_cause(house: House, seat: Seat) -> None:
    alarm = await house.press()
    async with seat("olga") as page:
        await page.get_by_role("button", name="Acknowledge").click()
        await page.locator("#do-close").click()
        await expect(page.get_by_label("Cause of the false alarm")).to_be_hidden()
        await page.get_by_label("False alarm", exact=True).check()
        await page.get_by_label("Cause of the false alarm").select_option(label="Pressed by mistake")
        await page.get_by_role("button", name="Close the alarm").click()
        await page.wait_for_url("**/")
    assert await house.value("select outcome, id from alarms where id = %s", alarm) == "false_alarm"


async def test_the_key_safe_is_shown_with_a_reason(house: House, seat: Seat) -> None:
    await house.press()
    async with seat("olga") as page:
        await page.get_by_role("button", name="Acknowledge").click()
        assert "4821" not in await page.content()
        await page.get_by_text("Show the code, with a reason").click()
        await page.get_by_label("Why it is needed").fill("Paramedics at the door")
        await page.get_by_role("button", name="Show the code").click()
        await expect(page.locator(".code")).to_contain_text("4821")


async def test_what_is_being_typed_is_not_lost_when_the_alarm_changes(house: House, seat: Seat) -> None:
    alarm = await house.press()
    async with seat("olga") as page:
        await page.get_by_role("button", name="Acknowledge").click()
        await page.wait_for_url("**/alarms/*")
        await live(page)
        await page.get_by_text("Note", exact=True).click()
        await page.get_by_label("What to keep in the journal").fill("Half a sent")
        async with house.program("sam") as sam:
            await sam.post(f"/api/alarms/{alarm}/take-over", json={"reason": "Olga is on a call"})
        await expect(page.locator(".alarm-state")).to_contain_text("Sam Second has it")
        await expect(page.get_by_label("What to keep in the journal")).to_have_value("Half a sent")
        await expect(page.get_by_label("What to keep in the journal")).to_be_focused()


async def test_an_alarm_is_raised_by_hand_while_the_daughter_is_on_the_telephone(house: House, seat: Seat) -> None:
    async with seat("olga") as page:
        await page.keyboard.press("/")
        await page.wait_for_url("**/people")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        await page.keyboard.type("ada")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name=re.compile("Ada Example")).click()
        await page.get_by_text("Raise an alarm by hand").click()
        await page.keyboard.type("Grace rang: no answer since noon")
        await page.get_by_role("button", name="Raise the alarm").click()
        await expect(page.locator(".alarm-head .first-kind")).to_contain_text("Raised by hand")
        await expect(page.locator(".alarm-head .first-reason")).to_contain_text("no answer since noon")


async def test_a_page_that_is_cut_off_says_so_and_comes_back(house: House, seat: Seat) -> None:
    async with seat("olga") as page:
        await live(page)
        await page.context.set_offline(True)
        await expect(page.locator("#not-live")).to_contain_text("Not live since", timeout=30_000)
        await expect(page.locator("#live-word")).to_have_text("Not live")
        await house.press()
        await page.context.set_offline(False)
        await expect(page.locator(".first-name")).to_have_text("Ada Example", timeout=30_000)
        await live(page)
        await expect(page.locator("#not-live")).to_be_hidden()


async def test_a_page_says_when_the_desk_itself_cannot_see(
    house: House, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with seat("olga") as page:
        await live(page)
        monkeypatch.setattr(Live, "heartbeat", lambda _: None)  # the database is away: looks fail
        await expect(page.locator("#not-live")).to_contain_text("Not live since", timeout=30_000)
        monkeypatch.undo()
        await live(page)


async def test_everything_is_done_by_keyboard_alone(house: House, seat: Seat) -> None:
    await house.press()
    async with seat(None) as page:
        await page.goto("/")
        await page.keyboard.type("olga")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.locator(".first")).to_be_visible()
        await until(page, "performance.now() > 2000")
        await page.keyboard.press("a")
        await page.wait_for_url("**/alarms/*")
        await _tab_to(page, "do-close")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Attended")).to_be_focused()
        await page.keyboard.press("Space")
        await expect(page.get_by_label("Attended")).to_be_checked()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_label("Helped up")).to_be_checked()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/")
    assert await house.value("select outcome from alarms") == "assisted_up"


async def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the wanted element has the focus; every stop on the way shows where one is."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        here = await page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.id, e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; }"
        )
        assert here[1] == "BODY" or (here[2] != "none" and here[3] >= 2), f"no visible focus on {here}"
        if here[0] == wanted:
            return
    raise AssertionError(f"Tab never came to {wanted}")


async def test_a_key_never_takes_an_alarm_that_has_only_just_come_up(house: House, seat: Seat) -> None:
    await house.finding("pills", "ken", "home-couple", "Pill box not opened", priority="routine", policy="routine")
    async with seat("olga") as page:
        await live(page)
        await page.evaluate(
            """() => new MutationObserver(() => {
                if (document.querySelector('.first-name')?.textContent === 'Ada Example' && !window.pressed) {
                    window.pressed = true;
                    document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}));
                }
            }).observe(document.getElementById('queue'), {childList: true, subtree: true})"""
        )
        await house.press()
        await until(page, "window.pressed")
        await expect(page.locator("#announce")).to_contain_text("look again")
        assert await house.value("select count(*) from alarms where owner is not null") == 0
        begun = await page.evaluate("performance.now()")
        await until(page, f"performance.now() > {begun} + 1600")
        await page.keyboard.press("a")
        await page.wait_for_url("**/alarms/*")
    assert await house.value("select kind from alarms where owner = 'olga'") == "button"


async def test_the_keys_can_be_switched_off_and_stay_off(house: House, seat: Seat) -> None:
    alarm = await house.press()
    async with seat("olga") as page:
        await page.get_by_role("button", name="Keys: on").click()
        await page.goto(f"/alarms/{alarm}")
        await expect(page.get_by_role("button", name="Keys: off")).to_be_visible()
        await page.keyboard.press("a")
        await page.keyboard.press("q")
        await page.wait_for_timeout(300)
        assert page.url.endswith(f"/alarms/{alarm}")
    assert await house.value("select owner from alarms") is None


async def test_without_scripts_all_works_and_the_page_says_it_is_not_live(house: House, seat: Seat) -> None:
    await house.press()
    async with seat("olga", java_script_enabled=False) as page:
        await expect(page.get_by_text("This page does not refresh by itself")).to_be_visible()
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.locator(".alarm-state")).to_contain_text("You have it")
        await page.locator("#do-close").click()
        await page.get_by_label("Attended").check()
        await page.get_by_role("button", name="Close the alarm").click()
        await expect(page.get_by_text("There is no open alarm.")).to_be_visible()


async def test_an_installer_sees_equipment_and_no_alarm(house: House, seat: Seat) -> None:
    await a_night(house)
    async with seat(None) as page:
        await page.goto("/login")
        await page.get_by_label("User").fill("ines")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/equipment")
        await expect(page.get_by_role("navigation")).to_have_text(re.compile(r"^\s*Equipment\s*$"))
        await expect(page.get_by_text("Device 'belt-9' is not registered")).to_be_visible()
        assert "Ada" not in await page.content()
