"""A hub's connection to the broker, bare: publishes at QoS 1 and counts what the broker has acknowledged.

    python -m benchmarks.hub MQTT_URL READINGS_A_SECOND HOMES

Run so, it is the background of other figures: readings of many homes at a steady pace until it is asked to stop;
then it prints how many it published, once the broker has acknowledged them all.
"""

import asyncio
import json
import signal
import struct
import sys
from itertools import count
from urllib.parse import unquote, urlsplit

from benchmarks.lives import said
from runtime.clock import SystemClock
from schema.instants import iso

TURN_SECONDS = 0.01
_LAST_WORDS_SECONDS = 10


class Hub:
    """One connection; packets are written as they come, and acknowledgements read by a task of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._reading = asyncio.create_task(self._read(), name="acknowledgements")
        self.published = 0
        self.acknowledged = 0

    @classmethod
    async def connect(cls, url: str, name: str) -> "Hub":
        """Connect under this client id, with a session that ends with the connection."""
        where = urlsplit(url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        body = _text("MQTT") + b"\x04\xc2\x00\x3c" + _text(name)
        body += _text(unquote(where.username or "")) + _text(unquote(where.password or ""))
        writer.write(b"\x10" + _length(len(body)) + body)
        answer = await reader.readexactly(4)
        if answer[3] != 0:
            raise ConnectionRefusedError(f"the broker refuses {name}: return code {answer[3]}")
        return cls(reader, writer)

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand one message at QoS 1 to the connection."""
        self.published += 1
        self._writer.write(packet(topic, payload, self.published))

    async def drain(self) -> None:
        """Wait until the connection takes more; raises once the broker has gone: nobody hears us any longer."""
        if self._reading.done():
            self._reading.result()
        await self._writer.drain()

    async def close(self) -> None:
        """Wait for the acknowledgements that are missing, for some seconds, and disconnect."""
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                while self.acknowledged < self.published:  # noqa: ASYNC110 - counted by a task that sets no event
                    await asyncio.sleep(TURN_SECONDS)
        finally:
            self._reading.cancel()
            self._writer.close()

    async def _read(self) -> None:
        while True:
            await self._reader.readexactly(4)  # nothing but PUBACK comes: nothing is subscribed
            self.acknowledged += 1


def packet(topic: str, payload: bytes, number: int) -> bytes:
    """Return a PUBLISH at QoS 1; packet ids go round, well clear of what can be under way."""
    body = _text(topic) + struct.pack("!H", number % 60_000 + 1) + payload
    return b"\x32" + _length(len(body)) + body


def reading(seq: int, kind: str, value: str) -> bytes:
    """Return a reading of now, of about the size that homes send."""
    at = iso(SystemClock().now())
    item = {"seq": seq, "boot": 4, "at": at, "kind": kind, "value": value, "battery": 0.83, "signal": -67}
    return json.dumps(item).encode()


async def steadily(url: str, rate: int, homes: int) -> int:
    """Publish `rate` readings a second until SIGTERM; return how many, all of them acknowledged."""
    hub = await Hub.connect(url, "bench-background")
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asked.set)
    print("ready", flush=True)
    began, numbers = loop.time(), count()
    while not asked.is_set():
        while hub.published < (loop.time() - began) * rate:
            number = next(numbers)
            home, device, kind, value = said(number, homes)
            hub.publish(f"homes/{home}/{device}", reading(number, kind, value))
        await hub.drain()
        await asyncio.sleep(TURN_SECONDS)
    await hub.close()
    return hub.published


def _length(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | (0x80 if number else 0))
        if not number:
            return bytes(encoded)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


if __name__ == "__main__":
    print(asyncio.run(steadily(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
