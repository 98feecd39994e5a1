"""What the database holds at the end of a world, read once for all checks."""

from typing import NamedTuple

import msgspec

from schema.entries import Entry, ReadingEntry, unpack
from schema.findings import FindingChange
from schema.instants import Instant, instant
from tests.simulation.world import World


class Row(NamedTuple):
    """One row of the log."""

    position: int
    at: Instant
    entries: list[Entry]


class Said(NamedTuple):
    """One row of `finding_changes`."""

    position: int
    subject: str
    ordinal: int
    change: FindingChange
    taken_at: Instant | None


class Record(NamedTuple):
    """All of it."""

    devices: dict[tuple[str, str], int]  # (home, device) -> number
    names: dict[int, tuple[str, str]]
    readings: list[ReadingEntry]  # the history; what the checks do not need of it is left out
    log: list[Row]
    said: list[Said]
    cursors: dict[int, int]

    def told(self, home: str, device: str) -> list[tuple[Row, ReadingEntry]]:
        """Return a device's readings as they stand in the log, in its order."""
        number = self.devices[home, device]
        return [
            (row, entry)
            for row in self.log
            for entry in row.entries
            if isinstance(entry, ReadingEntry) and entry.device == number
        ]


def record(world: World) -> Record:
    """Read it."""
    rows = world.database.rows
    devices = {(home, device): number for home, device, number in rows("select home, id, number from devices")}
    return Record(
        devices,
        {number: name for name, number in devices.items()},
        [
            ReadingEntry(row[0], row[1], row[2], instant(row[3]), instant(row[4]), row[5], row[6], clock_doubted=row[7])
            for row in rows(
                "select device, kind, value, observed_at, received_at, seq, boot, clock_doubted from readings"
                " order by device, observed_at, boot, seq, kind"
            )
        ],
        [
            Row(position, instant(at), unpack(entries))
            for position, at, entries in rows("select position, committed_at, entries from log order by position")
        ],
        [
            Said(row[0], row[1], row[2], msgspec.convert(row[3], FindingChange), row[4] and instant(row[4]))
            for row in rows(
                "select position, subject, ordinal, body, taken_at from finding_changes"
                " order by position, subject, ordinal"
            )
        ],
        dict(rows("select partition, position from monitor_cursors")),  # type: ignore[arg-type] # two columns
    )
