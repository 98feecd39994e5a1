"""The floor: the same publisher and broker into a script that only decodes, inserts and acknowledges.

    python -m benchmarks.bare_path DATABASE_URL MQTT_URL

No registry, no log, no dialects, no faults, one lane: what anybody would write in an afternoon, and fast.
"""

import asyncio
import sys
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import msgspec
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import AsyncConnection

CLIENT_ID = "bench-bare"
TABLE = """
    create table if not exists bare (
        topic text, seq bigint, at timestamptz, kind text, value text, battery real, signal smallint,
        primary key (topic, at, seq))
"""
_INSERT = """
    insert into bare select * from unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
                                          %s::real[], %s::smallint[]) on conflict do nothing
"""


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
    waiting: deque[MQTTMessage] = deque()
    arrived = asyncio.Event()
    client = _client(mqtt_url, waiting, arrived)
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
                client.ack(message.mid, 1)
            if not waiting:
                arrived.clear()


def _client(url: str, waiting: deque[MQTTMessage], arrived: asyncio.Event) -> Client:
    loop = asyncio.get_running_loop()
    where = urlsplit(url)
    client = Client(CallbackAPIVersion.VERSION2, CLIENT_ID, clean_session=False, protocol=MQTTv311, manual_ack=True)
    client.username_pw_set(where.username, where.password)
    client.on_connect = lambda c, *_: c.subscribe("homes/#", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)

    def on_message(_: Client, __: Any, message: MQTTMessage) -> None:
        waiting.append(message)
        arrived.set()

    def read() -> None:
        for _ in range(64):
            before = len(waiting)
            client.loop_read()
            if len(waiting) == before:
                return

    client.on_message = on_message
    client.on_socket_open = lambda _c, _u, opened: loop.add_reader(opened, read)
    client.on_socket_close = lambda _c, _u, closed: loop.remove_reader(closed)
    client.on_socket_register_write = lambda c, _u, opened: loop.add_writer(opened, c.loop_write)
    client.on_socket_unregister_write = lambda _c, _u, opened: loop.remove_writer(opened)
    client.connect(where.hostname or "", where.port or 1883)
    return client


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2]))
