"""How a lane knows that it has no backlog: it publishes a mark to itself and waits for it to come back. Pure.

The broker gives a session its messages in the order it took them, so a mark that came back and everything
before it was stored proves that what was published before it is in the log, under any steady load. What it
cannot prove is that nothing waits for redelivery: so the first marks of a connection do not count until
`SETTLING` has passed, which is longer than the broker's `ack_wait`.
"""

from schema.instants import SECOND, Duration, Instant

SETTLING: Duration = 7 * SECOND // 2
"""NATS gives out again what was unacknowledged after `ack_wait`, 3 s here, and no sooner."""


class Marks:
    """The marks of one lane: `topic` is matched by the lane's own subscription."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._connected_at: Instant | None = None
        self._awaited: bytes | None = None
        self._sent_at: Instant = 0
        self._proved: Instant | None = None  # everything published before then is stored

    @property
    def connected(self) -> bool:
        """Whether the lane has a connection to the broker."""
        return self._connected_at is not None

    @property
    def live_since(self) -> Instant | None:
        """Since when the lane has been connected."""
        return self._connected_at

    def connect(self, now: Instant) -> None:
        """Note that a connection began."""
        self._connected_at, self._awaited, self._sent_at, self._proved = now, None, now, None

    def disconnect(self) -> None:
        """Note that it ended."""
        self._connected_at = self._awaited = self._proved = None

    def sent(self, token: bytes, now: Instant) -> None:
        """Note a mark on its way; a token nobody can guess, as anybody may publish."""
        self._awaited, self._sent_at = token, now

    def came_back(self, token: bytes) -> None:
        """Note a mark that came back, everything before it being stored."""
        if token == self._awaited:
            self._awaited, self._proved = None, self._sent_at

    def back_since(self, began: Instant) -> bool:
        """Tell whether a mark sent at `began` or later has come back, so that all before it is stored."""
        return self._proved is not None and self._proved >= began

    @property
    def settles_at(self) -> Instant | None:
        """When marks begin to count, on the connection there is."""
        return None if self._connected_at is None else self._connected_at + SETTLING

    def settled(self, began: Instant) -> bool:
        """Tell whether at `began` the broker had given out again all that an earlier connection left."""
        return self._connected_at is not None and began >= self._connected_at + SETTLING
