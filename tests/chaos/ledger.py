"""What the hubs know: every reading they made, by number, and which of them the broker has acknowledged.

The load's readings are numbered from 0: number `n` is the reading `n // homes` (its `seq`) of home `n % homes`, so a
byte each is enough to remember a million. Presses and the lines of scripts are few, and kept one by one.
"""

from typing import NamedTuple

from schema.instants import Instant

Name = tuple[str, str, int]
"""Home, device and seq: what a reading is known by on both sides."""
UNDATED_EVERY = 8
"""Every so manieth home has a hub without a clock: its readings carry no time, and count by their number alone."""


class Said(NamedTuple):
    """A reading made by hand: a press, or a line of a script."""

    home: str
    device: str
    seq: int
    at: Instant
    kind: str
    value: str


class Ledger:
    """Filled while the run goes on, compared with the tables afterwards."""

    def __init__(self, homes: int) -> None:
        self.homes = homes
        self.made = 0  # of the load
        self.acknowledged = bytearray()
        self.said: list[Said] = []
        self.said_acknowledged = set[Name]()
        self.presses: list[Said] = []
        self._acknowledged_count = 0
        self._seqs: dict[tuple[str, str], int] = {}

    @property
    def acknowledged_count(self) -> int:
        """How many readings of all kinds the broker has acknowledged."""
        return self._acknowledged_count + len(self.said_acknowledged)

    @property
    def all_count(self) -> int:
        """How many were made."""
        return self.made + len(self.said)

    def next(self) -> tuple[int, int, int]:
        """Make the load's next reading; return (number, home, seq)."""
        number = self.made
        self.made += 1
        self.acknowledged.append(0)
        return number, number % self.homes, number // self.homes

    def say(self, home: str, device: str, kind: str, value: str, at: Instant) -> Said:
        """Make a reading by hand, with the device's next number."""
        seq = self._seqs[home, device] = self._seqs.get((home, device), 0) + 1
        said = Said(home, device, seq, at, kind, value)
        self.said.append(said)
        if kind == "button":
            self.presses.append(said)
        return said

    def note(self, mark: int | Said | None) -> None:
        """Note that the broker has acknowledged it; None is not counted on."""
        if isinstance(mark, Said):
            self.said_acknowledged.add((mark.home, mark.device, mark.seq))
        elif mark is not None and not self.acknowledged[mark]:
            self.acknowledged[mark] = 1
            self._acknowledged_count += 1


def is_dated(home: int) -> bool:
    """Tell whether the home's hub has a clock."""
    return home % UNDATED_EVERY != 0
