"""Chromium before a running console: one browser a run, and for each test a console and a profile of its own.

Starting Chromium costs as much as three of these tests. It lives on an event loop, so that all of them share one.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from psycopg_pool import AsyncConnectionPool

from runtime.database import pool
from tests import chromium
from tests.unit.console.house import PASSWORD, House, lived_in

PATIENCE_MS = 15_000  # how long a busy machine may take; never slept, only waited up to

Seat = Callable[..., AbstractAsyncContextManager[Page]]
Album = Callable[..., Awaitable[None]]

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and have it live on the run's loop."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def database(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    """Give an open pool on this test's own database, on the browser's loop."""
    async with pool(database_url, name="test", size=8) as connections:
        yield connections


@pytest_asyncio.fixture(loop_scope="session")
async def house(database: AsyncConnectionPool, database_url: str) -> AsyncIterator[House]:
    """Give a house with people and users in it, and its console running."""
    async with lived_in(database, database_url) as house:
        yield house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Give Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.launch_options())
        yield browser
        await browser.close()


@pytest.fixture
def seat(house: House, browser: Browser) -> Seat:
    """Give a way to sit down at the desk, logged in and at the queue.

    async with seat("olga") as page: ...
    """

    @asynccontextmanager
    async def sit(user: str | None = "olga", **look: Any) -> AsyncIterator[Page]:
        context = await browser.new_context(base_url=house.url, timezone_id="Europe/London", **look)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_ours(said.type, said.text) else None)
        if user:
            await log_in(page, user)
        try:
            yield page
            assert complaints == [], "the browser complained"
        finally:
            await context.close()

    return sit


async def log_in(page: Page, user: str) -> None:
    """Fill in the page that asks who it is, and send it."""
    await page.goto("/login")
    await page.get_by_label("User").fill(user)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/")


def _is_ours(kind: str, text: str) -> bool:
    """Tell a complaint of the page's own from Chromium's word on an answer with an error status or a cut line."""
    return kind == "error" and "Failed to load resource" not in text and "net::ERR" not in text


@pytest.fixture(scope="session")
def album() -> Album:
    """Give what keeps pictures of pages, in the folder that TELECARE_SCREENSHOTS names; without one, none is taken."""
    wanted = os.environ.get("TELECARE_SCREENSHOTS")
    if wanted:
        Path(wanted).mkdir(parents=True, exist_ok=True)

    async def keep(page: Page, name: str, **how: bool) -> None:
        if wanted:
            await page.screenshot(path=Path(wanted) / f"{name}.png", full_page=how.get("whole", False))

    return keep
