"""Spans of time: sorted, half-open, and what is done with them here. Pure."""

from bisect import bisect_right
from collections.abc import Iterable

from schema.instants import Duration, Instant

Span = tuple[Instant, Instant]


def joined(spans: Iterable[Span], gap: Duration = 0) -> list[Span]:
    """Return the spans in order, those that overlap or lie no further apart than `gap` made one."""
    whole: list[Span] = []
    for begins, ends in sorted(spans):
        if whole and begins <= whole[-1][1] + gap:
            whole[-1] = whole[-1][0], max(whole[-1][1], ends)
        else:
            whole.append((begins, ends))
    return whole


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return what of the spans lies in none of the others."""
    left = joined(spans)
    for begins, ends in joined(others):
        left = [
            part
            for since, until in left
            for part in ((since, min(until, begins)), (max(since, ends), until))
            if part[0] < part[1]
        ]
    return left


def holds(spans: list[Span], at: Instant) -> bool:
    """Tell whether one of the spans, which are joined, holds the instant."""
    index = bisect_right(spans, (at, 1 << 62))
    return bool(index) and spans[index - 1][0] <= at < spans[index - 1][1]


def length(spans: Iterable[Span]) -> Duration:
    """Return how long they are together."""
    return sum(ends - begins for begins, ends in spans)


def moment_in(spans: list[Span], part: float) -> Instant:
    """Return the moment at this part (0 to 1) of all the time in the spans."""
    left = int(part * length(spans))
    for begins, ends in spans:
        if left < ends - begins:
            return begins + left
        left -= ends - begins
    return spans[-1][1] - 1
