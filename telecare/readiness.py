"""Ready means: a reading sent now would be stored, stepped and shown. Asked of what the rooms have done, not of them.

The gateway is live when it has appended a tick since we started to look; the monitor when its cursor has
passed that tick; the console when it answers.
"""

import asyncio
import urllib.error
import urllib.request

from psycopg import AsyncConnection

from runtime.clock import Clock
from schema.entries import Tick, pack
from schema.instants import moment

_BLIND = pack([Tick(blind=True)])  # the monitor's own, while no gateway lives

_STEPPED = """
    select exists (
        select from log where kind = 'tick' and entries <> %s and committed_at > %s
        and position <= (select min(position) from monitor_cursors))
"""


async def ready(database_url: str, http: str, clock: Clock) -> None:
    """Return once the whole way from broker to desk is open."""
    since = moment(clock.now())
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        while not await _stepped(connection, since):  # noqa: ASYNC110 - other processes set no asyncio.Event
            await asyncio.sleep(0.1)
    while not await asyncio.to_thread(_answers, f"{http}/health"):  # noqa: ASYNC110 - likewise
        await asyncio.sleep(0.1)


async def _stepped(connection: AsyncConnection, since: object) -> bool:
    row = await (await connection.execute(_STEPPED, (_BLIND, since))).fetchone()
    return bool(row and row[0])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own console, on loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
