"""What the tables say after a run: every reading in history and log, every alarm, page and step. Read only."""

from collections import Counter
from typing import NamedTuple

import psycopg

from schema.entries import ReadingEntry, Tick, unpack
from schema.instants import Duration, Instant, instant

_DEVICES = "select number, home, id from devices"
# Readings of a day may be a million: in binary, by COPY, it takes a second or two.
_READINGS = """
copy (select r.device, r.seq, (extract(epoch from r.observed_at) * 1000000)::bigint,
             coalesce((extract(epoch from l.committed_at) * 1000000)::bigint, 0), r.clock_doubted
      from readings r left join log l on l.batch = r.batch) to stdout (format binary)
"""
_LOG = "select position, committed_at, kind, entries from log order by position"
_ALARMS = """
select id, person, kind, rule, onset, raised_at, recorded_at, closed_at, acknowledged_at, policy, subject_kind, subject,
       reason
from alarms order by id
"""
# A step that has nobody left to tell (several came due in one moment) ran all the same, and says so in the journal.
_STEPS = """
select alarm, (detail ->> 'step')::int, (detail ->> 'round')::int, min(at) from journal
where action in ('step', 'passed_over') group by 1, 2, 3 order by 1, 3, 2
"""
_REFUSED = "select topic, reason from rejected_messages order by id limit 50"
_BEHIND = (
    "select coalesce((select max(position) from log), 0) - coalesce((select min(position) from monitor_cursors), 0)"
)


class Reading(NamedTuple):
    """A row of the history, with when it came into the log (0: it never did)."""

    device: int
    seq: int
    observed_at: Instant
    committed_at: Instant
    doubted: bool


class Alarm(NamedTuple):
    """An alarm; `recorded_at` is by the database's clock when it was written."""

    number: int
    person: str | None
    kind: str
    rule: str
    onset: Instant
    raised_at: Instant
    recorded_at: Instant
    ended_at: Instant | None  # acknowledged or closed
    policy: str | None
    subject: str
    reason: str


class Step(NamedTuple):
    """One run of an escalation step, as the journal has it."""

    alarm: int
    step: int
    round: int
    at: Instant


class Tables(NamedTuple):
    """All of it."""

    devices: dict[int, tuple[str, str]]
    readings: list[Reading]
    logged: Counter[tuple[int, int]]  # (device, seq) of reading entries
    blind: list[tuple[Instant, Instant]]  # when the log's ticks were blind
    alarms: list[Alarm]
    steps: list[Step]
    refused: list[tuple[str, str]]
    behind: int  # rows, 5 s old and older, that the monitor has not stepped


def read(url: str) -> Tables:
    """Read everything in one go."""
    with psycopg.connect(url, autocommit=True) as connection:
        logged, blind = _log(connection)
        return Tables(
            devices={row[0]: (row[1], row[2]) for row in connection.execute(_DEVICES)},
            readings=_readings(connection),
            logged=logged,
            blind=blind,
            alarms=[_alarm(row) for row in connection.execute(_ALARMS)],
            steps=[Step(row[0], row[1], row[2], instant(row[3])) for row in connection.execute(_STEPS)],
            refused=[(row[0], row[1]) for row in connection.execute(_REFUSED)],
            behind=_one(connection, _BEHIND),
        )


def stored(connection: psycopg.Connection, after: int) -> tuple[int, int]:
    """Return how many readings batches behind `after` hold, and the newest batch: cheap, to be added up."""
    row = connection.execute(
        "select count(*), coalesce(max(batch), 0) from readings where batch > %s", (after,)
    ).fetchone()
    assert row is not None
    return int(row[0]), max(int(row[1]), after)


def _readings(connection: psycopg.Connection) -> list[Reading]:
    with connection.cursor().copy(_READINGS) as copy:
        copy.set_types(["int4", "int8", "int8", "int8", "bool"])
        return [Reading(*row) for row in copy.rows()]


def _log(connection: psycopg.Connection) -> tuple[Counter[tuple[int, int]], list[tuple[Instant, Instant]]]:
    logged: Counter[tuple[int, int]] = Counter()
    blind: list[tuple[Instant, Instant]] = []
    since: Instant | None = None
    with connection.transaction(), connection.cursor(name="log") as cursor:
        for _, at, kind, packed in cursor.execute(_LOG):
            for entry in unpack(packed) if kind != "facts" else ():
                if isinstance(entry, ReadingEntry):
                    logged[entry.device, entry.seq] += 1
                elif isinstance(entry, Tick) and entry.blind:
                    since = since or instant(at)
                elif isinstance(entry, Tick) and since is not None:
                    blind.append((since, instant(at)))
                    since = None
    return logged, blind


def _alarm(row: tuple[object, ...]) -> Alarm:
    number, person, kind, rule, onset, raised, recorded, closed, acknowledged, policy, _, subject, reason = row
    ended: list[Instant] = [instant(at) for at in (closed, acknowledged) if at is not None]  # type: ignore[arg-type]
    return Alarm(
        number, person, kind, rule, instant(onset), instant(raised), instant(recorded),  # type: ignore[arg-type]
        min(ended, default=None), policy, subject, reason,  # type: ignore[arg-type]
    )  # fmt: skip


def _one(connection: psycopg.Connection, query: str) -> Duration:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
