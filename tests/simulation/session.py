"""The gateway's end of the simulated broker: a lane's session, with the real bookkeeping of what is in flight."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.inflight import Arrival, InFlight
from gateway.marks import Marks
from gateway.message import Message, message
from runtime.clock import Clock
from tests.simulation.broker import Broker, Held
from tests.simulation.story import Story

_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0


class SimulatedSession:
    """What `gateway.session.Session` is to a lane and to the ticks; its packets travel within the world."""

    def __init__(
        self, broker: Broker, story: Story, *, client_id: str, topics: tuple[str, ...], marks: Marks, clock: Clock
    ) -> None:
        self._broker = broker
        self._story = story
        self._name = client_id
        self._queue = broker.queue(client_id, _matching(topics))
        self._marks = marks
        self._clock = clock
        self._in_flight = InFlight()
        self._wanted = asyncio.Event()
        self._lost = asyncio.Event()
        self._connection: _Connection | None = None
        self._paused = False
        self._kept: list[tuple[_Connection, int, Held, bool]] = []  # in the socket, while paused
        self.receive: Callable[[Message], None] = _nobody

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that the message is stored, where it came by this connection."""
        if message.packet and self._in_flight.stored(message) and self._connection is not None:
            self._confirm(message.packet)

    def pause(self) -> None:
        """Read no more for now."""
        self._paused = True

    def resume(self) -> None:
        """Read again."""
        self._paused = False
        kept, self._kept = self._kept, []
        for each in kept:
            self.arrived(*each)

    def hold(self) -> None:
        """Disconnect, and stay away until released."""
        if self._wanted.is_set():
            self._story.tell(self._name, "leaves the broker until the database answers")
            self._wanted.clear()
            self._queue.disconnect()

    def release(self) -> None:
        """Connect, now that messages can be stored."""
        self._wanted.set()

    def mark(self, token: bytes) -> None:
        """Publish a mark to ourselves."""
        self._marks.sent(token, self._clock.now())
        if self._connection is not None:
            loop = self._broker.loop
            loop.call_later(self._broker.latency(), self._broker.take, self._marks.topic, token)

    async def run(self) -> None:
        """Be connected whenever the database answers, until cancelled."""
        try:
            while True:
                await self._wanted.wait()
                await asyncio.sleep(self._broker.latency())
                if not self._broker.away:
                    self._connect()
                    await self._lost.wait()
                await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._queue.disconnect()

    def _connect(self) -> None:
        self._lost.clear()
        self._in_flight.connected()
        self._marks.connect(self._clock.now())
        self._connection = _Connection(self)
        self._queue.connect(self._connection)

    def _confirm(self, packet: int) -> None:
        connection = self._connection
        assert connection is not None
        if not self._broker.confirmation_lost():
            self._broker.loop.call_later(self._broker.latency(), self._queue.acknowledged, connection, packet)

    def arrived(self, connection: "_Connection", packet: int, held: Held, again: bool) -> None:  # noqa: FBT001 - MQTT's DUP
        """Take a delivery, as the real session does."""
        if connection is not self._connection:
            return
        if self._paused:
            self._kept.append((connection, packet, held, again))
            return
        taken = message(held.topic, held.payload, self._clock.now(), packet=packet, redelivered=again)
        arrival = self._in_flight.arrived(taken)
        if arrival is Arrival.STORED:
            self._confirm(packet)
        elif arrival is Arrival.NEW:
            self.receive(taken)

    def gone(self, connection: "_Connection") -> None:
        """Learn that the connection is lost."""
        if connection is self._connection:
            self._connection = None
            self._in_flight.lost()
            self._marks.disconnect()
            self._lost.set()


class _Connection:
    """One connection of a session: what comes by it after it is gone is nobody's."""

    def __init__(self, session: SimulatedSession) -> None:
        self._session = session

    def arrives(self, packet: int, held: Held, *, again: bool) -> None:
        """Hand a delivery on."""
        self._session.arrived(self, packet, held, again)

    def lost(self) -> None:
        """Hand the loss on."""
        self._session.gone(self)


def _matching(topics: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what tells a session's topics: by their first level, which is all that differs between lanes."""
    firsts = {topic.partition("/")[0] for topic in topics}
    return lambda topic: topic.partition("/")[0] in firsts


def _nobody(_: Any) -> None:
    raise AssertionError("a session runs only once it is wired to its lane")
