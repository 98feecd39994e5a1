"""The session against a broker that misbehaves: it is left with a plain word, tried again, and never trusted."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.unit.gateway.house import until
from tests.unit.gateway.scripted_broker import CONNACK, SUBACK, Line, broker, publish, session
from tests.unit.gateway.wire import DISCONNECT, PUBACK

PINGREQ = 12
TLS = Path(__file__).parent / "self_signed.pem"


async def holds(condition: Callable[[], bool], seconds: float = 20) -> None:
    async def asked() -> bool:
        return condition()

    await until(asked, seconds)


async def welcome(line: Line) -> None:
    await line.say(CONNACK + SUBACK)


async def test_many_acknowledgements_go_out_in_one_piece_and_none_unasked() -> None:
    async def script(line: Line) -> None:
        await line.say(CONNACK + SUBACK + b"".join(publish(n, b"x") for n in range(1, 101)))

    async with broker(script) as (scripted, port), session(port) as (running, came):
        await holds(lambda: len(came) == 100)
        assert scripted.acknowledged == []
        for message in came[:60]:
            running.acknowledge(message)
        await holds(lambda: len(scripted.acknowledged) == 60)
        assert scripted.acknowledged == list(range(1, 61))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"\x20\x02\x00\x05", "we are not authorised"),
        (b"\x20\x02\x00\x04", "wrong user name or password"),
        (CONNACK + b"\x90\x03\x00\x01\x80", "['homes/#']"),
        (CONNACK + b"\x62\x02\x00\x01", "the broker broke the protocol: a packet that begins with 0x62"),
        (b"\x20\x03\x00\x00\x00", "the broker broke the protocol"),
        (CONNACK + b"\x34\x05\x00\x01t\x00\x01", "above QoS 1"),
    ],
)
async def test_a_broker_that_refuses_or_breaks_the_protocol_is_left_said_and_tried_again(
    answer: bytes, why: str
) -> None:
    async def script(line: Line) -> None:
        await line.say(answer)

    with capture_logs() as logs:
        async with broker(script) as (scripted, port), session(port):
            await holds(lambda: scripted.connections >= 2)
    assert any(why in str(each.get("why", each.get("topics"))) for each in logs), logs


async def test_a_broker_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.session.CONNECT_SECONDS", 0.3)

    async def script(_: Line) -> None:
        pass

    with capture_logs() as logs:
        async with broker(script) as (scripted, port), session(port):
            await holds(lambda: scripted.connections >= 2)
    assert any("says nothing" in str(each.get("why")) for each in logs)


async def test_a_broker_that_falls_silent_is_noticed_and_one_that_answers_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.session.KEEPALIVE_SECONDS", 0.4)
    monkeypatch.setattr("gateway.mqtt.connect", lambda *_: b"\x10\x00")  # which would say whole seconds

    async def answering(line: Line) -> None:
        await line.say(CONNACK + SUBACK)
        for answered in range(20):
            await holds(lambda number=answered: line.broker.sent[PINGREQ] > number)  # type: ignore[misc]
            await line.say(b"\xd0\x00")

    async with broker(welcome) as (silent, port), session(port):
        await holds(lambda: silent.connections >= 2)
    async with broker(answering) as (scripted, port), session(port):
        await holds(lambda: scripted.sent[PINGREQ] >= 8)
        assert scripted.connections == 1


async def test_what_was_stored_while_the_connection_was_gone_is_acknowledged_when_it_comes_again() -> None:
    gone = asyncio.Event()

    async def script(line: Line) -> None:
        again = line.broker.connections > 1
        if again:
            await gone.wait()
        await line.say(CONNACK + SUBACK + publish(7, b"x", again=again))
        if not again:
            await asyncio.sleep(0.2)
            line.writer.transport.abort()

    async with broker(script) as (scripted, port), session(port) as (running, came):
        await holds(lambda: scripted.connections >= 2)
        running.acknowledge(came[0])
        gone.set()
        await holds(lambda: scripted.acknowledged == [7])
        assert len(came) == 1, "the redelivery of what is stored was stored again"


async def test_paused_it_takes_in_no_more_than_was_on_its_way_and_resumed_it_misses_nothing() -> None:
    """Whatever window a broker keeps to, or none: what we do not read stays on its side."""
    number = 200_000

    async def script(line: Line) -> None:
        await line.say(CONNACK + SUBACK)
        for start in range(0, number, 1000):
            await line.say(b"".join(publish(n % 65_535 + 1, b"x" * 100) for n in range(start, start + 1000)))

    async with broker(script) as (_, port), session(port) as (running, came):

        def receive_and_pause(message: object) -> None:
            came.append(message)  # type: ignore[arg-type]
            if len(came) == 4000:
                running.pause()

        running.receive = receive_and_pause
        await holds(lambda: len(came) >= 4000)
        before = len(came)
        await asyncio.sleep(0.5)
        assert len(came) == before < 5000
        running.resume()
        await holds(lambda: len(came) == number, 60)


async def test_held_it_leaves_cleanly_even_while_messages_pour_in() -> None:
    async def script(line: Line) -> None:
        await line.say(CONNACK + SUBACK)
        for start in range(0, 100_000, 1000):
            await line.say(b"".join(publish(n % 65_535 + 1, b"x" * 100) for n in range(start, start + 1000)))

    async with broker(script) as (scripted, port), session(port) as (running, came):
        await holds(lambda: len(came) >= 1000)
        running.pause()
        running.hold()
        await holds(lambda: scripted.sent[DISCONNECT] == 1)
        assert scripted.sent[PUBACK] == 0


async def test_mqtts_is_spoken_to_a_broker_whose_certificate_is_trusted_and_to_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(TLS)

    async def script(line: Line) -> None:
        await line.say(CONNACK + SUBACK + b"".join(publish(n, b"x" * 100) for n in range(1, 2001)))

    async with broker(script, tls) as (scripted, port):
        with capture_logs() as logs:
            async with session(port, "mqtts"):
                await holds(lambda: any("certificate verify failed" in str(each.get("why")) for each in logs))
        assert not scripted.sent, "a broker that nobody vouches for was spoken to"
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS))
        async with session(port, "mqtts") as (running, came):
            await holds(lambda: len(came) == 2000)
            for message in came:
                running.acknowledge(message)
            await holds(lambda: len(scripted.acknowledged) == 2000)
