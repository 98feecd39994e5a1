"""One reading by hand: the broker has it, or the command says in one line what is wrong."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import msgspec
import pytest

from runtime.clock import SetClock
from runtime.settings import Settings
from schema.instants import parse_instant
from simulator.brokers import NoBrokerError, broker_url, connected
from simulator.device import SENT, BadReadingError, reading, send
from tests.conftest import BrokerAddress
from tests.unit.simulator.front_door import telecare

NOON = parse_instant("2026-11-22T12:00:00.250Z")


@pytest.fixture
async def listener(broker: BrokerAddress) -> AsyncIterator[aiomqtt.Client]:
    async with connected(broker.url, "listener-test-device") as client:
        await client.subscribe("urgent/test-device/#", qos=1)
        await client.subscribe("homes/test-device/#", qos=1)
        yield client


async def test_the_broker_has_it_when_send_returns(broker: BrokerAddress, listener: aiomqtt.Client) -> None:
    press = reading("test-device", "pendant-1", "button", "pressed", NOON)
    await send(broker.url, press, SetClock(NOON))
    message = await anext(aiter(listener.messages))
    assert str(message.topic) == "urgent/test-device/pendant-1"
    assert msgspec.json.decode(message.payload) == {
        "seq": 250000,
        "boot": 1795348800,
        "at": "2026-11-22T12:00:00.250Z",
        "kind": "button",
        "value": "pressed",
    }


@pytest.mark.parametrize(
    ("kind", "value", "urgent", "lane"),
    [
        ("button", "pressed", None, "urgent"),
        ("fall", "fallen", None, "urgent"),
        ("smoke", "alarm", None, "urgent"),
        ("gas", "alarm", None, "urgent"),
        ("bed", "out", None, "homes"),
        ("button", "pressed", False, "homes"),
        ("bed", "out", True, "urgent"),
    ],
)
def test_what_carries_life_is_urgent_unless_told(kind: str, value: str, urgent: bool | None, lane: str) -> None:  # noqa: FBT001 - a case's column
    assert reading("h", "d", kind, value, NOON, urgent=urgent).topic == f"{lane}/h/d"


def test_two_readings_of_a_moment_apart_are_two() -> None:
    one, other = (json.loads(reading("h", "d", "button", "pressed", NOON + late).payload) for late in (0, 1))
    assert (one["boot"], one["seq"]) != (other["boot"], other["seq"])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("h", "d", "buton", "pressed"), "'buton' is no kind of reading; expected one of bed, chair, door"),
        (("h", "d", "button", "down"), "'down' is nothing that button says; expected one of pressed, cancelled"),
        (("my home", "d", "button", "pressed"), "holds a space"),
        (("h", "a/b", "button", "pressed"), "slash"),
        (("h", "#", "button", "pressed"), "wildcard"),
    ],
)
def test_what_cannot_be_sent_is_said_in_one_line(args: tuple[str, str, str, str], said: str) -> None:
    with pytest.raises(BadReadingError, match=said) as refused:
        reading(*args, NOON)
    assert "\n" not in str(refused.value)


def test_samples_and_hub_states_are_not_said_in_a_word() -> None:
    assert not {"acceleration", "hub", "sensor"} & set(SENT)


def test_the_broker_is_the_one_given_or_set_or_the_demos(tmp_path: Path) -> None:
    nowhere = Settings(data_dir=tmp_path)
    with pytest.raises(NoBrokerError, match="no demo runs in"):
        broker_url(None, nowhere)
    (tmp_path / "demo.json").write_text('{"mqtt": {"host": "127.0.0.1", "port": 5, "user": "hub", "password": "a/b"}}')
    assert broker_url(None, nowhere) == "mqtt://hub:a%2Fb@127.0.0.1:5"
    assert broker_url(None, Settings(data_dir=tmp_path, mqtt_url="mqtt://set")) == "mqtt://set"
    assert broker_url("mqtt://given", Settings(data_dir=tmp_path, mqtt_url="mqtt://set")) == "mqtt://given"
    for bad in ("127.0.0.1:1883", "http://h", "mqtt://h:99999"):
        with pytest.raises(NoBrokerError, match="is no MQTT URL"):
            broker_url(bad, nowhere)


def test_the_command_says_that_the_broker_has_it(broker: BrokerAddress) -> None:
    done = telecare("device", "test-cli", "pendant-1", "button", "pressed", "--mqtt", broker.url)
    assert done.exit_code == 0, done.output
    assert "the broker has it: urgent/test-cli/pendant-1 button pressed" in done.output


def test_the_command_refuses_with_status_two() -> None:
    done = telecare("device", "h", "d", "button", "down", "--mqtt", "mqtt://127.0.0.1:1")
    assert done.exit_code == 2
    assert "expected one of pressed, cancelled" in done.output


def test_a_broker_that_is_not_there_is_no_success() -> None:
    done = telecare("device", "h", "d", "button", "pressed", "--mqtt", "mqtt://127.0.0.1:1")
    assert done.exit_code == 1
    assert "nothing was sent" in done.stderr
