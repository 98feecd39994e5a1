"""Brings what the tests need besides Python packages: Chromium, and where it can be had, Mosquitto.

`python -m tests.prepare` exits with 0 when the tests can run. Chromium is the system's, else installed by the
system's packages where we have the right to, else fetched by Playwright; without it, exit status 1. Mosquitto is
the system's, else its Debian package unpacked into `.telecare/tools` without being installed: installing it
would leave a broker running on the machine. Without it, its tests are named in the last line of the run.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright

from tests import chromium, mosquitto

_CHROMIUM_PACKAGES = ("chromium", "fonts-liberation", "fonts-dejavu-core")  # a screenshot wants letters
_INSTALL_SECONDS = 900
_APT_OPTIONS = ("-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


def main() -> int:
    """Prepare both, say how it went, and return the exit status."""
    browser = _prepare_chromium()
    _say(browser or "Chromium: could neither be found, nor installed by the system's packages or by Playwright.")
    _say(f"Mosquitto: {_prepare_mosquitto() or 'not to be had here; its tests will be named as not run.'}")
    if browser is None:
        _say("The browser tests need Chromium: install it (on Debian: apt-get install chromium), then try again.")
    return 0 if browser else 1


def _prepare_chromium() -> str | None:
    """Return which Chromium starts, trying each way to have one in turn, or None."""
    for fetch in (_nothing, _install_chromium, _fetch_chromium):
        if fetch():
            version = asyncio.run(_browser_version())
            if version is not None:
                return f"Chromium: {version} ({chromium.find() or 'from Playwright'})"
    return None


def _nothing() -> bool:
    """Fetch nothing: what is here may do."""
    return True


async def _browser_version() -> str | None:
    """Start Chromium as the tests will, and return its version, or None where it does not start."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(**chromium.launch_options())
        except PlaywrightError:
            return None
        version: str = browser.version
        await browser.close()
        return version


def _install_chromium() -> bool:
    privilege = _privilege()
    if privilege is None or shutil.which("apt-get") is None:
        return False
    _update_lists()
    command = [*privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *_APT_OPTIONS, "install", "--yes"]
    return _run("apt-get installs Chromium", [*command, "--no-install-recommends", *_CHROMIUM_PACKAGES])


def _fetch_chromium() -> bool:
    with_libraries = ["--with-deps"] if _privilege() is not None else []
    command = [sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"]
    return _run("Playwright fetches its Chromium", command)


def _prepare_mosquitto() -> str | None:
    """Return which Mosquitto runs, fetching it where there is none, or None."""
    for fetch in (_nothing, _unpack_mosquitto):
        if fetch():
            found = mosquitto.find()
            if found is not None and "mosquitto version" in _output([str(found), "-h"], mosquitto.environment()):
                return str(found)
    return None


def _unpack_mosquitto() -> bool:
    """Unpack Mosquitto's package, and those of its libraries that are not installed, below TOOLS."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return False
    _update_lists()
    with tempfile.TemporaryDirectory(prefix="telecare-tools-") as scratch:
        packages = list(_missing_packages("mosquitto"))
        command = ["apt-get", *_APT_OPTIONS, *_as_ourselves(), "download", *packages]
        if not _run(f"apt-get downloads {', '.join(packages)}", command, folder=Path(scratch)):
            return False
        unpacked = Path(scratch) / "unpacked"
        for package in Path(scratch).glob("*.deb"):
            if not _run(f"dpkg unpacks {package.name}", ["dpkg", "--extract", str(package), str(unpacked)]):
                return False
        shutil.rmtree(mosquitto.TOOLS, ignore_errors=True)
        shutil.copytree(unpacked, mosquitto.TOOLS, symlinks=True)
    return True


def _missing_packages(wanted: str) -> Iterator[str]:
    """Yield the package, then each library it needs, however indirectly, that is not installed."""
    seen, waiting = {wanted}, [wanted]
    while waiting:
        package = waiting.pop()
        yield package
        for line in _output(["apt-cache", "depends", package]).splitlines():
            kind, _, name = line.strip().partition(": ")
            if kind in {"Depends", "PreDepends"} and name.startswith("lib") and name not in seen:
                seen.add(name)
                if "install ok installed" not in _output(["dpkg-query", "--show", "--showformat=${Status}", name]):
                    waiting.append(name)


@cache
def _privilege() -> tuple[str, ...] | None:
    """Return what to put before a command that changes the system: nothing as root, sudo where it needs no password."""
    if os.geteuid() == 0:
        return ()
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ("sudo", "-n")
    return None


@cache
def _update_lists() -> bool:
    """Refresh apt's lists, once, where we may; stale ones name packages that are gone."""
    privilege = _privilege()
    return privilege is not None and _run("apt-get updates its lists", [*privilege, "apt-get", *_APT_OPTIONS, "update"])


def _as_ourselves() -> list[str]:
    """As root, download as root: apt's own user may not write into our folder."""
    return ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []


def _run(doing: str, command: Sequence[str], folder: Path | None = None) -> bool:
    """Run a command that may take long, saying what is waited for, and why where it fails."""
    _say(f"  {doing} ...")
    try:
        subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stdout.splitlines() if line.strip()]
        _say(f"  ... that failed: {lines[-1] if lines else f'exit status {error.returncode}'}")
        return False
    except (OSError, subprocess.TimeoutExpired) as error:
        _say(f"  ... that failed: {error}")
        return False
    return True


def _output(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Return what a short command prints, or nothing where it cannot be run."""
    try:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what this program is for


if __name__ == "__main__":
    sys.exit(main())
