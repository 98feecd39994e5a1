"""Which messages the broker has given us and not yet had back, by MQTT packet id. Pure.

Promises: a redelivery of what is still waiting to be stored is queued once; one of what was stored while the
connection was gone is acknowledged and not stored again; and a packet id is only ever acknowledged for the
message that bears it on this very connection, as a broker that restarts gives its ids out anew.
"""

from enum import Enum

from gateway.message import Message


class Arrival(Enum):
    """What is to be done with a message that came."""

    NEW = "new"  # store it, then acknowledge it
    WAITING = "waiting"  # it is with us already: acknowledged once that is stored
    STORED = "stored"  # acknowledge it now


class _Earlier:
    """A message of an earlier connection, and whether it was stored since."""

    __slots__ = ("message", "stored")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.stored = False


class InFlight:
    """The packet ids of one persistent session, over any number of connections."""

    def __init__(self) -> None:
        self._here: dict[int, Message] = {}  # seen on this connection, not stored yet
        self._earlier: dict[int, _Earlier] = {}  # not seen on this one

    def __len__(self) -> int:
        return len(self._here) + len(self._earlier)

    def connected(self) -> None:
        """Begin a connection: ids seen on earlier ones mean nothing until they are seen again."""
        self.lost()

    def lost(self) -> None:
        """End one: what is stored from now on is acknowledged when it comes again."""
        self._earlier.update((packet, _Earlier(message)) for packet, message in self._here.items())
        self._here.clear()

    def arrived(self, message: Message) -> Arrival:
        """Note a message at QoS 1, and say what is to be done with it."""
        if message.redelivered and (known := self._arrived_again(message)) is not None:
            return known
        self._here[message.packet] = message
        if self._earlier:
            self._earlier.pop(message.packet, None)
        return Arrival.NEW

    def _arrived_again(self, message: Message) -> Arrival | None:
        """Tell what a redelivery is; None where we know nothing of it, or its id was another's before."""
        packet = message.packet
        if packet in self._here:
            return Arrival.WAITING if _same(self._here[packet], message) else None
        earlier = self._earlier.get(packet)
        if earlier is None or not _same(earlier.message, message):
            return None
        del self._earlier[packet]
        if earlier.stored:
            return Arrival.STORED
        self._here[packet] = earlier.message
        return Arrival.WAITING

    def stored(self, message: Message) -> bool:
        """Note that a message is stored; tell whether it can be acknowledged on this connection."""
        packet = message.packet
        if self._here.get(packet) is message:
            del self._here[packet]
            return True
        earlier = self._earlier.get(packet)
        if earlier is not None and earlier.message is message:
            earlier.stored = True
        return False  # else its id was given to another message since: the redelivery comes under a new one


def _same(one: Message, other: Message) -> bool:
    """Tell whether two messages say the same; of an oversized one we know only the beginning and the size."""
    return (one.size, one.retained, one.topic, one.payload) == (other.size, other.retained, other.topic, other.payload)
