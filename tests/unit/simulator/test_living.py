"""Homes live on a real broker: online while they are there, offline when they are not, and nothing lost between."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiomqtt

from runtime.clock import SystemClock
from runtime.embedded import embedded_broker
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
    async with asyncio.timeout(60), embedded_broker(tmp_path) as broker, living(people("l2"), broker.gateway_url):
        seqs: list[int] = []
        for _ in range(2):
            with suppress(aiomqtt.MqttError):
                async with connected(broker.gateway_url, "watch-l2") as watching:
                    await watching.subscribe("homes/l2/motion-1", qos=1)
                    async for message in watching.messages:
                        seqs.append(json.loads(message.payload)["seq"])
                        if len(seqs) % 20 == 0:
                            break
            await broker.restart()
        assert len(seqs) >= 40
