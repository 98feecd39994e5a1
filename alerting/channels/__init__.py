"""Ways to reach somebody, one a file, and what each says of a try: retryability is in the value returned."""

from typing import Protocol

import msgspec


class Sent(msgspec.Struct, frozen=True):
    """The provider took it, under this id of its own. Taken is not delivered: a receipt says that."""

    provider_id: str


class TryLater(msgspec.Struct, frozen=True):
    """It was not taken, and may be on another try."""

    reason: str


class Refused(msgspec.Struct, frozen=True):
    """It was not taken, and never will be."""

    reason: str


class Ambiguous(msgspec.Struct, frozen=True):
    """Nobody knows whether it was taken: the request had left when the answer failed to come."""

    reason: str


Result = Sent | TryLater | Refused | Ambiguous


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it goes out; `attempt` is named in the address at which receipts are wanted."""

    attempt: int
    phone: str
    body: str


class Channel(Protocol):
    """A way to send, whose provider may be slow, away, or of two minds; it never takes longer than it says."""

    async def send(self, message: Outgoing) -> Result:
        """Try once."""
        ...
