"""The whole service with Mosquitto in the broker's place: nothing but TELECARE_MQTT_URL changes.

Presses become alarms at the desk, and the gateway is killed with `kill -9` under load: what Mosquitto had not had
acknowledged it gives out again as soon as the session connects again, and each reading counts once.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import AsyncConnection

from alerting.console.users import create_user
from runtime.clock import SystemClock
from runtime.ports import free_port
from schema.people_file import parse
from schema.people_load import load
from telecare.readiness import ready
from tests.acceptance.running_demo import Desk, wait_until
from tests.acceptance.test_kill import HOMES, Publisher, street
from tests.conftest import BrokerAddress

READINGS = 1500
PER_SECOND = 300
KILLS = (500, 1000)
LOGIN = {"user": "olive", "password": "on mosquitto", "role": "operator"}


class Rooms:
    """The three services as processes of their own, each named by its command."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        others = {name: value for name, value in os.environ.items() if not name.startswith("TELECARE_")}
        self._environment = {**others, **settings, "TELECARE_DATA_DIR": str(folder)}
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a service, for the first time or again."""
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "telecare", name]
            self._running[name] = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """Kill it with SIGKILL."""
        self._running[name].kill()
        self._running[name].wait(10)

    def stop(self) -> None:
        """End all of them cleanly."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(30)


@pytest.fixture
def announced(database_url: str, mosquitto: BrokerAddress) -> dict[str, Any]:
    """Tell where everything is, as demo.json does."""
    return {
        "http": f"http://127.0.0.1:{free_port()}",
        "mqtt": {name: getattr(mosquitto, name) for name in ("host", "port", "user", "password")},
        "users": [LOGIN],
    }


@pytest.fixture
def rooms(announced: dict[str, Any], database_url: str, mosquitto: BrokerAddress, tmp_path: Path) -> Iterator[Rooms]:
    asyncio.run(_move_in(database_url))
    settings = {
        "TELECARE_DATABASE_URL": database_url,
        "TELECARE_MQTT_URL": mosquitto.url,
        "TELECARE_GATEWAY": "on-mosquitto",
        "TELECARE_HTTP_PORT": announced["http"].rpartition(":")[2],
    }
    running = Rooms(tmp_path, settings)
    try:
        for name in ("gateway", "monitor", "alerting"):
            running.start(name)
        asyncio.run(_ready(database_url, announced["http"]))
        yield running
    finally:
        running.stop()


async def _move_in(database_url: str) -> None:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await load(connection, parse(yaml.safe_dump(street()), "street.yaml"), "test", SystemClock().now())
        await create_user(connection, LOGIN["user"], "Olive Marsh", "operator", LOGIN["password"])


async def _ready(database_url: str, http: str) -> None:
    async with asyncio.timeout(60):
        await ready(database_url, http, SystemClock())


def _stored(database_url: str) -> dict[tuple[str, str, int], int]:
    """Return how often each reading stands in the history."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select d.home, d.id, r.seq, count(*) from readings r join devices d on d.number = r.device"
            " where r.boot = 1 group by 1, 2, 3"
        ).fetchall()
    return {(home, device, seq): times for home, device, seq, times in rows}


@pytest.mark.mosquitto
@pytest.mark.timeout(180)
def test_a_press_is_one_alarm_and_nothing_is_lost_though_the_gateway_is_killed_under_load(
    rooms: Rooms, announced: dict[str, Any], database_url: str
) -> None:
    publisher = Publisher(announced)
    pressed = list[str]()
    for number in range(READINGS):
        home = f"home-k{number % HOMES:02}"
        publisher.publish("homes", home, "motion-1", "motion", "detected" if number % 2 else "clear")
        if number % 100 == 50:
            pressed.append(f"k{len(pressed):02}")
            publisher.publish("urgent", f"home-{pressed[-1]}", "pendant-1", "button", "pressed")
        if number in KILLS:
            rooms.kill("gateway")
        if number - 100 in KILLS:  # away for a third of a second: what comes meanwhile waits at the broker
            rooms.start("gateway")
        time.sleep(1 / PER_SECOND)  # the pace of the load, not a wait for anything
    publisher.settle()
    publisher.close()

    wait_until(lambda: set(_stored(database_url)) >= publisher.acknowledged, 60, "every acknowledged reading is stored")
    assert set(_stored(database_url).values()) == {1}, "no reading is stored twice"
    expected = sorted(f"person-{id_}" for id_ in pressed)
    desk = Desk(announced)
    wait_until(lambda: _of_presses(desk) >= expected, 60, "every press is an alarm")
    assert _of_presses(desk) == expected, "one alarm a press, and none for nothing"


def _of_presses(desk: Desk) -> list[str]:
    return sorted(alarm["person"] for alarm in desk.open_alarms() if alarm["kind"] == "button")
