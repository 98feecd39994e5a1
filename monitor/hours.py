"""Windows and times of day of one zone, remembered: readings come by the million, midnights do not.

Pure for all that: what is remembered follows from the text and the zone alone.
"""

from bisect import bisect_right, insort

from schema.instants import Instant
from schema.localtime import between, last_time, next_opening, next_time, window

_REMEMBERED = 64


class _Spans:
    """Spans of time that do not overlap, half-open, each with what was found of it."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[Instant, Instant, Instant]] = []

    def find(self, at: Instant) -> tuple[Instant, Instant, Instant] | None:
        """Return (since, until, what was found) of the span that holds `at`."""
        spans = self._spans
        index = bisect_right(spans, (at, _FOR_EVER, _FOR_EVER))
        if index and at < spans[index - 1][1]:
            return spans[index - 1]
        return None

    def add(self, since: Instant, until: Instant, found: Instant) -> None:
        """Remember; what is overlapped is forgotten."""
        kept = self._spans if len(self._spans) < _REMEMBERED else []
        self._spans = [each for each in kept if each[1] <= since or until <= each[0]]
        insort(self._spans, (since, until, found))


_FOR_EVER: Instant = 1 << 62
_SHUT: Instant = -1


class Hours:
    """The hours in which a rule's clock may start: `22:00-07:00`, or round the clock where there is no text."""

    __slots__ = ("_known", "_text", "_zone", "always")

    def __init__(self, text: str | None, zone: str) -> None:
        opens, closes = between(text) if text else (None, None)
        self.always = opens == closes
        self._text = text or ""
        self._zone = zone
        self._known = _Spans()  # windows with their opening, and _SHUT between them

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hours) and (self._text, self._zone) == (other._text, other._zone)

    def __hash__(self) -> int:
        return hash((self._text, self._zone))

    def around(self, at: Instant) -> tuple[Instant, Instant] | None:
        """Return (opens, closes) of the window that holds `at`, half-open; None outside, or where it never closes."""
        if self.always:
            return None
        since, until, opens = self._known.find(at) or self._look_up(at)
        return None if opens == _SHUT else (since, until)

    def start(self, onset: Instant) -> Instant:
        """Return the first moment from `onset` on at which a clock may start."""
        if self.always:
            return onset
        _, until, opens = self._known.find(onset) or self._look_up(onset)
        return until if opens == _SHUT else onset

    def _look_up(self, at: Instant) -> tuple[Instant, Instant, Instant]:
        found = window(self._text, self._zone, at)
        opening = next_opening(self._text, self._zone, at) if found is None else 0
        span = (at, opening, _SHUT) if found is None else (*found, found[0])
        self._known.add(*span)
        return span


class Daily:
    """A time of day, and when it next comes round."""

    __slots__ = ("_clock", "_known", "_zone")

    def __init__(self, clock: str, zone: str) -> None:
        self._clock = clock
        self._zone = zone
        self._known = _Spans()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Daily) and (self._clock, self._zone) == (other._clock, other._zone)

    def __hash__(self) -> int:
        return hash((self._clock, self._zone))

    def after(self, at: Instant) -> Instant:
        """Return the first instant later than `at` at which the zone's clock shows the time."""
        known = self._known.find(at)
        if known is None:
            known = (last_time(self._clock, self._zone, at), next_time(self._clock, self._zone, at), 0)
            self._known.add(*known)
        return known[1]
