"""A desk whose server has stopped, connections and all, says so within seconds, by the browser's own clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Album, log_in
from tests.unit.console.house import House

LOOKS = (
    ("desktop-light", {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}),
    ("phone-dark", {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}),
)


class Line:
    """What lies between a browser and the console: it can stand still, as a machine does that has stopped."""

    def __init__(self, house: House) -> None:
        self._port = urlsplit(house.url).port
        self.flows = asyncio.Event()
        self.flows.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Give the address at this end."""
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._carry(reader, there_writer), self._carry(there_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(65_536):
                await self.flows.wait()
                writer.write(part)
                await writer.drain()
        except OSError:
            pass  # whoever was there has gone
        finally:
            writer.close()


@asynccontextmanager
async def at_the_desk(browser: Browser, url: str, **look: object) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=url, timezone_id="Europe/London", **look)  # type: ignore[arg-type] # a look
    page = await context.new_page()
    await log_in(page, "olga")
    await expect(page.locator("#live-word")).to_have_text("Live")
    yield page
    await context.close()


@pytest.mark.parametrize(("name", "look"), LOOKS, ids=[name for name, _ in LOOKS])
async def test_a_server_that_stands_still_is_noticed_within_ten_seconds_and_its_return_as_well(
    house: House, browser: Browser, album: Album, name: str, look: dict[str, object]
) -> None:
    await house.press()
    line = Line(house)
    async with line.open() as url, at_the_desk(browser, url, **look) as page:
        began = await page.evaluate("performance.now()")
        line.flows.clear()
        await expect(page.locator("#not-live")).to_contain_text("Not live since", timeout=30_000)
        assert await page.evaluate("performance.now()") - began < 10_000
        await expect(page.locator("#live-word")).to_have_text("Not live")
        await expect(page.locator("#not-live")).to_contain_text("What you see may be old")
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, "nothing stands out of the screen"
        await album(page, f"not-live-{name}")
        line.flows.set()
        await expect(page.locator("#live-word")).to_have_text("Live")
        await expect(page.locator("#not-live")).to_be_hidden()
