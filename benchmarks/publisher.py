"""A hub that publishes as fast as the broker takes it: QoS 1, pipelined, in a process of its own.

    python -m benchmarks.publisher MQTT_URL READINGS HOMES

Prints when it began (the machine's monotonic clock) once everything is acknowledged by the broker.
"""

import asyncio
import json
import struct
import sys
from time import monotonic
from urllib.parse import urlsplit

from runtime.clock import SystemClock
from schema.instants import MILLISECOND, iso

WINDOW = 2000
_KINDS = (("motion-1", "motion", "detected"), ("bed-1", "bed", "out"), ("door-1", "door", "open"))


def payload(number: int, at: str, kind: str, value: str) -> bytes:
    """Return a reading of about the size that homes send."""
    said = {"seq": number, "boot": 4, "at": at, "kind": kind, "value": value, "battery": 0.83, "signal": -67}
    return json.dumps(said).encode()


def device(number: int, homes: int) -> tuple[str, str]:
    """Return the home and the device that say the reading of this number."""
    return f"bench-{number % homes}", _KINDS[number % len(_KINDS)][0]


def messages(readings: int, homes: int) -> list[bytes]:
    """Return the packets, made before the clock runs; packet ids go round within the window."""
    now = SystemClock().now()
    packets = []
    for number in range(readings):
        _, kind, value = _KINDS[number % len(_KINDS)]
        topic = "/".join(("homes", *device(number, homes))).encode()
        body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", number % 60_000 + 1)
        body += payload(number, iso(now + number * MILLISECOND // 20), kind, value)
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


async def publish(url: str, readings: int, homes: int) -> float:
    """Publish, and return when the first packet left."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    body = _text("MQTT") + b"\x04\xc2\x00\x3c" + _text("bench-publisher")
    body += _text(where.username or "") + _text(where.password or "")
    writer.write(b"\x10" + _length(len(body)) + body)
    await reader.readexactly(4)
    packets = messages(readings, homes)
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
    print(asyncio.run(publish(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
