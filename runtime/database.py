"""Connections to PostgreSQL: a pool, and a listener whose notifications are hints, never guarantees.

Both are there again within half a second of their database, however long it was away, and take one that says
nothing for gone.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

GONE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the database is away or going: worth trying again, never the data's fault."""


def in_words(error: Exception) -> str:
    """Say in one line why the database does not answer, for whoever has to do something about it."""
    if isinstance(error, psycopg.errors.DiskFull):
        return "its disk is full; it goes on by itself once there is room"
    return "".join(str(error).splitlines()[:1]) or type(error).__name__


AGAIN_SECONDS = 0.3
ANSWERS_WITHIN = 30.0
"""Seconds after which a server that has not answered counts as gone: longer than any statement of ours takes."""
_SILENT_SECONDS = 10.0  # with nothing heard, a listener asks whether the server is still there
_SESSION = {
    # What a connection that broke leaves behind must not hold a lock that others need, the log's above all.
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
}
"""How to connect, so that neither end waits for ever for one that vanished without a word."""


class Connection(AsyncConnection):
    """A connection that takes a server which accepts everything and answers nothing for gone.

    TCP does not tell: something at the other end may well be alive. What was under way fails as with any lost
    connection (`GONE`), and whether it took effect is not known.
    """

    async def wait(self, *arguments: Any, **named: Any) -> Any:
        """Wait for the server, no longer than `ANSWERS_WITHIN`, unless a limit of its own is given."""
        if named.get("timeout") is not None:
            return await super().wait(*arguments, **named)
        patience = asyncio.get_running_loop().call_later(ANSWERS_WITHIN, _hang_up, self)
        try:
            return await super().wait(*arguments, **named)
        finally:
            patience.cancel()

    def fell_silent(self) -> None:
        """Learn that the server has not answered; for a pool, which then trusts none of its connections."""


def _hang_up(connection: Connection) -> None:
    """End the conversation under a wait, which then fails by itself: cancelling would wait for an answer in turn."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
    connection.fell_silent()


@asynccontextmanager
async def pool(url: str, *, name: str, size: int = 4) -> AsyncIterator[AsyncConnectionPool]:
    """Open a pool of connections in autocommit (use `connection.transaction()`), its `name` shown by the server."""
    given_up, draining = asyncio.Event(), set[asyncio.Task[None]]()

    def distrust_all() -> None:
        """Let go of the idle ones too: each would be waited for as long as the first."""
        task = asyncio.create_task(connections.drain())
        draining.add(task)
        task.add_done_callback(draining.discard)

    connections = AsyncConnectionPool(
        url,
        connection_class=_persistent(given_up, distrust_all),
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


def _persistent(given_up: asyncio.Event, fell_silent: Callable[[], None]) -> type[AsyncConnection]:
    """Return a connection that is tried until its database is there, at one pace, or until the pool is given up.

    The pool's own tries come ever more rarely: minutes apart after minutes without a database.
    """

    class Persistent(Connection):
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

        def fell_silent(self) -> None:
            fell_silent()

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
        async with await Connection.connect(self._url, autocommit=True, **PATIENCE) as connection:
            for channel in self._heard:
                await connection.execute(f"listen {channel}")
            self._wake_all()
            while True:
                async for notification in connection.notifies(timeout=_SILENT_SECONDS):
                    self._heard[notification.channel].set()
                await connection.execute("select 1")

    def _wake_all(self) -> None:
        for heard in self._heard.values():
            heard.set()
