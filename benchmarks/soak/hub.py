"""All hubs in one: a bare MQTT 3.1.1 publisher that keeps a pace and knows what the broker has acknowledged.

A reading counts as published once, is never sent twice, and is acknowledged by the packet id it went out under.
"""

import asyncio
import struct
from itertools import cycle
from urllib.parse import urlsplit

MOST_UNACKNOWLEDGED = 30_000
_PUBACK = b"\x40\x02"


class BrokerLostError(Exception):
    """The connection to the broker ended, which the soak does not ask for."""


class Hub:
    """One connection; `connect`, then `publish` while `listen` runs."""

    def __init__(self, url: str, name: str) -> None:
        self._where = urlsplit(url)
        self._name = name
        self._ids = cycle(range(1, 65_001))
        self._waiting = set[int]()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.published = 0

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has said that it has."""
        return self.published - len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether the broker owes so many acknowledgements that no more should be published."""
        return len(self._waiting) >= MOST_UNACKNOWLEDGED

    async def connect(self) -> None:
        """Connect with a clean session and no keep-alive: there is always something to say."""
        where = self._where
        self._reader, self._writer = await asyncio.open_connection(where.hostname, where.port or 1883)
        body = _text("MQTT") + b"\x04\xc2\x00\x00" + _text(self._name)
        body += _text(where.username or "") + _text(where.password or "")
        self._writer.write(b"\x10" + _length(len(body)) + body)
        if await self._reader.readexactly(4) != b"\x20\x02\x00\x00":
            raise BrokerLostError("the broker refuses the hubs' user")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1, without waiting."""
        assert self._writer is not None, "connect first"
        packet = next(self._ids)
        assert packet not in self._waiting, "look at `full` before publishing"
        self._waiting.add(packet)
        body = _text(topic) + struct.pack("!H", packet) + payload
        self._writer.write(b"\x32" + _length(len(body)) + body)
        self.published += 1

    async def listen(self) -> None:
        """Take acknowledgements in until cancelled; BrokerLostError where the connection ends."""
        assert self._reader is not None, "connect first"
        left = b""
        while data := await self._reader.read(65_536):
            data = left + data
            whole = len(data) - len(data) % 4
            for at in range(0, whole, 4):
                assert data[at : at + 2] == _PUBACK, "only acknowledgements are to come"
                self._waiting.remove(int.from_bytes(data[at + 2 : at + 4], "big"))
            left = data[whole:]
        raise BrokerLostError("the broker closed the hubs' connection")

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _length(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | (0x80 if number else 0))
        if not number:
            return bytes(encoded)
