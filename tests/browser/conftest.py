"""Chromium before a running console, for each test."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from psycopg_pool import AsyncConnectionPool

from tests import chromium
from tests.unit.console.house import PASSWORD, House, lived_in

PATIENCE_MS = 15_000  # how long a busy machine may take; never slept, only waited up to

Seat = Callable[..., AbstractAsyncContextManager[Page]]

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
async def house(database: AsyncConnectionPool, database_url: str) -> AsyncIterator[House]:
    """Give a house with people and users in it, and its console running."""
    async with lived_in(database, database_url) as house:
        yield house


@pytest.fixture
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
        yield page
        assert complaints == [], "the browser complained"
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
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder for screenshots: TELECARE_SCREENSHOTS, or one that is thrown away."""
    wanted = os.environ.get("TELECARE_SCREENSHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
