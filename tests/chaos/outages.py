"""When the parts of the service were away, and what that leaves of a deadline. Pure.

**Late after recovery**, exactly: a deadline was due at `due` and fired at `fired`. Between the two, cut out every
span in which a part it needs was away. The *longest unbroken stretch* that is left is how late it fired: the time
for which all it needs was back, and it had not fired yet. (With one outage that is `fired - max(due, recovery)`; with
several it is never less than what any single recovery says.)

What counts as away, each span taken from outside, never by the service's own word:
- a process, from its kill until its successor is back: broker and database answer, a service says that it has
  started (its interpreter and imports, a second or two, are away; longer than 15 s counts as late);
- a link, while the proxy stalls, refuses or swallows;
- the backlog, while any reading that a device observed more than a second ago does not stand in the log yet.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from schema.instants import SECOND, Duration, Instant

Span = tuple[Instant, Instant]
PROMPT: Duration = SECOND
"""How old a reading may be before one that is not in the log yet counts as backlog."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans joined where they touch, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif end > start:
            joined.append((start, end))
    return joined


def backlog(readings: Iterable[tuple[Instant, Instant]], prompt: Duration = PROMPT) -> list[Span]:
    """Return when some reading (observed, committed) was more than `prompt` old and not committed."""
    return merged((observed + prompt, committed) for observed, committed in readings if committed > observed + prompt)


def late_by(due: Instant, fired: Instant, away: Sequence[Span]) -> Duration:
    """Return the longest stretch between due and fired in which nothing was away; `away` as `merged` returns it."""
    longest, since = 0, due
    for start, end in away[max(bisect_left(away, (due,)) - 1, 0) :]:
        if start >= fired:
            break
        longest = max(longest, start - since)
        since = max(since, end)
    return max(longest, fired - since, 0)


def whole_again(at: Instant, away: Sequence[Span]) -> Instant:
    """Return when nothing is away any more of what was away at `at`; `at` itself where all was whole."""
    for start, end in away[max(bisect_left(away, (at,)) - 1, 0) :]:
        if start <= at < end:
            return end
    return at


def needed(spans: Mapping[str, Sequence[Span]], parts: Iterable[str]) -> list[Span]:
    """Return when any of the parts was away."""
    return merged(span for part in parts for span in spans.get(part, ()))


def recoveries(away: Sequence[Span]) -> list[Duration]:
    """Return how long each outage lasted, whole."""
    return [end - start for start, end in away]
