"""A wire between the gateway and the broker that can be listened to and cut: what is acknowledged, and when."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.conftest import BrokerAddress

PUBACK = 4
DISCONNECT = 14
CONNECT = 1


class Wire:
    """Counts MQTT packets that a client sends, by type, and cuts all connections on demand."""

    def __init__(self, broker: BrokerAddress) -> None:
        self._broker = broker
        self._writers: set[asyncio.StreamWriter] = set()
        self.sent: Counter[int] = Counter()
        self.port = 0

    @property
    def address(self) -> BrokerAddress:
        """The broker as reached over this wire."""
        broker = self._broker
        url = f"mqtt://{broker.user}:{broker.password}@127.0.0.1:{self.port}"
        return broker._replace(host="127.0.0.1", port=self.port, url=url)

    def cut(self) -> None:
        """Break every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection in both directions."""
        there, back = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._writers |= {writer, back}
        try:
            directions = asyncio.gather(self._upstream(reader, back), _downstream(there, writer))
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await directions
        finally:
            for each in (writer, back):
                each.close()
                self._writers.discard(each)

    async def _upstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            first = await reader.readexactly(1)
            length, shift, head = 0, 0, first
            while True:
                byte = await reader.readexactly(1)
                head += byte
                length |= (byte[0] & 0x7F) << shift
                shift += 7
                if not byte[0] & 0x80:
                    break
            writer.write(head + await reader.readexactly(length))
            self.sent[first[0] >> 4] += 1


async def _downstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError


@asynccontextmanager
async def wire(broker: BrokerAddress) -> AsyncIterator[Wire]:
    """Lay a wire to the broker."""
    laid = Wire(broker)
    server = await asyncio.start_server(laid.carry, "127.0.0.1", 0)
    laid.port = server.sockets[0].getsockname()[1]
    try:
        yield laid
    finally:
        server.close()
        laid.cut()
