"""Every page, in light and dark, on a desk and on a telephone: axe finds nothing, and nothing runs off the side.

What axe reads is WCAG 2.0, 2.1 and 2.2, levels A and AA. Screenshots go to TELECARE_SCREENSHOTS where that is set.
"""

from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.browser.conftest import Album, Seat
from tests.browser.lived_in import a_night
from tests.unit.console.house import House

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = {"width": 1440, "height": 900}
TELEPHONE = {"width": 390, "height": 844}

Scheme = Literal["light", "dark"]


async def faults(page: Page) -> list[str]:
    """Return what axe finds, a line each."""
    result = await Axe().run(page, options={"runOnly": LEVELS, "resultTypes": ["violations"]})
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in result.response["violations"]
        for node in found["nodes"]
    ]


async def looked_at(page: Page, name: str, album: Album) -> None:
    """Hold the page to what every page is held to, and keep its picture where one is wanted."""
    await album(page, name, whole=True)
    assert await faults(page) == [], name
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} runs {wide} px off the side"
    small = await page.evaluate(
        """() => [...document.querySelectorAll('main button, main summary, nav a')]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
            .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert small == [], f"{name}: too small to hit"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, TELEPHONE], ids=["desk", "telephone"])
async def test_no_page_shuts_anybody_out(
    house: House, seat: Seat, album: Album, scheme: Scheme, size: dict[str, int]
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce"}
    suffix = f"{scheme}-{'desk' if size is DESK else 'telephone'}"
    async with seat(None, **look) as nobody:
        await nobody.goto("/login")
        await looked_at(nobody, f"login-{suffix}", album)
    async with seat("olga", **look) as page:
        await page.locator("#live-word", has_text="Live").wait_for()
        await looked_at(page, f"queue-calm-{suffix}", album)
        night = await a_night(house)
        paths = {
            "queue": "/", "alarm": f"/alarms/{night['press']}", "alarm-other": f"/alarms/{night['fall']}",
            "alarm-home": f"/alarms/{night['hub']}", "people": "/people", "person": "/people/ada",
            "outbox": "/outbox", "equipment": "/equipment", "problem": "/people/nobody",
        }  # fmt: skip
        for name, path in paths.items():
            await page.goto(path)
            await page.locator("#live-word", has_text="Live").wait_for()
            await looked_at(page, f"{name}-{suffix}", album)
        await _mine(page, night["bed"], album, suffix)


async def _mine(page: Page, alarm: int, album: Album, suffix: str) -> None:
    """Look at an alarm of one's own: with its forms open, closed, and cut off."""
    await page.goto(f"/alarms/{alarm}")
    await page.get_by_role("button", name="Acknowledge").click()
    await page.locator("#do-close").click()
    await page.get_by_label("False alarm", exact=True).check()
    await looked_at(page, f"alarm-mine-{suffix}", album)
    await page.context.set_offline(True)
    await page.locator("#not-live").wait_for(timeout=30_000)
    await looked_at(page, f"alarm-cut-off-{suffix}", album)
    await page.context.set_offline(False)
