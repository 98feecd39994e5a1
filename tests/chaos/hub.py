"""A hub: one MQTT connection at QoS 1 that keeps what it has to say until the broker has acknowledged it.

What was not acknowledged when a connection ended is said again on the next, the same to the byte (same seq, same
`at`), marked DUP, before anything newer: as a hub with a store of its own does. It never gives up.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.chaos.ledger import Said

WINDOW = 500
_AGAIN_SECONDS = 0.3
_MUTE_SECONDS = 10.0
_PUBACK, _PINGRESP = 0x40, 0xD0


class Message(NamedTuple):
    """Something to be said, and what is noted once it is acknowledged."""

    topic: bytes
    payload: bytes
    mark: int | Said | None


class Hub:
    """Says what it is given, in order, for as long as it runs; `note` is called once per acknowledgement."""

    def __init__(self, url: str, name: str, note: Callable[[int | Said | None], None]) -> None:
        self._where = urlsplit(url)
        self._name = name
        self._note = note
        self._waiting = deque[Message]()
        self._flying: dict[int, Message] = {}
        self._packet = 0
        self._wake = asyncio.Event()
        self.connections = 0
        self.repeated = 0  # messages said again

    @property
    def owing(self) -> int:
        """How many messages the broker has not acknowledged yet."""
        return len(self._waiting) + len(self._flying)

    def say(self, message: Message) -> None:
        """Say it as soon as that is possible."""
        self._waiting.append(message)
        self._wake.set()

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        while True:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, EOFError):
                await self._connected()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _connected(self) -> None:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(self._where.hostname, self._where.port)
        try:
            writer.write(connect_packet(self._name, self._where.username or "", self._where.password or ""))
            async with asyncio.timeout(5):
                answer = await reader.readexactly(4)
            if answer[3]:
                raise ConnectionRefusedError(f"the broker refuses a hub: {answer[3]}")
            self.connections += 1
            self._repeat(writer)
            speaking = asyncio.create_task(self._speak(writer))
            try:
                await self._listen(reader)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
        finally:
            writer.transport.abort()

    def _repeat(self, writer: asyncio.StreamWriter) -> None:
        left, self._flying = list(self._flying.values()), {}
        self.repeated += len(left)
        for message in left:
            self._fly(writer, message, repeated=True)

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        while True:
            while self._waiting and len(self._flying) < WINDOW:
                self._fly(writer, self._waiting.popleft())
            await writer.drain()
            self._wake.clear()
            await self._wake.wait()

    def _fly(self, writer: asyncio.StreamWriter, message: Message, *, repeated: bool = False) -> None:
        self._packet = self._packet % 65_535 + 1
        self._flying[self._packet] = message
        writer.write(publish_packet(message.topic, message.payload, self._packet, repeated=repeated))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Take acknowledgements until the connection ends; a broker mute for long, with something owed, ends it."""
        left = b""
        while True:
            async with asyncio.timeout(_MUTE_SECONDS if self._flying else None):
                data = await reader.read(65_536)
            if not data:
                raise EOFError
            left = self._take(left + data)
            self._wake.set()

    def _take(self, data: bytes) -> bytes:
        at = 0
        while len(data) - at >= 2 + data[at + 1]:
            if data[at] == _PUBACK:
                message = self._flying.pop(int.from_bytes(data[at + 2 : at + 4]), None)
                if message is not None:
                    self._note(message.mark)
            else:
                assert data[at] == _PINGRESP, f"a hub is sent only acknowledgements, not {data[at]:#x}"
            at += 2 + data[at + 1]
            if len(data) - at < 2:
                break
        return data[at:]


def connect_packet(name: str, user: str, password: str) -> bytes:
    """Return CONNECT of MQTT 3.1.1: a clean session, as a hub keeps for itself what it has to say."""
    body = _text("MQTT") + b"\x04\xc2" + struct.pack("!H", 0) + _text(name) + _text(user) + _text(password)
    return b"\x10" + _length(len(body)) + body


def publish_packet(topic: bytes, payload: bytes, packet: int, *, repeated: bool = False) -> bytes:
    """Return PUBLISH at QoS 1."""
    head = 0x3A if repeated else 0x32
    return b"%c%b%b%b%b%b" % (
        head,
        _length(len(topic) + len(payload) + 4),
        len(topic).to_bytes(2),
        topic,
        packet.to_bytes(2),
        payload,
    )


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2) + encoded


def _length(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | (0x80 if number else 0))
        if not number:
            return bytes(encoded)
