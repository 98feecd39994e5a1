"""Packet ids: a redelivery is queued once, and no id is acknowledged for a message that does not bear it now."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from gateway.inflight import Arrival, InFlight
from gateway.message import Message


def packet(number: int, content: bytes = b"x", *, redelivered: bool = False) -> Message:
    return Message("homes/h1/d", content, len(content), 0, number, redelivered)


def test_a_redelivery_of_what_waits_is_queued_once_and_acknowledged_once() -> None:
    flight = InFlight()
    first = packet(1)
    assert flight.arrived(first) is Arrival.NEW
    assert flight.arrived(packet(1, redelivered=True)) is Arrival.WAITING
    assert flight.stored(first)
    assert not flight.stored(first)
    assert len(flight) == 0


def test_what_was_stored_while_the_connection_was_gone_is_acknowledged_when_it_comes_again() -> None:
    flight = InFlight()
    first = packet(1)
    flight.arrived(first)
    flight.connected()
    assert not flight.stored(first), "its id means nothing yet on this connection"
    assert flight.arrived(packet(1, redelivered=True)) is Arrival.STORED
    assert len(flight) == 0


def test_an_id_given_to_another_message_is_not_acknowledged_for_the_first() -> None:
    flight = InFlight()
    first, other = packet(1, b"first"), packet(1, b"other", redelivered=True)
    flight.arrived(first)
    flight.connected()
    assert flight.arrived(other) is Arrival.NEW
    assert not flight.stored(first)
    assert flight.stored(other)


def test_an_equal_message_under_a_used_id_is_a_message_of_its_own_unless_marked_redelivered() -> None:
    flight = InFlight()
    flight.arrived(packet(1))
    flight.connected()
    assert flight.arrived(packet(1)) is Arrival.NEW


@dataclass
class _Sent:
    """What the broker knows of one message."""

    content: bytes
    packet: int | None = None
    times: int = 0


class Brokers(RuleBasedStateMachine):
    """A broker that redelivers, loses connections and restarts, against InFlight and a store that lags behind.

    Promise: whatever it does, no message is dropped by the broker that is not stored, and with equal words
    only, none is stored more often than it was sent unless the broker was restarted.
    """

    sent = Bundle("sent")

    @initialize()
    def begin(self) -> None:
        """Connect for the first time."""
        self.flight = InFlight()
        self.flight.connected()
        self.outstanding: dict[int, _Sent] = {}
        self.waiting: list[tuple[Message, _Sent]] = []
        self.stored: list[_Sent] = []
        self.dropped: list[_Sent] = []
        self.delivered_here: set[int] = set()
        self.packets = count(1)
        self.restarted = False
        self.everything: list[_Sent] = []

    @rule(target=sent, content=st.sampled_from([b"a", b"b"]))
    def publish(self, content: bytes) -> Any:
        """Take a message from a hub."""
        message = _Sent(content, next(self.packets))
        self.everything.append(message)
        self.outstanding[message.packet or 0] = message
        return message

    @rule(which=sent)
    def deliver(self, which: _Sent) -> None:
        """Give a message out, for the first time or again."""
        if which.packet is None or self.outstanding.get(which.packet) is not which:
            return
        message = packet(which.packet, which.content, redelivered=which.times > 0)
        which.times += 1
        self.delivered_here.add(which.packet)
        match self.flight.arrived(message):
            case Arrival.NEW:
                self.waiting.append((message, which))
            case Arrival.STORED:
                self.acknowledged(which.packet)

    @rule()
    def store(self) -> None:
        """Commit the oldest message that waits."""
        if self.waiting:
            message, which = self.waiting.pop(0)
            self.stored.append(which)
            if self.flight.stored(message):
                self.acknowledged(message.packet)

    @rule()
    def reconnect(self) -> None:
        """Lose the connection and make it anew."""
        self.flight.connected()
        self.delivered_here.clear()

    @rule(seed=st.randoms(use_true_random=False))
    def restart_the_broker(self, seed: Any) -> None:
        """Lose the ids with it, keep the messages."""
        left = list(self.outstanding.values())
        seed.shuffle(left)
        self.packets = count(1)
        for message in left:
            message.packet = next(self.packets)
        self.outstanding = {message.packet or 0: message for message in left}
        self.restarted = True
        self.reconnect()

    def acknowledged(self, number: int) -> None:
        """Let go of a message."""
        assert number in self.delivered_here, "an id was acknowledged that this connection has not borne"
        self.dropped.append(self.outstanding.pop(number))

    @invariant()
    def nothing_is_lost(self) -> None:
        """Compare what was let go of with what is stored."""
        for content in (b"a", b"b"):
            dropped = sum(message.content == content for message in self.dropped)
            stored = sum(message.content == content for message in self.stored)
            assert dropped <= stored, "the broker let go of more than was stored"

    @invariant()
    def nothing_is_doubled(self) -> None:
        """Compare what is stored with what was sent."""
        if not self.restarted:
            assert len(self.stored) + len(self.waiting) <= len(self.everything)


Brokers.TestCase.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestBrokers = Brokers.TestCase
