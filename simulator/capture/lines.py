"""A line of a capture, `{"at", "topic", "payload"}`: the one shape that `capture` writes and `replay` reads.

Everything is read and judged before anything is played: a bad line is named by file and line, and nothing
has happened yet. A payload keeps its bytes: text is sent as it stands, JSON as it was written.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from schema.instants import Instant, iso, parse_instant

EXAMPLE = '{"at": "2026-11-22T02:14:03.120Z", "topic": "homes/h1/bed-1", "payload": {...}}'


# What the history can hold, less the 30 days by which a reading may be older than its line.
EARLIEST: Instant = parse_instant("2000-03-01T00:00:00Z")
LATEST: Instant = parse_instant("2099-12-31T00:00:00Z")


class CaptureError(Exception):
    """A recording or capture cannot be used: where, what is wrong with it, what was expected."""


class Line(msgspec.Struct, frozen=True):
    """One message: when it reached the broker, on which topic, and its bytes."""

    at: Instant
    topic: str
    payload: bytes


class _Written(msgspec.Struct):
    """The line as it stands in the file, its payload not yet looked into."""

    at: str
    topic: str
    payload: msgspec.Raw


_decoder = msgspec.json.Decoder(_Written)


def encode(at: Instant, topic: str, payload: object) -> bytes:
    """Write one line; `payload` is what JSON can say, or text."""
    return msgspec.json.encode({"at": iso(at), "topic": topic, "payload": payload}) + b"\n"


def read(path: Path) -> list[Line]:
    """Read a whole capture in order of time; CaptureError names the first line that is none."""
    try:
        written = path.read_bytes().splitlines()
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); expected a capture") from error
    lines = [_line(text, f"{path}, line {number}") for number, text in enumerate(written, 1) if text.strip()]
    if not lines:
        raise CaptureError(f"{path}: holds no line; expected lines like {EXAMPLE}")
    return in_order(lines)


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Return the lines by time; those of one instant keep their order."""
    return sorted(lines, key=lambda line: line.at)


def _line(text: bytes, where: str) -> Line:
    try:
        written = _decoder.decode(text)
        at = parse_instant(written.at)
    except (msgspec.DecodeError, ValueError) as error:
        raise CaptureError(f"{where}: {error}; expected {EXAMPLE}") from error
    if not EARLIEST <= at < LATEST:
        raise CaptureError(f"{where}: the time {written.at} is none of a recording; expected 2000 to 2099")
    fault = topic_fault(written.topic)
    if fault:
        raise CaptureError(f"{where}: the topic '{written.topic}' {fault}")
    return Line(at, written.topic, _bytes(written.payload, where))


def _bytes(raw: msgspec.Raw, where: str) -> bytes:
    payload = bytes(raw)
    if not payload.startswith(b'"'):
        return payload
    try:
        return msgspec.json.decode(payload, type=str).encode()
    except (msgspec.DecodeError, ValueError) as error:
        raise CaptureError(f"{where}: the payload is no text ({error})") from error


def topic_fault(topic: str) -> str | None:
    """Say why nobody could publish on this topic, or return None.

    A space, a tab and a DEL are refused although MQTT allows them: our broker closes the connection that
    publishes one.
    """
    if not topic:
        return "is empty; expected for example homes/home-0001/bed-1"
    if any(character in topic for character in "+#\0"):
        return "holds a wildcard ('+' or '#') or a null; a message is published on one topic"
    if any(character.isspace() or character == "\x7f" for character in topic):
        return "holds a space, which the broker does not take; rename the device at its hub, for example Hall_Door"
    return None


def name_fault(name: str) -> str | None:
    """Say why this cannot be a home's or a device's id, or return None."""
    return "holds a slash" if "/" in name else topic_fault(name)
