"""Instants and durations, as whole microseconds.

The log, the fold and every deadline count in these, so that time compares, subtracts and packs exactly
and at the speed of integers. Datetimes appear only at the edges (SQL, JSON, the screen).
"""

from datetime import UTC, datetime, timedelta

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""
Duration = int
"""Microseconds."""

MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(moment: datetime) -> Instant:
    """Return the instant of an aware datetime; a naive one raises TypeError rather than guess its zone."""
    since = moment - _EPOCH  # in whole numbers, and faster than dividing it by a microsecond
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def moment(at: Instant) -> datetime:
    """Return the instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def parse_instant(text: str) -> Instant:
    """Read an ISO 8601 time with an offset or `Z`; ValueError if it is not one or names no offset."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"'{text}' names no time zone; expected for example 2026-11-22T02:14:03.120Z")
    return instant(parsed)


def iso(at: Instant) -> str:
    """Write the instant as contracts do: `2026-11-22T02:14:03.120Z`, to the millisecond."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_millisecond(at: Instant) -> Instant:
    """Truncate to the millisecond: identities carry no finer time, as devices disagree below it."""
    return at - at % MILLISECOND


def in_words(span: Duration) -> str:
    """Say a duration as a person would: `40 s`, `17 min`, `2 h 5 min`, `3 days`."""
    seconds = max(span, 0) // SECOND
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        hours, minutes = divmod(seconds // 60, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds // 86400} days"
