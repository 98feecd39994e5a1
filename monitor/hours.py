"""Windows and times of day of one zone, remembered: readings come by the million, midnights do not.

Pure for all that: what is remembered follows from the text and the zone alone.
"""

from schema.instants import Instant
from schema.localtime import between, next_opening, next_time, window


class Hours:
    """The hours in which a rule's clock may start: `22:00-07:00`, or round the clock where there is no text."""

    __slots__ = ("_opening", "_span", "_text", "_zone", "always")

    def __init__(self, text: str | None, zone: str) -> None:
        opens, closes = between(text) if text else (None, None)
        self.always = opens == closes
        self._text = text or ""
        self._zone = zone
        self._span: tuple[Instant, Instant] = (0, 0)  # the window last found
        self._opening: tuple[Instant, Instant] = (0, 0)  # [from, opening): outside, and when it next opens

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hours) and (self._text, self._zone) == (other._text, other._zone)

    def __hash__(self) -> int:
        return hash((self._text, self._zone))

    def around(self, at: Instant) -> tuple[Instant, Instant] | None:
        """Return (opens, closes) of the window that holds `at`, half-open; None outside, or where it never closes."""
        if self.always:
            return None
        opens, closes = self._span
        if opens <= at < closes:
            return self._span
        shut_from, opening = self._opening
        if shut_from <= at < opening:
            return None
        return self._look_up(at)

    def start(self, onset: Instant) -> Instant:
        """Return the first moment from `onset` on at which a clock may start."""
        if self.always or self.around(onset) is not None:
            return onset
        return self._opening[1]

    def _look_up(self, at: Instant) -> tuple[Instant, Instant] | None:
        found = window(self._text, self._zone, at)
        if found is None:
            self._opening = (at, next_opening(self._text, self._zone, at))
        else:
            self._span = found
        return found


class Daily:
    """A time of day, and when it next comes round."""

    __slots__ = ("_clock", "_known", "_zone")

    def __init__(self, clock: str, zone: str) -> None:
        self._clock = clock
        self._zone = zone
        self._known: tuple[Instant, Instant] = (0, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Daily) and (self._clock, self._zone) == (other._clock, other._zone)

    def __hash__(self) -> int:
        return hash((self._clock, self._zone))

    def after(self, at: Instant) -> Instant:
        """Return the first instant later than `at` at which the zone's clock shows the time."""
        since, coming = self._known
        if not since <= at < coming:
            coming = next_time(self._clock, self._zone, at)
            self._known = (at, coming)
        return coming
