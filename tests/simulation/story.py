"""What happened in a world, in order: who, when, what. The same seed tells the same story, to the letter."""

from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

from schema.instants import Instant, iso


class Line(NamedTuple):
    """One thing that happened."""

    at: Instant
    who: str
    what: str

    def __str__(self) -> str:
        return f"{iso(self.at)}  {self.who:<22} {self.what}"


class Story:
    """The lines so far; time is the world's."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self.lines: list[Line] = []

    def tell(self, who: str, what: str) -> None:
        """Add a line."""
        self.lines.append(Line(self._now(), who, what))

    @property
    def digest(self) -> str:
        """A hash of it all, by which two runs of a seed are compared."""
        told = blake2b(digest_size=12)
        for line in self.lines:
            told.update(f"{line.at} {line.who} {line.what}\n".encode())
        return told.hexdigest()
