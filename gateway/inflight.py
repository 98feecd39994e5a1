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


class _Held:
    __slots__ = ("connection", "content", "message", "stored")

    def __init__(self, message: Message, content: int, connection: int) -> None:
        self.message = message
        self.content = content
        self.connection = connection
        self.stored = False


class InFlight:
    """The packet ids of one persistent session, over any number of connections."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._connection = 0

    def __len__(self) -> int:
        return len(self._held)

    def connected(self) -> None:
        """Begin a connection: ids seen on earlier ones mean nothing until they are seen again."""
        self._connection += 1

    def arrived(self, message: Message) -> Arrival:
        """Note a message at QoS 1, and say what is to be done with it."""
        content = hash((message.topic, message.payload, message.size, message.retained))
        held = self._held.get(message.packet)
        if held is None or not message.redelivered or held.content != content:
            self._held[message.packet] = _Held(message, content, self._connection)
            return Arrival.NEW
        held.connection = self._connection
        if held.stored:
            del self._held[message.packet]
            return Arrival.STORED
        return Arrival.WAITING

    def stored(self, message: Message) -> bool:
        """Note that a message is stored; tell whether it can be acknowledged on this connection."""
        held = self._held.get(message.packet)
        if held is None or held.message is not message:
            return False  # its id was given to another message since: the redelivery comes under a new one
        if held.connection == self._connection:
            del self._held[message.packet]
            return True
        held.stored = True
        return False
