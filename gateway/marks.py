"""How a lane knows that it has no backlog: it publishes a mark to itself and waits for it to come back. Pure.

The broker gives a session its messages in the order it took them, so a mark that came back and everything
before it was stored proves that what was published before it is in the log, under any steady load. What it
cannot prove is that nothing waits for redelivery: so the first marks of a connection do not count until
`SETTLING` has passed, which is longer than the broker's `ack_wait`.
"""

from schema.instants import SECOND, Duration, Instant

SETTLING: Duration = 7 * SECOND // 2
"""NATS gives out again what was unacknowledged after `ack_wait`, 3 s here, and no sooner."""
_AWAITED_AT_MOST = 1000  # marks of one connection on their way: hours of a backlog


class Marks:
    """The marks of one lane: `topic` is matched by the lane's own subscription."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._connected_at: Instant | None = None
        self._awaited = dict[bytes, Instant]()  # in the order they were sent
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
        self._connected_at, self._proved = now, None
        self._awaited.clear()

    def disconnect(self) -> None:
        """Note that it ended."""
        self._connected_at = self._proved = None
        self._awaited.clear()

    def sent(self, token: bytes, now: Instant) -> None:
        """Note a mark on its way; a token nobody can guess, as anybody may publish."""
        self._awaited[token] = now
        if len(self._awaited) > _AWAITED_AT_MOST:
            del self._awaited[next(iter(self._awaited))]

    def came_back(self, token: bytes) -> None:
        """Note a mark that came back, everything before it being stored."""
        sent_at = self._awaited.pop(token, None)
        if sent_at is not None:
            self._proved = max(sent_at, self._proved or 0)

    def back_since(self, began: Instant) -> bool:
        """Tell whether a mark sent at `began` or later has come back, so that all before it is stored."""
        return self._proved is not None and self._proved >= began

    @property
    def came_back_last(self) -> Instant | None:
        """When the newest mark that came back on this connection was sent."""
        return self._proved

    @property
    def proved(self) -> Instant:
        """Before when all that was published is in the log, redeliveries too; 0 where nothing says so."""
        return self._proved if self._proved is not None and self.settled(self._proved) else 0

    @property
    def settles_at(self) -> Instant | None:
        """When marks begin to count, on the connection there is."""
        return None if self._connected_at is None else self._connected_at + SETTLING

    def settled(self, began: Instant) -> bool:
        """Tell whether at `began` the broker had given out again all that an earlier connection left."""
        return self._connected_at is not None and began >= self._connected_at + SETTLING
