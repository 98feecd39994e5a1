"""Homes live on a real broker: online while they are there, offline when they are not, and nothing lost between."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, embedded_broker
from schema.people_file import PeopleFile, parse
from simulator.brokers import connected
from simulator.homes.living import keep_living
from tests.conftest import BrokerAddress


def people(home: str) -> PeopleFile:
    return parse(
        f"""
        homes:
          - id: {home}
            zone: Europe/London
            devices:
              - {{id: hub, kind: hub}}
              - {{id: motion-1, kind: motion, room: hall}}
        people:
          - {{id: ada, name: Ada Example, home: {home}}}
        """,
        "people.yaml",
    )


@asynccontextmanager
async def living(people: PeopleFile, url: str) -> AsyncIterator[None]:
    task = asyncio.create_task(keep_living(people, url, SystemClock(), speed=3600))
    try:
        yield
    finally:
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=10)
        assert ended, "the homes would not stop"


async def test_a_home_is_online_while_it_lives_and_offline_when_it_was_stopped(broker: BrokerAddress) -> None:
    async with asyncio.timeout(30), connected(broker.url, "watch-living-1") as watching:
        await watching.subscribe("homes/living.1/#", qos=1)
        messages = aiter(watching.messages)
        async with living(people("living.1"), broker.url):
            status = await anext(messages)
            assert (str(status.topic), status.payload) == ("homes/living.1/status", b"online")
            seqs = [json.loads((await anext(messages)).payload)["seq"] for _ in range(20)]
            assert max(seqs) > 5
        while str((last := await anext(messages)).topic) != "homes/living.1/status":
            pass
        assert (last.payload, last.retain) == (b"offline", False)
    async with asyncio.timeout(30), connected(broker.url, "watch-living-2") as watching:
        await watching.subscribe("homes/living.1/status", qos=1)
        kept = await anext(aiter(watching.messages))
        assert (kept.payload, kept.retain) == (b"offline", True)


async def test_a_hub_that_lost_its_broker_comes_back_and_has_lost_nothing(tmp_path: Path) -> None:
    seqs: list[int] = []
    async with asyncio.timeout(60), embedded_broker(tmp_path) as broker:
        async with listening(broker):
            pass  # from now on the broker keeps for this session whatever comes
        async with living(people("l2"), broker.gateway_url):
            for _ in range(2):
                async with listening(broker) as messages:
                    while len(seqs) % 20 != 19:
                        seqs.append(json.loads((await anext(messages)).payload)["seq"])
                    seqs.append(json.loads((await anext(messages)).payload)["seq"])
                await broker.restart()
    assert sorted(set(seqs)) == list(range(1, max(seqs) + 1))
    assert max(seqs) >= 30


@asynccontextmanager
async def listening(broker: EmbeddedBroker) -> AsyncIterator[AsyncGenerator[aiomqtt.Message, None]]:
    """Hear one sensor in a session that the broker keeps."""
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.gateway_user,
        password=broker.gateway_password,
        identifier="watch-l2",
        clean_session=False,
    )
    async with client:
        await client.subscribe("homes/l2/motion-1", qos=1)
        yield aiter(client.messages)
