"""Connections to PostgreSQL: a pool, and a listener whose notifications are hints, never guarantees.

Both are there again within half a second of their database, however long it was away, and take one that says
nothing for gone.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

GONE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the database is away or going: worth trying again, never the data's fault."""


AGAIN_SECONDS = 0.3
PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Of a connection whose other end vanished without a word."""


@asynccontextmanager
async def pool(url: str, *, name: str, size: int = 4) -> AsyncIterator[AsyncConnectionPool]:
    """Open a pool of connections in autocommit (use `connection.transaction()`), its `name` shown by the server."""
    given_up = asyncio.Event()
    connections = AsyncConnectionPool(
        url,
        connection_class=_persistent(given_up),
        min_size=1,
        max_size=size,
        open=False,
        kwargs={"autocommit": True, "application_name": name, **PATIENCE},
        check=AsyncConnectionPool.check_connection,
    )
    try:
        await connections.open(wait=True, timeout=30)
        yield connections
    finally:
        given_up.set()
        await connections.close()


def _persistent(given_up: asyncio.Event) -> type[AsyncConnection]:
    """Return a connection that is tried until its database is there, at one pace, or until the pool is given up.

    The pool's own tries come ever more rarely: minutes apart after minutes without a database.
    """

    class Persistent(AsyncConnection):
        @classmethod
        async def connect(cls, *arguments: Any, **named: Any) -> Self:
            while True:
                try:
                    return await super().connect(*arguments, **named)
                except GONE:
                    if given_up.is_set():
                        raise
                    with suppress(TimeoutError):
                        async with asyncio.timeout(AGAIN_SECONDS):
                            await given_up.wait()

    return Persistent


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
        async with await AsyncConnection.connect(self._url, autocommit=True, **PATIENCE) as connection:
            for channel in self._heard:
                await connection.execute(f"listen {channel}")
            self._wake_all()
            async for notification in connection.notifies():
                self._heard[notification.channel].set()

    def _wake_all(self) -> None:
        for heard in self._heard.values():
            heard.set()
