"""`telecare demo` as a newcomer runs it: a process of its own, waited for, spoken to, killed, started again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg

from runtime.embedded import database_url

T = TypeVar("T")
ENGINES = {"broker": "nats-server", "database": "postgres"}


def wait_until(look: Callable[[], T], seconds: float, what: str) -> T:
    """Return what `look` finds once it finds something; fails, naming what was awaited, after so many seconds."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


class RunningDemo:
    """One run of `telecare demo` over a data directory."""

    def __init__(self, data_dir: Path, *arguments: str, settings: dict[str, str] | None = None) -> None:
        self._settings = settings or {}
        self.data_dir = data_dir
        self.output = data_dir.with_name(data_dir.name + ".out")
        self._arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 90) -> dict[str, Any]:
        """Start, and return demo.json once the demo is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECARE_")}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "telecare", "demo", *self._arguments],
                env={**environment, **self._settings, "TELECARE_DATA_DIR": str(self.data_dir)},
                stdout=output,
                stderr=output,
            )
        announcement = self.data_dir / "demo.json"
        started_at = time.time()  # noqa: TID251 - beside a file's own time: a killed demo leaves its old one behind
        process = self.process

        def announced() -> dict[str, Any] | None:
            assert process.poll() is None, f"the demo ended: {self.output.read_text()[-2000:]}"
            fresh = announcement.exists() and announcement.stat().st_mtime > started_at
            return json.loads(announcement.read_text()) if fresh else None

        return wait_until(announced, seconds, f"the demo is ready; it said: {self.output.read_text()[-2000:]}")

    def stop(self) -> int:
        """Stop as Ctrl-C does; return the exit status."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def kill(self) -> None:
        """Kill -9 the front door itself: everything it started must go with it."""
        assert self.process
        family = self.family()
        self.process.kill()
        self.process.wait(10)
        wait_until(
            lambda: not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in family),
            30,
            "nothing that the demo started outlives it",
        )

    def family(self) -> list[psutil.Process]:
        """Return every process the demo started, and theirs."""
        assert self.process
        return psutil.Process(self.process.pid).children(recursive=True)

    def room(self, name: str) -> psutil.Process:
        """Return the process of a room, 'broker' or 'database', once it is there."""
        assert self.process
        ours = psutil.Process(self.process.pid)

        def is_it(child: psutil.Process) -> bool:
            words = child.cmdline()
            if name in ENGINES:
                return Path(words[0]).name == ENGINES[name]
            return words[-1] == name and "telecare" in words

        def find() -> psutil.Process | None:
            try:
                return next((child for child in ours.children() if is_it(child)), None)
            except (psutil.Error, IndexError):  # it ended, or began, as we looked
                return None

        return wait_until(find, 20, f"a process of '{name}'")

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection to the demo's database."""
        return psycopg.connect(database_url(self.data_dir), autocommit=True)


@contextmanager
def running_demo(
    data_dir: Path, *arguments: str, settings: dict[str, str] | None = None
) -> Iterator[tuple[RunningDemo, dict[str, Any]]]:
    """Run a demo for the length of a test; it is gone afterwards, whatever happened."""
    demo = RunningDemo(data_dir, *arguments, settings=settings)
    try:
        yield demo, demo.start()
    finally:
        if demo.process and demo.process.poll() is None:
            demo.kill()


class Desk:
    """An operator's view through the JSON API."""

    def __init__(self, announced: dict[str, Any], role: str = "operator") -> None:
        self._http = announced["http"]
        login = next(user for user in announced["users"] if user["role"] == role)
        self.user = login["user"]
        self._token = ""
        self._token = self.ask("/api/sessions", {"user": login["user"], "password": login["password"]})["token"]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """GET a path, or POST a body to it; return the answer's JSON."""
        request = urllib.request.Request(
            self._http + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def open_alarms(self) -> list[dict[str, Any]]:
        """Return the alarms that are not closed, most pressing first."""
        alarms: list[dict[str, Any]] = self.ask("/api/alarms?state=open")
        return alarms
