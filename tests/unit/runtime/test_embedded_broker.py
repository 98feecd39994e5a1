"""The embedded broker keeps what it acknowledged, and holds each of its users to what is theirs."""

import asyncio
import socket
from pathlib import Path

import aiomqtt
import pytest

from runtime.embedded import EmbeddedBroker, EmbeddedError, embedded_broker, gateway_url

SECONDS = 10.0


def _client(broker: EmbeddedBroker, name: str, *, hub: bool = False, **options: object) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.port,
        identifier=name,
        username=broker.hub_user if hub else broker.gateway_user,
        password=broker.hub_password if hub else broker.gateway_password,
        **options,
    )


async def _next(client: aiomqtt.Client) -> aiomqtt.Message:
    async with asyncio.timeout(SECONDS):
        return await anext(client.messages)


async def test_what_was_acknowledged_is_delivered_after_the_broker_was_killed(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        async with _client(broker, "telecare-1-ordinary", clean_session=False) as gateway:
            await gateway.subscribe("homes/#", qos=1)
        async with _client(broker, "hub-1", hub=True) as hub:
            for number in range(200):
                await hub.publish("homes/h1/bed-1", str(number), qos=1)  # returns when acknowledged
        broker.kill()
        await broker.restart()
        async with _client(broker, "telecare-1-ordinary", clean_session=False) as gateway:
            received = [(await _next(gateway)).payload for _ in range(200)]
    assert received == [str(number).encode() for number in range(200)]


async def test_a_hub_publishes_for_homes_and_hears_reassurance_and_nothing_else(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker, _client(broker, "gateway") as gateway:
        for topic in ("homes/#", "urgent/#", "application/#", "v3/#", "other/#"):
            await gateway.subscribe(topic, qos=1)
        async with _client(broker, "hub", hub=True) as hub:
            await hub.subscribe("homes/h1/pendant-1/reassure", qos=1)
            allowed = ["urgent/h1/pendant-1", "homes/h1/zigbee2mqtt/Küche", "application/a/device/d/event/up"]
            for topic in ["other/thing", *allowed]:
                await hub.publish(topic, b"{}", qos=1)
            heard = {(await _next(gateway)).topic.value for _ in allowed}  # no order is promised between subscriptions
            assert heard == set(allowed)
            await gateway.publish("homes/h1/pendant-1/reassure", b"received", qos=1)
            assert (await _next(hub)).payload == b"received"


async def test_a_hub_cannot_listen_to_a_home(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker, _client(broker, "hub", hub=True) as hub:
        granted = await hub.subscribe("homes/h2/bed-1", qos=1)
    assert [code.is_failure if hasattr(code, "is_failure") else code >= 0x80 for code in granted] == [True]


async def test_a_hub_that_falls_silent_leaves_its_will_retained(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        will = aiomqtt.Will("homes/h1/status", b"offline", qos=1, retain=True)
        async with _client(broker, "gateway") as gateway:
            await gateway.subscribe("homes/+/status", qos=1)
            hub = _client(broker, "hub", hub=True, will=will, keepalive=60)
            await hub.__aenter__()
            await hub.publish("homes/h1/status", b"online", qos=1, retain=True)
            assert (await _next(gateway)).payload == b"online"
            hub._client._sock_close()  # cut, without saying goodbye
            assert (await _next(gateway)).payload == b"offline"
        broker.kill()
        await broker.restart()
        async with _client(broker, "gateway") as gateway:
            await gateway.subscribe("homes/+/status", qos=1)
            kept = await _next(gateway)
    assert (kept.payload, kept.retain) == (b"offline", True)


async def test_the_next_start_keeps_port_and_passwords_so_that_hubs_come_back(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        before = (broker.gateway_url, broker.hub_url)
        assert gateway_url(tmp_path) == broker.gateway_url
    async with embedded_broker(tmp_path) as broker:
        assert (broker.gateway_url, broker.hub_url) == before
    for private in ("broker.json", "broker/nats.conf"):
        assert (tmp_path / private).stat().st_mode & 0o777 == 0o600


async def test_without_the_password_nobody_enters(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(broker.host, broker.port, username=broker.gateway_user, password="guessed"):
                pass


async def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path):
        with pytest.raises(EmbeddedError, match="is in use by another telecare"):
            await EmbeddedBroker(tmp_path).start()


async def test_a_port_that_is_taken_is_refused_by_its_number(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"Port {port} of 127\.0\.0\.1 is not free.*TELECARE_MQTT_PORT"):
            await EmbeddedBroker(tmp_path, port=port).start()
    async with embedded_broker(tmp_path, port=port) as broker:
        assert broker.port == port


async def test_a_folder_without_a_broker_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"No embedded broker runs in .*TELECARE_MQTT_URL"):
        gateway_url(tmp_path)


async def test_it_syncs_always_where_that_is_asked_for(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path, sync_always=True) as broker:
        assert "sync_interval: always" in (tmp_path / "broker" / "nats.conf").read_text()
        async with _client(broker, "hub", hub=True) as hub:
            await hub.publish("homes/h1/bed-1", b"{}", qos=1)


async def test_a_broker_that_gave_up_writing_is_to_be_started_again_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nats-server 2.15 says of a full disk; it then takes nothing more until it is started again."""
    async with embedded_broker(tmp_path) as broker:
        assert broker.running
        with (tmp_path / "broker" / "server.log").open("a") as log:
            log.write("[ERR] Filestore [$MQTT_msgs] Critical write error: write 1.blk: no space left on device\n")
        monkeypatch.setattr("runtime.embedded_broker._ROOM_BYTES", 1 << 62)
        assert broker.running, "without room it is no use"
        monkeypatch.setattr("runtime.embedded_broker._ROOM_BYTES", 1)
        assert not broker.running
        await broker.restart()
        assert broker.running
