"""A hub that publishes as fast as the broker takes it: QoS 1, pipelined, in a process of its own.

    python -m benchmarks.publisher MQTT_URL READINGS HOMES [FIRST [LANE]]

FIRST is the number of the first reading, LANE what topics begin with ('homes').
Prints when it began (the machine's monotonic clock) once everything is acknowledged by the broker.
"""

import asyncio
import json
import struct
import sys
from time import monotonic
from urllib.parse import urlsplit

from benchmarks.lives import said
from runtime.clock import SystemClock
from schema.instants import MILLISECOND, iso

WINDOW = 2000


def payload(number: int, at: str, kind: str, value: str) -> bytes:
    """Return a reading of about the size that homes send."""
    item = {"seq": number, "boot": 4, "at": at, "kind": kind, "value": value, "battery": 0.83, "signal": -67}
    return json.dumps(item).encode()


def messages(readings: int, homes: int, first: int = 0, lane: str = "homes") -> list[bytes]:
    """Return the packets, made before the clock runs; packet ids go round within the window."""
    now = SystemClock().now()
    packets = []
    for number in range(first, first + readings):
        home, device, kind, value = said(number, homes)
        topic = f"{lane}/{home}/{device}".encode()
        body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", number % 60_000 + 1)
        body += payload(number, iso(now + (number - first) * MILLISECOND // 20), kind, value)
        packets.append(b"\x32" + _length(len(body)) + body)
    return packets


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


async def publish(url: str, readings: int, homes: int, first: int = 0, lane: str = "homes") -> float:
    """Publish, and return when the first packet left."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    body = _text("MQTT") + b"\x04\xc2\x00\x3c" + _text("bench-publisher")
    body += _text(where.username or "") + _text(where.password or "")
    writer.write(b"\x10" + _length(len(body)) + body)
    await reader.readexactly(4)
    packets = messages(readings, homes, first, lane)
    began = monotonic()
    acknowledged = sent = 0
    while acknowledged < readings:
        until = min(readings, acknowledged + WINDOW)
        if until > sent:
            writer.write(b"".join(packets[sent:until]))
            await writer.drain()
            sent = until
        acknowledged += len(await reader.readexactly(4)) // 4
        extra = len(reader._buffer) // 4  # type: ignore[attr-defined]  # noqa: SLF001 - acknowledgements already here
        if extra:
            await reader.readexactly(extra * 4)
            acknowledged += extra
    writer.close()
    return began


if __name__ == "__main__":
    url, readings, homes, *rest = sys.argv[1:]
    first, lane = int(rest[0]) if rest else 0, rest[1] if len(rest) > 1 else "homes"
    print(asyncio.run(publish(url, int(readings), int(homes), first, lane)))
