"""A link between two parts of the service that can be made to misbehave: a TCP proxy of our own.

    passes      bytes go through (the usual state)
    stall()     bytes neither pass nor does anything close; new connections are taken and hang; `heal()` lets all go on
    cut()       every connection is broken at once, both ends told by a reset
    refuse()    every connection is broken and new ones are closed at once, until `heal()`
    drop()      the connections of this moment swallow whatever is said to them, for ever: neither end is told
                anything, not even that the other has gone; new connections pass. `heal()` resets what was dropped.

One `Link` stands for one path (gateway to database, say), so that one may be broken while the others hold.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536
Target = tuple[str, int] | str
"""Host and port, or the path of a unix socket."""


class _Pair:
    """One connection carried over the link: the near end, and the far one once it is there."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.near = near
        self.far: asyncio.StreamWriter | None = None
        self.dropped = False

    def reset(self) -> None:
        for writer in (self.near, self.far):
            if writer is not None:
                writer.transport.abort()


class Link:
    """One path from a service to the broker or the database."""

    def __init__(self, name: str, target: Target) -> None:
        self.name = name
        self.port = 0
        self.heard: Callable[[object, bytes], None] | None = None  # given (connection, what came from the far end)
        self._target = target
        self._pairs = set[_Pair]()
        self._carrying = set[asyncio.Task[None]]()
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False

    @property
    def connections(self) -> int:
        """How many connections there are now."""
        return len(self._pairs)

    def stall(self) -> None:
        """Let nothing pass, and close nothing."""
        self._passing.clear()

    def cut(self) -> None:
        """Break every connection."""
        for pair in list(self._pairs):
            pair.reset()

    def refuse(self) -> None:
        """Break every connection, and every new one at once."""
        self._refusing = True
        self.cut()

    def drop(self) -> None:
        """Swallow whatever the connections of this moment carry, and tell neither end."""
        for pair in self._pairs:
            pair.dropped = True

    def heal(self) -> None:
        """Pass again; what was dropped is reset, as by a router that has come back and knows nothing of it."""
        self._refusing = False
        self._passing.set()
        for pair in list(self._pairs):
            if pair.dropped:
                pair.reset()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end closes it."""
        pair = _Pair(writer)
        ours = asyncio.current_task()
        assert ours is not None
        self._carrying.add(ours)
        ours.add_done_callback(self._carrying.discard)
        self._pairs.add(pair)
        try:
            await self._passing.wait()
            if self._refusing:
                return
            far_reader, pair.far = await self._reach()
            await asyncio.gather(self._pump(reader, pair.far, pair), self._pump(far_reader, writer, pair))
        except (OSError, RuntimeError, asyncio.CancelledError):
            pass
        finally:
            self._pairs.discard(pair)
            pair.reset()

    async def close(self) -> None:
        """Break every connection for good, and leave no task behind."""
        self.cut()
        carrying = list(self._carrying)
        for each in carrying:
            each.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, str):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: _Pair) -> None:
        """Carry one direction; its end is passed on, save by a connection that was dropped."""
        while data := await reader.read(CHUNK):
            await self._passing.wait()
            if self.heard is not None and writer is pair.near:
                self.heard(pair, data)
            if not pair.dropped:
                writer.write(data)
                await writer.drain()
        await self._passing.wait()
        if pair.dropped:
            await asyncio.Event().wait()  # the other end hears nothing of it
        with suppress(OSError, RuntimeError):  # RuntimeError: uvloop's word for a closed connection
            writer.write_eof()


@asynccontextmanager
async def link(name: str, target: Target) -> AsyncIterator[Link]:
    """Lay a link to the target on a free port of loopback."""
    laid = Link(name, target)
    server = await asyncio.start_server(laid.carry, "127.0.0.1", 0)
    laid.port = server.sockets[0].getsockname()[1]
    try:
        yield laid
    finally:
        server.close()
        await laid.close()
