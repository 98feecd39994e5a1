"""Chromium, for the tests that look at the console as an operator does.

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.launch_options())

Use Playwright's async interface: its sync one keeps an event loop running in the tests' thread.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


def find() -> Path | None:
    """Return the system's Chromium, or None where Playwright's own must serve."""
    found = (path for name in NAMES if (path := shutil.which(name)))
    return next((Path(path) for path in found if _runs(path)), None)


def launch_options() -> dict[str, Any]:
    """Return what to pass to Playwright's `chromium.launch`: where it is, and that it stay on this machine."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    options: dict[str, Any] = {"args": [*_QUIET, *as_root]}
    path = find()
    return options | ({"executable_path": str(path)} if path else {})


@cache
def _runs(path: str) -> bool:
    """Whether it is a browser: on some systems the name is a stub that only tells how to install one."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
