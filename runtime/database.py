"""Connections to PostgreSQL: a pool, and a listener whose notifications are hints, never guarantees."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

GONE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the database is away or going: worth trying again, never the data's fault."""


@asynccontextmanager
async def pool(url: str, *, name: str, size: int = 4) -> AsyncIterator[AsyncConnectionPool]:
    """Open a pool of connections in autocommit (use `connection.transaction()`), its `name` shown by the server."""
    connections = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        kwargs={"autocommit": True, "application_name": name},
        check=AsyncConnectionPool.check_connection,
    )
    try:
        await connections.open(wait=True, timeout=30)
        yield connections
    finally:
        await connections.close()


class Listener:
    """Hears NOTIFY on channels and turns it into an asyncio.Event per channel; reconnects for as long as it runs.

    A notification lost while it reconnects is made good by the waiter's own time limit: `wait` returns at
    the latest after `seconds`, notified or not.
    """

    def __init__(self, url: str, channels: Iterable[str]) -> None:
        self._url = url
        self._heard = {channel: asyncio.Event() for channel in channels}

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(*GONE):
                await self._listen()
            self._wake_all()  # whatever was missed meanwhile is looked for now
            await asyncio.sleep(0.2)

    async def wait(self, channel: str, seconds: float) -> None:
        """Return when the channel was notified since the last wait, or after `seconds`."""
        heard = self._heard[channel]
        # Not asyncio.wait_for: before Python 3.12 it swallows a cancellation that comes together with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await heard.wait()
        heard.clear()

    async def _listen(self) -> None:
        async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
            for channel in self._heard:
                await connection.execute(f"listen {channel}")
            self._wake_all()
            async for notification in connection.notifies():
                self._heard[notification.channel].set()

    def _wake_all(self) -> None:
        for heard in self._heard.values():
            heard.set()
