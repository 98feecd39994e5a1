"""The floor: the same publisher, broker and MQTT client into a script that only decodes, inserts and acknowledges.

    python -m benchmarks.bare_path DATABASE_URL MQTT_URL

No registry, no log, no dialects, no faults, one lane: what anybody would write in an afternoon, and fast.
"""

import asyncio
import sys
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import msgspec
from psycopg import AsyncConnection

from gateway import mqtt
from gateway.message import Message
from gateway.mqtt_connection import Connection
from runtime.clock import SystemClock
from runtime.service import run as on_uvloop

CLIENT_ID = "bench-bare"
LANE = "plain"
"""Topics begin with it: as long a word as ours, and heard by nobody else."""
TABLE = """
    create table if not exists bare (
        topic text, seq bigint, at timestamptz, kind text, value text, battery real, signal smallint,
        primary key (topic, at, seq))
"""
_INSERT = """
    insert into bare select * from unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
                                          %s::real[], %s::smallint[]) on conflict do nothing
"""
_KEEPALIVE_SECONDS = 30


class Item(msgspec.Struct):
    """A reading as it is written."""

    seq: int
    at: str
    kind: str
    value: str
    battery: float
    signal: int


async def run(database_url: str, mqtt_url: str) -> None:
    """Store and acknowledge until killed."""
    waiting: deque[Message] = deque()
    arrived = asyncio.Event()
    client = await _connect(mqtt_url, waiting, arrived)
    decode = msgspec.json.Decoder(Item).decode
    async with await AsyncConnection.connect(database_url) as connection:
        while True:
            await arrived.wait()
            batch = [waiting.popleft() for _ in range(min(len(waiting), 1000))]
            items = [decode(message.payload) for message in batch]
            columns: list[list[Any]] = [[message.topic for message in batch]]
            columns += [[getattr(item, field) for item in items] for field in Item.__struct_fields__]
            await connection.execute(_INSERT, columns)
            await connection.commit()
            for message in batch:
                client.acknowledge(message.packet)
            if not waiting:
                arrived.clear()


async def _connect(url: str, waiting: deque[Message], arrived: asyncio.Event) -> Connection:
    where = urlsplit(url)

    def take(packet: mqtt.Packet) -> None:
        if type(packet) is Message:
            waiting.append(packet)
            arrived.set()
        elif type(packet) is mqtt.ConnAck:
            connection.send(mqtt.subscribe(1, [f"{LANE}/#"]))
        else:
            print("ready", flush=True)

    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(take, lambda: None, SystemClock(), _KEEPALIVE_SECONDS), where.hostname or "", where.port
    )
    connection.send(mqtt.connect(CLIENT_ID, where.username, where.password, _KEEPALIVE_SECONDS))
    return connection


if __name__ == "__main__":
    on_uvloop(run(sys.argv[1], sys.argv[2]))
