"""A hub's side of MQTT 3.1.1, as small as can be: come in, publish at QoS 1, wait for the acknowledgement, leave.

Of its own making on purpose: the watcher shares neither library nor fault with the gateway. It begins anew with each
press, as a hub does that has just been switched on, and leaves nothing behind when it is cut off.
"""

import asyncio
import os
import ssl
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT = 0x10, 0x20, 0x32, 0x40, 0xE0
_CLEAN, _PASSWORD, _USER = 0x02, 0x40, 0x80
_KEEPALIVE_S = 60
_REFUSALS = {
    1: "it speaks another MQTT",
    2: "it refuses the client id",
    3: "it is not available",
    4: "user or password is wrong",
    5: "it does not let us in",
}


class HubError(Exception):
    """The broker did not take it; the message says why, in words that end a sentence."""


class Broker(NamedTuple):
    """Where a broker is, and as whom to come."""

    host: str
    port: int
    user: str
    password: str
    tls: bool


def broker_of(url: str) -> Broker:
    """Read `mqtt://user:password@host:port` (or `mqtts`); ValueError where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise ValueError(f"'{url}' is no MQTT address; expected for example mqtt://user:password@host:1883")
    tls = parts.scheme == "mqtts"
    port = parts.port or (8883 if tls else 1883)
    return Broker(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


class Hub:
    """One connection, let in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._packet = 0

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish, and return once the broker has acknowledged it; HubError where the connection ends before."""
        self._packet += 1
        number = self._packet.to_bytes(2, "big")
        await self._write(PUBLISH, _text(topic), number, payload)
        if await self._read() != (PUBACK, number):
            raise HubError("it answers out of turn")

    async def be_let_in(self, broker: Broker, client_id: str) -> None:
        """Say who we are; HubError where we are not let in."""
        flags = _CLEAN | (_USER if broker.user else 0) | (_PASSWORD if broker.password else 0)
        said = [_text("MQTT"), bytes([4, flags]), _KEEPALIVE_S.to_bytes(2, "big"), _text(client_id)]
        said += [_text(each) for each in (broker.user, broker.password) if each]
        await self._write(CONNECT, *said)
        kind, answer = await self._read()
        if kind != CONNACK or len(answer) != 2:
            raise HubError("it does not answer as an MQTT broker")
        if answer[1]:
            raise HubError(_REFUSALS.get(answer[1], f"it refuses us (code {answer[1]})"))

    def leave(self) -> None:
        """Say goodbye where that is still possible, and close; nothing is waited for."""
        if not self._writer.is_closing():
            self._writer.write(_packet(DISCONNECT))
        self._writer.close()

    def cut(self) -> None:
        """Close at once."""
        self._writer.transport.abort()

    async def _write(self, kind: int, *parts: bytes) -> None:
        try:
            self._writer.write(_packet(kind, *parts))
            await self._writer.drain()
        except OSError as error:
            raise HubError(f"the connection broke ({in_words(error)})") from error

    async def _read(self) -> tuple[int, bytes]:
        try:
            kind = (await self._reader.readexactly(1))[0]
            size, shift = 0, 0
            while True:
                digit = (await self._reader.readexactly(1))[0]
                size |= (digit & 0x7F) << shift
                shift += 7
                if digit < 0x80 or shift > 21:
                    break
            return kind, await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise HubError("it closed the connection") from error
        except OSError as error:
            raise HubError(f"the connection broke ({in_words(error)})") from error


async def come_in(broker: Broker, client_id: str) -> Hub:
    """Connect and be let in; HubError says why that could not be. Bounded by the caller's time limit."""
    try:
        secure = ssl.create_default_context() if broker.tls else None
        hub = Hub(*await asyncio.open_connection(broker.host, broker.port, ssl=secure))
    except OSError as error:
        raise HubError(f"it cannot be reached ({in_words(error)})") from error
    try:
        await hub.be_let_in(broker, client_id)
    except BaseException:
        hub.cut()
        raise
    return hub


def in_words(error: OSError) -> str:
    """Say an error of the network: `connection refused`."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (error.strerror or str(error)).lower()


def _packet(kind: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size, length = len(body), bytearray()
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([kind]) + bytes(length) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded
