"""A message as it came from the broker, before anyone knows what it says."""

import msgspec

from gateway.dialects.limits import LARGEST
from schema.instants import Instant

KEPT = 4096
"""Bytes kept of a message that is refused."""


class Message(msgspec.Struct, eq=False, gc=False):
    """What the broker delivered. `size` is of the whole message; of one refused by its size only a part is held."""

    topic: str
    payload: bytes
    size: int
    received_at: Instant
    packet: int = 0  # MQTT's packet id; 0 at QoS 0, which nobody acknowledges
    redelivered: bool = False  # MQTT's DUP: we may have had it before
    retained: bool = False  # kept by the broker from before we subscribed: a state


def message(  # noqa: PLR0917 - on the hot path: arguments given by name would cost a third of it
    topic: str,
    payload: bytes,
    received_at: Instant,
    packet: int = 0,
    redelivered: bool = False,  # noqa: FBT001, FBT002 - likewise
    retained: bool = False,  # noqa: FBT001, FBT002 - likewise
) -> Message:
    """Return the message, holding no more of an oversized one than a refusal keeps."""
    size = len(payload)
    held = payload if size < LARGEST else payload[:KEPT]
    return Message(topic, held, size, received_at, packet, redelivered, retained)
