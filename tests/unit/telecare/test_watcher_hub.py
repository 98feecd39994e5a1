"""The watcher's own MQTT: taken by the brokers we support, and clear about one that does not take it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiomqtt
import pytest

from telecare.watcher.hub import Broker, HubError, broker_of, come_in
from tests.conftest import BrokerAddress

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(answer: Answer) -> AsyncIterator[Broker]:
    """Give a broker that answers as scripted."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Broker("127.0.0.1", server.sockets[0].getsockname()[1], "hub", "secret", tls=False)


async def published(broker: Broker) -> None:
    """Come in and press."""
    hub = await come_in(broker, "telecare-watcher-test")
    await hub.publish("urgent/_canary-7/pendant-1", b"{}")


async def taken_by(address: BrokerAddress) -> None:
    """Publish by our own hand, and hear it by another's."""
    async with aiomqtt.Client(address.host, address.port, username=address.user, password=address.password) as other:
        await other.subscribe("urgent/_canary-7/+", qos=1)
        async with asyncio.timeout(10):
            hub = await come_in(broker_of(address.url), "telecare-watcher-test")
            await hub.publish("urgent/_canary-7/pendant-1", b"{}")
            await hub.publish("urgent/_canary-7/pendant-1", b"x" * 20_000)
            hub.leave()
            heard = [await anext(aiter(other.messages)) for _ in range(2)]
    assert [(str(each.topic), each.qos, len(bytes(each.payload))) for each in heard] == [
        ("urgent/_canary-7/pendant-1", 1, 2),
        ("urgent/_canary-7/pendant-1", 1, 20_000),
    ]


async def test_nats_takes_it(broker: BrokerAddress) -> None:
    await taken_by(broker)


@pytest.mark.mosquitto
async def test_mosquitto_takes_it(mosquitto: BrokerAddress) -> None:
    await taken_by(mosquitto)


async def test_a_wrong_password_is_said(broker: BrokerAddress) -> None:
    wrong = broker_of(broker.url)._replace(password="wrong")
    with pytest.raises(HubError, match=r"password is wrong|does not let us in|closed the connection"):
        await come_in(wrong, "telecare-watcher-test")


async def test_nobody_there_is_said() -> None:
    with pytest.raises(HubError, match=r"cannot be reached \(connection refused\)"):
        await come_in(Broker("127.0.0.1", 1, "", "", tls=False), "telecare-watcher-test")


async def test_one_that_says_nothing_is_left_and_nothing_of_it_stays() -> None:
    closed = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        closed.set()
        writer.close()

    async with scripted(silent) as broker:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await come_in(broker, "telecare-watcher-test")
        async with asyncio.timeout(5):
            await closed.wait()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"\x20\x02\x00\x04", "user or password is wrong"),
        (b"\x20\x02\x00\x09", "it refuses us (code 9)"),
        (b"HTTP/1.1 400 Bad Request\r\n" + 100 * b" ", "it does not answer as an MQTT broker"),
        (b"\x20\x02\x00\x00", "it closed the connection"),
    ],
)
async def test_what_it_answers_instead_is_said_in_words(answer: bytes, said: str) -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()

    async with scripted(answers) as broker:
        with pytest.raises(HubError) as refused:
            await asyncio.wait_for(published(broker), 5)
    assert said in str(refused.value)


@pytest.mark.parametrize("url", ["", "http://desk", "mqtt://", "nonsense"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected for example"):
        broker_of(url)
