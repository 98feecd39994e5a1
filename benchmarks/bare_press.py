"""The floor of a press: the least that stores it, tells of it, and asks for an SMS.

    python -m benchmarks.bare_press DATABASE_URL MQTT_URL SMS_URL

Subscribe, insert and commit, NOTIFY; LISTEN, POST. One process, no registry, no log, no rules, no escalation:
what anybody would write in an afternoon. Its topic is its own, so that it hears nothing of the background.
"""

import asyncio
import sys
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import aiomqtt
from psycopg import AsyncConnection

TOPIC = "bare/press"
CHANNEL = "bare_presses"
TABLE = "create table if not exists bare_presses (number bigint primary key, at timestamptz not null)"
_INSERT = """
    with stored as (insert into bare_presses values (%s, clock_timestamp()) on conflict do nothing)
    select pg_notify('bare_presses', %s)
"""


async def run(database_url: str, mqtt_url: str, sms_url: str) -> None:
    """Store presses and send for each, until killed."""
    where = urlsplit(mqtt_url)
    login: dict[str, Any] = {"username": where.username, "password": where.password}
    async with (
        await AsyncConnection.connect(database_url, autocommit=True) as storing,
        await AsyncConnection.connect(database_url, autocommit=True) as hearing,
        aiomqtt.Client(where.hostname or "", where.port or 1883, identifier="bench-bare-press", **login) as client,
        aiohttp.ClientSession() as session,
    ):
        await hearing.execute(f"listen {CHANNEL}")
        await client.subscribe(TOPIC, qos=1)
        print("ready", flush=True)
        async with asyncio.TaskGroup() as both:
            both.create_task(_store(client, storing))
            both.create_task(_send(hearing, session, sms_url))


async def _store(client: aiomqtt.Client, connection: AsyncConnection) -> None:
    async for message in client.messages:
        number = bytes(message.payload).decode()
        await connection.execute(_INSERT, (int(number), number))


async def _send(connection: AsyncConnection, session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.TaskGroup() as sending:
        async for notification in connection.notifies():
            sending.create_task(_post(session, url, notification.payload))


async def _post(session: aiohttp.ClientSession, url: str, number: str) -> None:
    async with session.post(url, data={"To": "+447700900000", "Body": number}) as answer:
        await answer.read()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:4]))
