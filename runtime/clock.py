"""The only file that may ask the time. Everything else is given it."""

from datetime import UTC, datetime
from typing import Protocol

from schema.instants import Instant, instant


class Clock(Protocol):
    """Something that can say what time it is."""

    def now(self) -> Instant:
        """Return the present instant."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Instant:
        """Return the present instant."""
        return instant(datetime.now(UTC))


class SetClock:
    """A clock that stands where it was put: for replays, whose time is the recording's, and for tests."""

    def __init__(self, at: Instant) -> None:
        self.at = at

    def now(self) -> Instant:
        """Return where the clock was last put."""
        return self.at
