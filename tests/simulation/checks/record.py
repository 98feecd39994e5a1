"""What the database holds at the end of a world, read once for all checks."""

from typing import Any, NamedTuple

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


class JournalLine(NamedTuple):
    """One line of an alarm's journal."""

    at: Instant
    actor: str
    action: str
    text: str
    detail: dict[str, Any]


class Notification(NamedTuple):
    """One message to one recipient."""

    id: int
    step: int
    round: int
    recipient: str
    kind: str
    phone: str | None
    created_at: Instant
    not_before: Instant
    state: str
    attempts: list["Attempt"]


class Attempt(NamedTuple):
    """One try at sending it."""

    id: int
    number: int
    started_at: Instant
    result: str | None
    receipts: list[str]


class Alarm(NamedTuple):
    """An alarm with all that hangs on it."""

    id: int
    subject: str
    kind: str
    state: str
    owner: str | None
    policy: str | None
    raised_at: Instant
    recorded_at: Instant
    cleared_at: Instant | None
    closed_at: Instant | None
    due_at: Instant | None
    findings: list[str]
    journal: list[JournalLine]
    notifications: list[Notification]

    @property
    def name(self) -> str:
        """How to speak of it."""
        return f"alarm {self.id} ({self.kind} of {self.subject})"


class Record(NamedTuple):
    """All of it."""

    devices: dict[tuple[str, str], int]  # (home, device) -> number
    names: dict[int, tuple[str, str]]
    readings: list[ReadingEntry]  # the history; what the checks do not need of it is left out
    log: list[Row]
    said: list[Said]
    cursors: dict[int, int]
    alarms: list[Alarm]

    @property
    def read_to(self) -> int:
        """How far the monitor has read, of all subjects."""
        return min(self.cursors.values(), default=0)

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
        [_alarm(world, row) for row in rows(_ALARMS)],
    )


_ALARMS = """
    select id, subject, kind, state, owner, policy, raised_at, recorded_at, cleared_at, closed_at, due_at
    from alarms order by id
"""
_NOTIFICATIONS = """
    select id, step, round, recipient, recipient_kind, phone, created_at, not_before, state
    from notifications where alarm = %s order by id
"""


def _alarm(world: World, row: tuple[Any, ...]) -> Alarm:
    rows = world.database.rows
    number = row[0]
    return Alarm(
        *row[:6],
        *(at and instant(at) for at in row[6:]),
        [line[0] for line in rows("select finding from alarm_findings where alarm = %s order by 1", number)],
        [
            JournalLine(instant(line[0]), *line[1:])
            for line in rows("select at, actor, action, text, detail from journal where alarm = %s order by id", number)
        ],
        [
            Notification(*each[:6], instant(each[6]), instant(each[7]), each[8], _attempts(world, each[0]))
            for each in rows(_NOTIFICATIONS, number)
        ],
    )


def _attempts(world: World, notification: int) -> list[Attempt]:
    rows = world.database.rows
    said = rows("select attempt, status from receipts order by received_at, status")
    return [
        Attempt(row[0], row[1], instant(row[2]), row[3], [status for attempt, status in said if attempt == row[0]])
        for row in rows(
            "select id, number, started_at, result from attempts where notification = %s order by number", notification
        )
    ]
