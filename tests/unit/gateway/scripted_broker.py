"""A broker that says what the test wants, and no more: for what a real one does once in a year."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

from gateway.marks import Marks
from gateway.message import Message
from gateway.session import Session
from runtime.clock import SystemClock

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


def publish(number: int, payload: bytes, *, again: bool = False) -> bytes:
    """Return a message at QoS 1, short enough for one byte of length."""
    body = b"\x00\x08homes/h1" + number.to_bytes(2, "big") + payload
    return bytes([0x3A if again else 0x32, len(body)]) + body


class ScriptedBroker:
    """Takes connections one after another and runs the script on each; counts what it is sent, by packet type."""

    def __init__(self, script: Callable[["Line"], Awaitable[None]]) -> None:
        self._script = script
        self.connections = 0
        self.sent: Counter[int] = Counter()
        self.acknowledged: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        listening = asyncio.create_task(self._listen(reader))
        try:
            await self._script(Line(self, writer))
            await listening
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            listening.cancel()
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            first, length = await reader.readexactly(2)  # whatever the gateway sends here is short
            body = await reader.readexactly(length)
            self.sent[first >> 4] += 1
            if first >> 4 == 4:
                self.acknowledged.append(int.from_bytes(body, "big"))


class Line:
    """One connection, as the script sees it."""

    def __init__(self, broker: ScriptedBroker, writer: asyncio.StreamWriter) -> None:
        self.broker = broker
        self.writer = writer

    async def say(self, packets: bytes) -> None:
        """Send them, as fast as they are taken."""
        self.writer.write(packets)
        await self.writer.drain()


@asynccontextmanager
async def broker(
    script: Callable[[Line], Awaitable[None]], tls: SSLContext | None = None
) -> AsyncIterator[tuple[ScriptedBroker, int]]:
    """Run a scripted broker; give it and its port."""
    scripted = ScriptedBroker(script)
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield scripted, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def session(port: int, scheme: str = "mqtt") -> AsyncIterator[tuple[Session, list[Message]]]:
    """Run a session whose messages are only gathered; give it and them."""
    came = list[Message]()
    running = Session(
        f"{scheme}://user:word@localhost:{port}",
        "ordinary",
        client_id="telecare-test-ordinary",
        topics=("homes/#",),
        marks=Marks("homes/_mark/test"),
        clock=SystemClock(),
    )
    running.receive = came.append
    running.release()
    task = asyncio.create_task(running.run())
    try:
        yield running, came
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
