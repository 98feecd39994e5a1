"""How large a message may be, and how a refusal of a whole message is put."""

from typing import Literal

from gateway.dialects.topics import Address
from schema.readings import Decoded, Rejected

LARGEST = 1_000_000
"""Bytes from which on a message is refused unread, whatever it holds."""
LARGE = 65_536
"""Bytes that only windows of acceleration may exceed."""

Life = Literal["button", "fall"]


def refused(reason: str, address: Address | None = None, *, life: Life | None = None) -> Decoded:
    """Return the refusal of a whole message."""
    if address is None:
        return Decoded(rejected=(Rejected(reason=reason),))
    return Decoded(rejected=(Rejected(reason=reason, home=address.home, device=address.rest, life=life),))
