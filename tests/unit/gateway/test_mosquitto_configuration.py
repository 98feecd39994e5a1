"""deploy/mosquitto.conf and .acl do what they say: Mosquitto runs by them, the gateway works, homes are apart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiomqtt
import pytest
from psycopg_pool import AsyncConnectionPool

from runtime.ports import free_port
from tests import mosquitto as mosquitto_broker
from tests.conftest import BrokerAddress
from tests.unit.gateway.house import add_home, count, hub, running, say, say_all, subscribed, unique, until

pytestmark = pytest.mark.mosquitto

DEPLOY = Path(__file__).parents[3] / "deploy"
PLACES = (("listener 1883", "listener {port} 127.0.0.1"), ("/mosquitto/data/", "{folder}/"))
FILES = (("/mosquitto/config/passwords", "{folder}/passwords"), ("/mosquitto/config/", f"{DEPLOY}/"))
PASSWORD = "a long one"


@pytest.fixture
async def deployed(mosquitto: BrokerAddress, tmp_path: Path) -> AsyncIterator[mosquitto_broker.Mosquitto]:
    """Run Mosquitto by the configuration that is deployed, its places and port changed."""
    program = mosquitto_broker.find()
    assert program is not None
    port, text = free_port(), (DEPLOY / "mosquitto.conf").read_text()
    for before, after in (*PLACES, *FILES):
        assert before in text
        text = text.replace(before, after.format(port=port, folder=tmp_path))
    lines = [mosquitto_broker.password_line(user, PASSWORD) for user in ("gateway", "h1", "h2")]
    (tmp_path / "passwords").write_text("".join(lines))
    broker = mosquitto_broker.Mosquitto(program, tmp_path, port=port, configuration=text)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


def as_user(broker: mosquitto_broker.Mosquitto, user: str) -> BrokerAddress:
    url = f"mqtt://{user}:{PASSWORD.replace(' ', '%20')}@{broker.host}:{broker.port}"
    return BrokerAddress(broker.host, broker.port, user, PASSWORD, url)


def bed(number: int) -> dict[str, object]:
    return {"seq": number, "at": "2100-01-01T00:00:00Z", "kind": "bed", "value": "out"}


async def test_a_home_reaches_the_log_and_speaks_for_no_other(
    database: AsyncConnectionPool, database_url: str, deployed: mosquitto_broker.Mosquitto
) -> None:
    await add_home(database, "h1")
    await add_home(database, "h2")
    async with running(database_url, as_user(deployed, "gateway"), unique("gateway"), keep=True):
        await subscribed(database)  # its marks come back: it may read and write them
        await _say_elsewhere(deployed, "homes/h2/bed-1", bed(1))
        await _say_elsewhere(deployed, "urgent/h2/pendant-1", {"seq": 2, "kind": "button", "value": "pressed"})
        async with hub(as_user(deployed, "h1")) as client:
            await say(client, "homes/h1/bed-1", bed(3))
            await say(client, "urgent/h1/pendant-1", {"seq": 4, "kind": "button", "value": "pressed"})
        await until(lambda: _counted(database, 2))
        homes = "select count(distinct home) from readings join devices on number = device where readings.seq > 2"
        assert await count(database, homes) == 1
        assert await count(database, "select count(*) from readings where seq in (1, 2)") == 0


async def _say_elsewhere(broker: mosquitto_broker.Mosquitto, topic: str, said: dict[str, object]) -> None:
    """Publish as h1 where h1 may not: it is acknowledged, and 2.0.11 closes the connection on it."""
    with suppress(aiomqtt.MqttError):
        async with hub(as_user(broker, "h1")) as client:
            await say(client, topic, said)


async def test_nobody_unknown_is_let_in(deployed: mosquitto_broker.Mosquitto) -> None:
    for user, password in (("h1", "wrong"), ("h3", PASSWORD), (None, None)):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(deployed.host, deployed.port, username=user, password=password):
                pass


async def test_killed_it_has_what_it_acknowledged_some_seconds_before_and_more_than_a_thousand(
    database: AsyncConnectionPool, database_url: str, deployed: mosquitto_broker.Mosquitto
) -> None:
    """What it acknowledged in the last two seconds may be gone: the loss that docs/guarantees.md tells of."""
    name = unique("gateway")
    await add_home(database, "h1")
    async with running(database_url, as_user(deployed, "gateway"), name, keep=True):
        await subscribed(database)
    async with hub(as_user(deployed, "h1")) as client:
        await say_all(client, "homes/h1/bed-1", [bed(number) for number in range(1500)])
    await asyncio.sleep(3)  # autosave_interval 1 writes when more than a second has passed, by whole seconds
    deployed.kill()
    await deployed.restart()
    async with running(database_url, as_user(deployed, "gateway"), name, keep=True):
        await until(lambda: _counted(database, 1500), 30)


async def _counted(database: AsyncConnectionPool, number: int) -> bool:
    return await count(database, "select count(*) from readings where kind <> 'hub'") >= number
