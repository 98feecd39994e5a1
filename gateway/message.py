"""A message as it came from the broker, before anyone knows what it says."""

import msgspec

from gateway.dialects.limits import LARGEST
from schema.instants import Instant

KEPT = 4096
"""Bytes kept of a message that is refused."""


class Message(msgspec.Struct, eq=False):
    """What the broker delivered. `size` is of the whole message; of one refused by its size only a part is held."""

    topic: str
    payload: bytes
    size: int
    received_at: Instant
    packet: int = 0  # MQTT's packet id; 0 at QoS 0, which nobody acknowledges
    redelivered: bool = False  # MQTT's DUP: we may have had it before
    retained: bool = False  # kept by the broker from before we subscribed: a state

    @property
    def whole(self) -> bool:
        """Whether the payload is held in full."""
        return self.size == len(self.payload)


def message(
    topic: str,
    payload: bytes,
    received_at: Instant,
    *,
    packet: int = 0,
    redelivered: bool = False,
    retained: bool = False,
) -> Message:
    """Return the message, holding no more of an oversized one than a refusal keeps."""
    held = payload if len(payload) < LARGEST else payload[:KEPT]
    return Message(topic, bytes(held), len(payload), received_at, packet, redelivered, retained)
