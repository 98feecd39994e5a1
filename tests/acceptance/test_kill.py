"""Kill any process of the service while readings flow: nothing acknowledged is lost, nothing counts twice.

A publisher writes down which readings the broker acknowledged to it; afterwards the tables are compared
with that list. Every pendant is pressed once while something is dying, and each press is one alarm.
"""

import time
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.running_demo import Desk, RunningDemo, running_demo, wait_until

HOMES = 30
READINGS_PER_KILL = 400
PER_SECOND = 200


def street() -> dict[str, Any]:
    """Return thirty homes of one person each, with a pendant and a motion sensor."""
    ids = [f"k{number:02}" for number in range(HOMES)]
    devices = [{"id": "pendant-1", "kind": "button"}, {"id": "motion-1", "kind": "motion", "room": "hall"}]
    return {
        "homes": [{"id": f"home-{id_}", "zone": "Europe/London", "devices": devices} for id_ in ids],
        "people": [{"id": f"person-{id_}", "name": f"Resident {id_}", "home": f"home-{id_}"} for id_ in ids],
    }


class Publisher:
    """A hub that numbers its readings and writes down what the broker acknowledged."""

    def __init__(self, announced: dict[str, Any]) -> None:
        self._acknowledged_ids = list[int]()  # filled from paho's thread, which may be ahead of `publish`
        self._published = dict[int, tuple[str, str, int]]()  # by packet id: under 65,536 readings, each has its own
        self._seq = 0
        broker = announced["mqtt"]
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="street", clean_session=False)
        self._client.username_pw_set(broker["user"], broker["password"])
        self._client.max_inflight_messages_set(50)
        self._client.on_publish = self._was_acknowledged
        self._client.connect(broker["host"], broker["port"])
        self._client.loop_start()

    def _was_acknowledged(self, _client: object, _data: object, mid: int, *_: object) -> None:
        self._acknowledged_ids.append(mid)

    def publish(self, lane: str, home: str, device: str, kind: str, value: str) -> None:
        """Publish one reading without waiting."""
        self._seq += 1
        payload = f'{{"seq": {self._seq}, "boot": 1, "kind": "{kind}", "value": "{value}"}}'
        info = self._client.publish(f"{lane}/{home}/{device}", payload, qos=1)
        self._published[info.mid] = (home, device, self._seq)

    @property
    def acknowledged(self) -> set[tuple[str, str, int]]:
        """What the broker has said that it has."""
        return {self._published[mid] for mid in self._acknowledged_ids}

    def settle(self) -> None:
        """Wait until the broker has acknowledged everything published."""
        wait_until(lambda: len(self._acknowledged_ids) >= self._seq, 60, "the broker acknowledges what was published")

    def close(self) -> None:
        """End the connection."""
        self._client.loop_stop()
        self._client.disconnect()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningDemo, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("kill")
    people = folder / "street.yaml"
    people.write_text(yaml.safe_dump(street()))
    with running_demo(folder / "data", "--people", str(people), "--no-simulate") as running:
        yield running


def stored(demo: RunningDemo) -> dict[tuple[str, str, int], int]:
    """Return how often each reading stands in the history."""
    with demo.connect() as connection:
        rows = connection.execute(
            "select d.home, d.id, r.seq, count(*) from readings r join devices d on d.number = r.device"
            " group by 1, 2, 3"
        ).fetchall()
    return {(home, device, seq): times for home, device, seq, times in rows}


def logged(demo: RunningDemo) -> int:
    """Return how many reading entries the log holds, which is what the monitor steps."""
    from schema.entries import ReadingEntry, unpack  # noqa: PLC0415 - kept beside its only use

    with demo.connect() as connection:
        rows = connection.execute("select entries from log where kind = 'readings'").fetchall()
    return sum(isinstance(entry, ReadingEntry) for (entries,) in rows for entry in unpack(entries))


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost_whoever_is_killed(demo: tuple[RunningDemo, dict[str, Any]]) -> None:
    running, announced = demo
    publisher = Publisher(announced)
    victims = ["gateway", "monitor", "alerting", "database", "broker", "gateway"]
    pressed = []
    for turn, victim in enumerate(victims):
        for number in range(READINGS_PER_KILL):
            home = f"home-k{number % HOMES:02}"
            publisher.publish("homes", home, "motion-1", "motion", "detected" if number % 2 else "clear")
            if number % 80 == 40:
                pressed.append(f"k{len(pressed):02}")
                publisher.publish("urgent", f"home-{pressed[-1]}", "pendant-1", "button", "pressed")
            if number == READINGS_PER_KILL // 2:
                running.room(victim).kill()
            time.sleep(1 / PER_SECOND)  # the pace of the load, not a wait for anything
        assert turn < len(victims)
    publisher.settle()
    publisher.close()

    wait_until(lambda: set(stored(running)) >= publisher.acknowledged, 60, "every acknowledged reading is stored")
    counts = stored(running)
    assert set(counts.values()) == {1}, "no reading is stored twice"
    assert logged(running) == len(counts), "what the monitor steps is what was stored, each once"

    desk = wait_until(lambda: desk_of(announced), 30, "the desk answers again")
    expected = {f"person-{id_}" for id_ in pressed}
    wait_until(lambda: {alarm["person"] for alarm in desk.open_alarms()} >= expected, 60, "every press is an alarm")
    alarms = [alarm["person"] for alarm in desk.open_alarms() if alarm["kind"] == "button"]
    assert sorted(alarms) == sorted(expected), "one alarm a press, and none for nothing"


def desk_of(announced: dict[str, Any]) -> Desk | None:
    """Return a desk once the console, killed a moment ago, answers again."""
    try:
        return Desk(announced)
    except OSError:
        return None


@pytest.mark.timeout(240)
def test_the_demo_killed_whole_starts_again_with_everything_it_had(demo: tuple[RunningDemo, dict[str, Any]]) -> None:
    running, _ = demo
    before = stored(running)
    assert before
    running.kill()
    announced = running.start()
    assert stored(running).keys() >= before.keys()
    desk = Desk(announced)
    alarms = desk.open_alarms()
    assert alarms, "the alarms nobody owned are still open"
    desk.ask(f"/api/alarms/{alarms[0]['id']}/acknowledge", {})
    assert desk.ask(f"/api/alarms/{alarms[0]['id']}")["owner"]
    assert running.stop() == 0, "Ctrl-C ends it cleanly"
    assert not (running.data_dir / "demo.json").exists()
