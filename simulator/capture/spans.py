"""Spans: a sensor was on from one instant to another. Both recordings are made of them.

Spans of one sensor that overlap are one (the sensor was on all the while); spans that only touch stay two,
as it did switch; one without length is a blip within a second, on and off at once.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schema.instants import Instant, instant


class Span(NamedTuple):
    """A sensor was on from `starts` to `ends`."""

    starts: Instant
    ends: Instant
    sensor: int


def by_sensor(spans: Iterable[Span]) -> dict[int, list[Span]]:
    """Return each sensor's spans in order of time, those that overlap joined."""
    sorted_spans = defaultdict[int, list[Span]](list)
    for span in sorted(spans):
        mine = sorted_spans[span.sensor]
        if mine and span.starts < mine[-1].ends:
            mine[-1] = mine[-1]._replace(ends=max(mine[-1].ends, span.ends))
        else:
            mine.append(span)
    return dict(sorted(sorted_spans.items()))


class WallClock:
    """Turns the local times of a recording, in the order it wrote them, into instants.

    Where the clock is put back and an hour passes twice, the first passing is meant unless that would
    lie before what the recording has told already. Where it is put forward over a time, that time falls
    after the jump.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._told: Instant | None = None

    def starts(self, shown: datetime) -> Instant:
        """Return the instant of a span's start; starts come in the recording's order."""
        first, second = self._passings(shown)
        at = second if self._told is not None and first < self._told <= second else first
        self._told = at
        return at

    def ends(self, shown: datetime, starts: Instant) -> Instant:
        """Return the instant of the end of a span that began at `starts`; it may lie before it, if it is bad."""
        first, second = self._passings(shown)
        return first if first >= starts else second

    def _passings(self, shown: datetime) -> tuple[Instant, Instant]:
        first, second = (instant(shown.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)) for fold in (0, 1))
        return first, max(first, second)
