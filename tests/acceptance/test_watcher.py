"""Stop any part of the service, or the whole machine: somebody outside is told within two periods.

Real parts, stopped as they stop worst: they live, take connections, and do nothing (SIGSTOP). Outside stand a stand-in
for Twilio, and a service that counts heartbeats.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import psutil
import pytest
import yaml

from tests.acceptance.running_demo import RunningDemo, running_demo, wait_until

EVERY = 2.5
ON_CALL = "+447700900199"
ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "a token of this test"


class Text(NamedTuple):
    """What somebody got by SMS, and when."""

    at: float
    to: str
    body: str


class Outside:
    """The world outside: Twilio's front door and an outside service, on loopback, which share nothing with us."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.beats: list[float] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(outside) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - inside it `self` is a request
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.beats.append(time.monotonic())
                self._answer(200)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                assert self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
                assert self.headers["Authorization"].startswith("Basic ")
                assert form["From"] == ["+447700900999"]
                outside.texts.append(Text(time.monotonic(), form["To"][0], form["Body"][0]))
                self._answer(201)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"sid": "SM0"}')

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        return Handler

    def close(self) -> None:
        """Close the world."""
        self._server.shutdown()
        self._server.server_close()


class Watching:
    """A watcher of the test's own, a process of its own with a file of its own."""

    def __init__(self, announced: dict[str, Any], outside: Outside, folder: Path) -> None:
        broker = announced["mqtt"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECARE_")}
        self._environment = environment | {
            "TELECARE_MQTT_URL": f"mqtt://{broker['user']}:{broker['password']}@{broker['host']}:{broker['port']}",
            "TELECARE_DATA_DIR": str(folder),
            "TELECARE_WATCH_DESK": announced["http"],
            "TELECARE_WATCH_TOKEN": TOKEN,
            "TELECARE_WATCH_HOMES": "_canary-2",
            "TELECARE_WATCH_EVERY": str(EVERY),
            "TELECARE_WATCH_TO": ON_CALL,
            "TELECARE_HEARTBEAT_URL": f"{outside.url}/beat",
            "TELECARE_TWILIO_ACCOUNT_SID": ACCOUNT,
            "TELECARE_TWILIO_AUTH_TOKEN": "token",
            "TELECARE_TWILIO_FROM": "+447700900999",
            "TELECARE_TWILIO_BASE_URL": outside.url,
        }
        self.log = folder.with_name(folder.name + ".log")
        self.process = self._started()

    def _started(self) -> psutil.Popen:
        with self.log.open("ab") as log:
            return psutil.Popen(
                [sys.executable, "-m", "telecare", "watch"], env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def killed_and_started_again(self) -> None:
        """Kill -9, and start over the same file."""
        self.kill()
        self.process = self._started()

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def watching(announced: dict[str, Any], outside: Outside, folder: Path) -> Iterator[Watching]:
    """Watch for the length of a test, from when all is well."""
    outside.beats.clear()
    watcher = Watching(announced, outside, folder)
    try:
        wait_until(lambda: outside.beats, 30, f"a press is at the desk; the watcher said {watcher.log.read_text()}")
        outside.texts.clear()
        yield watcher
    finally:
        if watcher.process.is_running():
            watcher.kill()


@contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[float]:
    """Let processes live and do nothing; give the moment."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield time.monotonic()
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGCONT)


def parts(demo: RunningDemo, name: str) -> list[psutil.Process]:
    """Return a room's process and all of its own: the database is a family."""
    room = demo.room(name)
    return [room, *room.children(recursive=True)]


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    world = Outside()
    yield world
    world.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningDemo, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("watcher")
    people = folder / "nobody.yaml"
    home = {"id": "home-1", "zone": "Europe/London", "devices": [{"id": "pendant-1", "kind": "button"}]}
    people.write_text(yaml.safe_dump({"homes": [home]}))
    settings = {"TELECARE_CANARIES": "2", "TELECARE_WATCH_HOMES": "_canary-1", "TELECARE_WATCH_TOKEN": TOKEN}
    with running_demo(folder / "data", "--people", str(people), "--no-simulate", settings=settings) as running:
        yield running


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("broker", "MQTT broker did not take a test press: no answer within 1.25 s."),
        ("gateway", "the operators' desk did not show it: not within 1.25 s"),
        ("database", "operators' desk gave no answer: "),
        ("alerting", "operators' desk gave no answer: nothing came back in time."),
    ],
)
def test_any_part_that_stops_is_told_within_two_periods(
    demo: tuple[RunningDemo, dict[str, Any]], outside: Outside, tmp_path: Path, part: str, said: str
) -> None:
    running, announced = demo
    with watching(announced, outside, tmp_path / "watcher"), stopped(parts(running, part)) as since:
        (text,) = wait_until(lambda: outside.texts, 30, f"somebody is told that the {part} has stopped")
        beats = [beat for beat in outside.beats if beat > text.at]
    assert text.to == ON_CALL
    assert "NOT WORKING since" in text.body
    assert said in text.body
    assert text.at - since < 2 * EVERY
    assert not beats


def test_a_monitor_that_stops_is_told_once_though_the_watcher_is_killed_and_told_again_when_all_is_well(
    demo: tuple[RunningDemo, dict[str, Any]], outside: Outside, tmp_path: Path
) -> None:
    running, announced = demo
    with watching(announced, outside, tmp_path / "watcher") as watcher:
        with stopped(parts(running, "monitor")) as since:
            lost = wait_until(lambda: outside.texts, 30, "somebody is told that the monitor has stopped")[0]
            watcher.killed_and_started_again()
            looked = (tmp_path / "watcher" / "watcher.json").read_bytes()
            wait_until(
                lambda: (tmp_path / "watcher" / "watcher.json").read_bytes() != looked, 20, "it goes round again"
            )
        assert lost.at - since < 2 * EVERY
        back = wait_until(lambda: outside.texts[1:], 30, "somebody is told that all is well")[0]
        beats = wait_until(lambda: [beat for beat in outside.beats if beat > back.at - EVERY / 2], 10, "it beats again")
    assert "working again. It was not from" in back.body
    assert len(outside.texts) == 2
    assert beats


def test_a_machine_that_stops_whole_is_noticed_outside_by_the_heartbeat_that_does_not_come(
    demo: tuple[RunningDemo, dict[str, Any]], outside: Outside, tmp_path: Path
) -> None:
    running, announced = demo
    assert running.process
    with watching(announced, outside, tmp_path / "watcher") as watcher:
        machine = [psutil.Process(running.process.pid), *running.family(), watcher.process]
        with stopped(machine) as since:
            wait_until(lambda: time.monotonic() > since + 2 * EVERY, 30, "two periods pass")
            late = [beat for beat in outside.beats if beat > since + EVERY / 2]
            assert not late, "in two periods no heartbeat came: whoever counts them knows"
        wait_until(lambda: [beat for beat in outside.beats if beat > since + 2 * EVERY], 60, "it beats again")
