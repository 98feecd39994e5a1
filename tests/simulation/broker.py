"""A small broker with persistent sessions at QoS 1, as `nats-server` keeps them (tried there: gateway/session.py).

What it took it keeps until a session acknowledged it, over lost connections and its own crashes. A delivery that is
not acknowledged within `ACK_WAIT` comes again with DUP and the same packet id, connected anew or not. After a
crash packet ids begin anew, and what was given out last comes again *without* DUP.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import NamedTuple, Protocol

from tests.simulation.story import Story
from tests.simulation.weather import Weather

ACK_WAIT = 3.0
IN_FLIGHT = 200


class Held(NamedTuple):
    """A message the broker took."""

    number: int
    topic: str
    payload: bytes
    taken_at: float  # on the loop's time


class Receiver(Protocol):
    """The other end of a session's connection."""

    def arrives(self, packet: int, held: Held, *, again: bool) -> None:
        """Take a delivery."""

    def lost(self) -> None:
        """Learn that the connection is gone."""


class _Given:
    """A message given out and not acknowledged."""

    __slots__ = ("again", "held", "timer")

    def __init__(self, held: Held, timer: asyncio.TimerHandle) -> None:
        self.held = held
        self.timer = timer
        self.again = False


class Queue:
    """One persistent session: what waits, and what was given out."""

    def __init__(self, broker: "Broker", name: str, matches: Callable[[str], bool]) -> None:
        self.matches = matches
        self._broker = broker
        self._name = name
        self._waiting: list[Held] = []
        self._given: dict[int, _Given] = {}
        self._packet = 0
        self._receiver: Receiver | None = None
        self._order = 0.0

    @property
    def oldest(self) -> Held | None:
        """The first message that was not acknowledged."""
        left = [*(given.held for given in self._given.values()), *self._waiting]
        return min(left, default=None)

    def connect(self, receiver: Receiver) -> None:
        """Give out to this one from now on."""
        self.disconnect()
        self._receiver = receiver
        self._order = 0.0
        self.give_out()

    def disconnect(self) -> None:
        """Lose the connection; what was given out stays given until its time is up."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost()

    def crash(self) -> None:
        """Forget what was given to whom, and nothing else."""
        self.disconnect()
        for given in self._given.values():
            given.timer.cancel()
        self._waiting = [*(given.held for given in self._given.values()), *self._waiting]
        self._given, self._packet = {}, 0

    def take(self, held: Held) -> None:
        """Queue a message."""
        self._waiting.append(held)
        self.give_out()

    def give_out(self) -> None:
        """Give out what waits, as far as may be under way."""
        while self._waiting and self._receiver is not None and len(self._given) < IN_FLIGHT:
            held = self._waiting.pop(0)
            self._packet += 1
            loop = self._broker.loop
            self._given[self._packet] = _Given(held, loop.call_later(ACK_WAIT, self._overdue, self._packet))
            self._send(self._packet)

    def acknowledged(self, receiver: Receiver, packet: int) -> None:
        """Forget what its receiver has stored; what came by another connection counts for nothing."""
        if receiver is self._receiver and packet in self._given:
            self._given.pop(packet).timer.cancel()
            self.give_out()

    def _overdue(self, packet: int) -> None:
        given = self._given[packet]
        given.again = True
        given.timer = self._broker.loop.call_later(ACK_WAIT, self._overdue, packet)
        if self._receiver is not None:
            self._send(packet)

    def _send(self, packet: int) -> None:
        """Send in the order of sending, as one connection does."""
        loop, receiver = self._broker.loop, self._receiver
        if self._broker.session_breaks():
            self._broker.story.tell("broker", f"loses its connection to {self._name}")
            loop.call_soon(self._lose, receiver)
            return
        self._order = max(self._order, loop.time() + self._broker.latency())
        loop.call_at(self._order, self._arrive, packet, receiver)

    def _lose(self, receiver: Receiver | None) -> None:
        if self._receiver is receiver:
            self.disconnect()

    def _arrive(self, packet: int, receiver: Receiver | None) -> None:
        given = self._given.get(packet)
        if given is not None and receiver is self._receiver and receiver is not None:
            receiver.arrives(packet, given.held, again=given.again)


class Broker:
    """Takes what hubs publish, and keeps it for its sessions."""

    def __init__(self, loop: asyncio.AbstractEventLoop, weather: Weather, draw: Random, story: Story) -> None:
        self.loop = loop
        self.story = story
        self.away = False
        self.taken = 0
        self._weather = weather
        self._draw = draw
        self._queues: dict[str, Queue] = {}

    def queue(self, name: str, matches: Callable[[str], bool]) -> Queue:
        """Return the persistent session of this name, made on the first asking."""
        if name not in self._queues:
            self._queues[name] = Queue(self, name, matches)
        return self._queues[name]

    @property
    def oldest(self) -> Held | None:
        """The first message that some session has not acknowledged."""
        left = [held for queue in self._queues.values() if (held := queue.oldest) is not None]
        return min(left, default=None)

    def take(self, topic: str, payload: bytes) -> bool:
        """Take a message for every session it concerns; False while away."""
        if self.away:
            return False
        self.taken += 1
        held = Held(self.taken, topic, payload, self.loop.time())
        for queue in self._queues.values():
            if queue.matches(topic):
                queue.take(held)
        return True

    def crash(self) -> None:
        """Be killed: every connection is lost, nothing that was taken is."""
        self.away = True
        for queue in self._queues.values():
            queue.crash()

    def start(self) -> None:
        """Be there again; sessions connect when they find out."""
        self.away = False

    def latency(self) -> float:
        """Return how many seconds a message takes."""
        return 0.002 + 0.03 * self._draw.random()

    def session_breaks(self) -> bool:
        """Tell whether a session's connection breaks now."""
        return self._draw.random() < self._weather.chances.session_breaks

    def confirmation_lost(self) -> bool:
        """Tell whether an acknowledgement is lost."""
        return self._draw.random() < self._weather.chances.confirmation_lost
