"""What a newcomer does first: `telecare demo`, press a pendant, answer the alarm in a browser. All of it real."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests import chromium
from tests.acceptance.running_demo import RunningDemo, running_demo

UNDER_A_MINUTE = 60


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningDemo, dict[str, Any]]]:
    with running_demo(tmp_path_factory.mktemp("first") / "data") as running:
        yield running


def press(running: RunningDemo, home: str, pendant: str) -> None:
    """Press a pendant with the command the demo's welcome names."""
    subprocess.run(
        [sys.executable, "-m", "telecare", "device", home, pendant, "button", "pressed"],
        env={**os.environ, "TELECARE_DATA_DIR": str(running.data_dir)},
        check=True,
        timeout=30,
    )


async def log_in(page: Page, announced: dict[str, Any], role: str) -> None:
    """Log in as the demo's first user of that role."""
    login = next(user for user in announced["users"] if user["role"] == role)
    await page.goto(announced["http"])
    await page.get_by_label("User").fill(login["user"])
    await page.get_by_label("Password").fill(login["password"])
    await page.get_by_role("button", name="Log in").click()


def keep(name: str) -> str | None:
    """Return where a screenshot is to be kept, if TELECARE_SCREENSHOTS names a folder."""
    folder = os.environ.get("TELECARE_SCREENSHOTS")
    return str(Path(folder) / f"{name}.png") if folder else None


@pytest.mark.browser
@pytest.mark.timeout(240)
async def test_a_pressed_pendant_is_answered_in_the_browser(
    demo: tuple[RunningDemo, dict[str, Any]], tmp_path: Path
) -> None:
    running, announced = demo
    home = announced["homes"][0]
    ready_at = time.monotonic()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.launch_options())
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        await log_in(page, announced, "operator")
        await expect(page.get_by_role("heading", name="Queue")).to_be_visible()

        press(running, home, "pendant-1")
        await expect(page.locator("article.first.is-life")).to_be_visible(timeout=15_000)  # came up without reload
        await expect(page.get_by_text("failed")).to_have_count(0)  # nobody's step threw
        await page.screenshot(path=keep("queue-desktop-light") or str(tmp_path / "queue.png"))
        await page.get_by_role("link", name="Look first").click()
        told = page.get_by_role("region", name="Who was told")
        await expect(told).to_contain_text("SMS", timeout=15_000)
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.get_by_text("You have it")).to_be_visible()
        assert time.monotonic() - ready_at < UNDER_A_MINUTE
        await page.screenshot(path=keep("alarm-desktop-light") or str(tmp_path / "alarm.png"), full_page=True)
        await browser.close()
