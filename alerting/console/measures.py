"""What the tables tell of how the whole service is: how far behind each part is, and whether that is too far.

One query of index look-ups, whatever the tables hold. Ages are by our clock against what the database wrote; an age of
what has never been is infinite.
"""

from datetime import datetime
from math import inf
from typing import NamedTuple

from psycopg import AsyncConnection

from schema.entries import Tick, pack
from schema.instants import SECOND, Duration, Instant, in_words, instant, moment

LATE: Duration = 15 * SECOND
"""What is due, or waits for us, and is older than this is late."""
UNSENT: Duration = 60 * SECOND
"""How long a message that could go out may wait: a provider that is busy takes some tries."""
MOST_COUNTED = 10_000
LOOKED_BACK = 120
"""Rows of the log in which a sign of a live gateway is looked for: two minutes of ticks."""

_BLIND = pack([Tick(blind=True)])

_MEASURE = """
    with head as (select position, committed_at from log order by position desc limit 1),
    cursor as (select min(position) as position from monitor_cursors),
    waiting as (select position from finding_changes where taken_at is null order by position limit %(most)s)
    select
        (select committed_at from head),
        (select max(committed_at) from (
            select kind, committed_at, entries from log order by position desc limit %(back)s) newest
            where kind = 'readings' or (kind = 'tick' and entries <> %(blind)s)),
        (select coalesce(head.position - cursor.position, head.position) from head, cursor),
        (select committed_at from log where position > (select coalesce(position, 0) from cursor)
            order by position limit 1),
        (select count(*) from waiting),
        (select committed_at from log where position >= (select min(position) from waiting)
            order by position limit 1),
        (select min(due_at) from alarms where closed_at is null and due_at <= %(now)s),
        (select min(not_before) from notifications where state in ('waiting', 'sending') and not_before <= %(now)s),
        (select max(recorded_at) from alarms where canary)
"""


class Measures(NamedTuple):
    """Seconds, and counts."""

    log_age: float  # since anything was appended
    gateway_silent: float  # since a gateway appended anything
    monitor_lag_rows: int  # of the log that the monitor has not committed yet
    monitor_lag: float  # the age of the oldest of them
    findings_waiting: int  # said by the monitor, not taken by alerting; 10,000 at most
    findings_lag: float  # the age of the oldest of them
    escalation_overdue: float  # of the step that should have run first
    unsent: float  # how long the oldest message that could go out has waited
    canary_age: float  # since a canary's press last became an alarm


async def measure(connection: AsyncConnection, now: Instant) -> Measures:
    """Measure all of it."""
    asked = {"most": MOST_COUNTED, "back": LOOKED_BACK, "blind": _BLIND, "now": moment(now)}
    row = await (await connection.execute(_MEASURE, asked)).fetchone()
    assert row is not None

    def age(at: datetime | None, never: float = 0.0) -> float:
        return never if at is None else max(now - instant(at), 0) / SECOND

    log_at, gateway_at, lag_rows, lag_at, findings, findings_at, due_at, unsent_at, canary_at = row
    return Measures(
        log_age=age(log_at, inf),
        gateway_silent=age(gateway_at, inf),
        monitor_lag_rows=lag_rows or 0,
        monitor_lag=age(lag_at),
        findings_waiting=findings,
        findings_lag=age(findings_at),
        escalation_overdue=age(due_at),
        unsent=age(unsent_at),
        canary_age=age(canary_at, inf),
    )


def reasons(seen: Measures) -> list[str]:
    """Say what is too far behind, the cause before what follows from it."""
    late, unsent = LATE / SECOND, UNSENT / SECOND
    said = {
        f"nothing has been appended to the log for {_words(seen.log_age)}: neither gateway nor monitor is at work":
            late < seen.log_age,
        f"no gateway has been heard for {_words(seen.gateway_silent)}: nothing that homes send comes in":
            seen.log_age <= late < seen.gateway_silent,
        f"the monitor is {_words(seen.monitor_lag)} behind ({seen.monitor_lag_rows} rows of the log)":
            late < seen.monitor_lag,
        f"what the monitor found {_words(seen.findings_lag)} ago is no alarm yet ({seen.findings_waiting} waiting)":
            late < seen.findings_lag,
        f"an escalation step is {_words(seen.escalation_overdue)} overdue": late < seen.escalation_overdue,
        f"a message has waited {_words(seen.unsent)} to go out": unsent < seen.unsent,
    }  # fmt: skip
    return [words for words, holds in said.items() if holds]


def _words(seconds: float) -> str:
    return "as long as can be seen" if seconds == inf else in_words(round(seconds * SECOND))
