"""MQTT 3.1.1 as the gateway speaks it, purely: bytes in, packets out, and what it sends as bytes.

Promises: the same stream gives the same packets however it is cut; what a broker must not send is a `ProtocolError`
in plain words; and no message holds more than `gateway.message` lets it, whatever length it announces: of one too
large to be read, all but its first bytes is counted and let go as it comes.

Only what the gateway needs, and why not paho: docs/adr/0005. QoS 2 and MQTT 5 are not spoken.
"""

from collections.abc import Sequence
from struct import pack

import msgspec

from gateway.dialects.limits import LARGEST
from gateway.message import KEPT, Message
from schema.instants import Instant

_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _PINGRESP = 2, 3, 4, 9, 13
_LENGTHS = {_CONNACK: range(2, 3), _PUBACK: range(2, 3), _SUBACK: range(3, 1024), _PINGRESP: range(1)}
_LARGEST_HEAD = 2 + 65_535 + 2  # a topic and a packet id
_LARGEST_PACKET = LARGEST + _LARGEST_HEAD  # above it, the payload is oversized whatever the topic

PING, DISCONNECT = b"\xc0\x00", b"\xe0\x00"


class ProtocolError(Exception):
    """The broker sent what MQTT 3.1.1 does not allow it to send us; the connection can only be ended."""


class ConnAck(msgspec.Struct, frozen=True):
    """The broker's answer to our CONNECT: `code` 0 welcomes us."""

    session_present: bool
    code: int


class SubAck(msgspec.Struct, frozen=True):
    """Its answer to our SUBSCRIBE: which of the topics, counted from 0, it refuses."""

    refused: tuple[int, ...]


Packet = Message | ConnAck | SubAck  # the others say no more than that the broker lives


class Parser:
    """Takes the broker's stream apart. One for each connection; of no more use after a ProtocolError."""

    def __init__(self) -> None:
        self._begun = b""  # a packet of which the end has not come
        self._oversized: Message | None = None
        self._to_pass = 0  # bytes of it still to come

    def feed(self, data: bytes, at: Instant) -> list[Packet]:
        """Return the packets that end within `data`; ProtocolError.

        They count as received from `at` on, a microsecond apart: a reading may have nothing else to be told apart by.
        """
        packets: list[Packet] = []
        if self._oversized is not None:
            data = self._pass(data, packets)
        stream = self._begun + data if self._begun else data
        place, end = 0, len(stream)
        while place + 1 < end:
            first, length, start = stream[place], stream[place + 1], place + 2
            if length > 127:
                if start < end and (high := stream[start]) < 128:  # as nearly all: two bytes say it
                    length, start = length & 0x7F | high << 7, start + 1
                elif (measured := _length(stream, place + 1)) is None:
                    break
                else:
                    length, start = measured
            stop = start + length
            if stop > end:
                _check(first, length)
                if length > _LARGEST_PACKET and end - start >= _LARGEST_HEAD + KEPT:
                    self._oversized, self._to_pass = _message(stream, first, start, stop, at), stop - end
                    place = end
                break
            if first >> 4 == _PUBLISH:
                packets.append(_message(stream, first, start, stop, at + len(packets)))
            elif (answer := _answer(first, stream[start:stop])) is not None:
                packets.append(answer)
            place = stop
        self._begun = stream[place:]
        return packets

    def _pass(self, data: bytes, packets: list[Packet]) -> bytes:
        """Let go of the rest of an oversized message; return what comes behind it."""
        passed = min(self._to_pass, len(data))
        self._to_pass -= passed
        if self._to_pass == 0 and self._oversized is not None:
            packets.append(self._oversized)
            self._oversized = None
        return data[passed:]


def _length(stream: bytes, place: int) -> tuple[int, int] | None:
    """Read a length of several bytes: it, and where it ends; None where its end has not come."""
    length = 0
    for nth, byte in enumerate(stream[place : place + 4]):
        length |= (byte & 0x7F) << 7 * nth
        if byte < 128:
            return length, place + nth + 1
    if len(stream) >= place + 4:
        raise ProtocolError("a packet's length has more than four bytes")
    return None


def _check(first: int, length: int) -> None:
    """Refuse by its first bytes what must not come, so that nothing is held for it."""
    if first >> 4 != _PUBLISH and (first & 0x0F or length not in _LENGTHS.get(first >> 4, ())):
        raise ProtocolError(
            f"a packet that begins with {first:#04x} and has {length} bytes, which no broker sends to us"
        )


def _message(stream: bytes, first: int, start: int, stop: int, at: Instant) -> Message:
    """Read a PUBLISH; of one too large to be read, or that ends beyond `stream`, what is kept of it."""
    topic_ends = start + 2 + (stream[start] << 8 | stream[start + 1]) if stop - start >= 2 else stop + 1
    qos, packet, begins = first & 6, 0, topic_ends
    if qos:
        begins = topic_ends + 2
    if begins > stop:
        raise ProtocolError("a message ends within its topic or packet id")
    if qos:
        packet = stream[topic_ends] << 8 | stream[topic_ends + 1]
        if qos != 2 or not packet:
            fault = "a message above QoS 1, which we never ask for" if packet else "a message with packet id 0"
            raise ProtocolError(fault)
    size = stop - begins
    held = begins + KEPT if size >= LARGEST or stop > len(stream) else stop
    topic = stream[start + 2 : topic_ends].decode("utf-8", "replace")
    return Message(topic, stream[begins:held], size, at, packet, first & 8 != 0, first & 1 != 0)


def _answer(first: int, body: bytes) -> ConnAck | SubAck | None:
    """Read a packet that is no message; None where it only shows that the broker lives."""
    _check(first, len(body))
    if first >> 4 == _CONNACK:
        return ConnAck(session_present=body[0] & 1 != 0, code=body[1])
    if first >> 4 == _SUBACK:
        return SubAck(tuple(nth for nth, code in enumerate(body[2:]) if code & 0x80))
    return None


def connect(client_id: str, user: str | None, password: str | None, keepalive: int) -> bytes:
    """Ask for a session that outlives connections (`clean_session` false); keepalive in seconds."""
    flags = (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    texts = [_text(text) for text in (client_id, user, password) if text is not None]
    return _packet(0x10, _text("MQTT"), pack("!BBH", 4, flags, keepalive), *texts)


def subscribe(packet: int, topics: Sequence[str]) -> bytes:
    """Subscribe at QoS 1."""
    return _packet(0x82, pack("!H", packet), *(_text(topic) + b"\x01" for topic in topics))


def publish(topic: str, payload: bytes, packet: int) -> bytes:
    """Publish at QoS 1."""
    return _packet(0x32, _text(topic), pack("!H", packet), payload)


def acknowledge(packets: Sequence[int]) -> bytes:
    """Acknowledge messages, all in one piece."""
    return pack(f"!{len(packets)}I", *[0x40020000 | packet for packet in packets])


def _packet(first: int, *parts: bytes) -> bytes:
    body, head = b"".join(parts), bytearray([first])
    left = len(body)
    while left > 127:
        head.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*head, left]) + body


def _text(text: str) -> bytes:
    return pack("!H", len(text.encode())) + text.encode()
