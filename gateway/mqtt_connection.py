"""One connection to the broker, from connected to lost: a thin shell around `gateway.mqtt`.

Promises: packets are handed on in order; acknowledgements leave together, once a turn of the loop; a broker that
falls silent, or says what it must not, is left; whatever ends it, `lost` is set and `why` says it.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from gateway import mqtt
from runtime.clock import Clock

_READ_AT_ONCE = 65_536  # bytes: some 300 messages, before the other lane has its turn


class Connection(asyncio.BufferedProtocol):
    """Whoever makes it greets the broker; `ended` says that nothing more can be sent, at once and perhaps again."""

    def __init__(
        self, take: Callable[[mqtt.Packet], None], ended: Callable[[], None], clock: Clock, keepalive: int
    ) -> None:
        self.lost = asyncio.Event()
        self.why = "the broker closed the connection"
        self._take = take
        self._ended = ended
        self._clock = clock
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._parser = mqtt.Parser()
        self._buffer = memoryview(bytearray(_READ_AT_ONCE))
        self._acknowledged: list[int] = []
        self._heard_at = self._loop.time()
        self._transport: asyncio.Transport
        self._watch: asyncio.TimerHandle
        self._over = self._paused = False

    def send(self, packets: bytes) -> None:
        """Send them, behind what was acknowledged."""
        acknowledged, self._acknowledged = self._acknowledged, []
        if not self._over:
            self._transport.write(mqtt.acknowledge(acknowledged) + packets)

    def acknowledge(self, packet: int) -> None:
        """Acknowledge a message; many in one turn of the loop go out together."""
        if not self._acknowledged:
            self._loop.call_soon(self.send, b"")
        self._acknowledged.append(packet)

    def pause(self) -> None:
        """Take nothing in: what comes waits in the socket, then at the broker."""
        self._paused = True
        self._transport.pause_reading()

    def resume(self) -> None:
        """Take in again."""
        if self._paused:
            self._paused = False
            self._heard_at = self._loop.time()  # it may have spoken all the while
            self._transport.resume_reading()

    def leave(self, why: str = "") -> None:
        """Disconnect cleanly, as far as we still can; the broker closes, or is not waited for longer than a second."""
        if not self._over:
            self.why = why or self.why
            self.send(mqtt.DISCONNECT)
            self._end()
            self.resume()  # closed with something unread, the socket would take back what was just sent
            self._loop.call_later(1, self._transport.abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._watch = self._loop.call_later(self._keepalive / 2, self._look)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Lend the one buffer everything is read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take in what was read, unless we are leaving: what still comes then will come again."""
        self._heard_at = self._loop.time()
        if self._over:
            return
        try:
            packets = self._parser.feed(bytes(self._buffer[:nbytes]), self._clock.now())
        except mqtt.ProtocolError as error:
            self._abort(f"the broker broke the protocol: {error}")
            return
        for packet in packets:
            self._take(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._watch.cancel()
        self._end()
        if exc is not None:
            self.why = str(exc) or type(exc).__name__
        self.lost.set()

    def _look(self) -> None:
        """Keep the broker from thinking us dead, and notice when it is."""
        if not self._paused and self._loop.time() - self._heard_at > 1.5 * self._keepalive:
            self._abort("the broker has fallen silent")
            return
        self.send(mqtt.PING)
        self._watch = self._loop.call_later(self._keepalive / 2, self._look)

    def _abort(self, why: str) -> None:
        self.why = why
        self._end()
        self._transport.abort()

    def _end(self) -> None:
        self._over = True
        self._ended()
