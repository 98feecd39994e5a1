"""Coverage as the person's page draws it: a line a rule with its gaps as bars, and every gap once, in words."""

from typing import NamedTuple

from alerting.console import coverage_words
from alerting.console.coverage_models import GapSaid, PersonCovered, RuleCovered
from schema.instants import HOUR, SECOND, Instant, instant
from schema.localtime import clock_text

WIDTH = 1440  # of the drawing, whatever the span
_THINNEST = 4  # so that a gap of seconds is there to be seen
_QUARTERS = 4
MOST_SAID = 12


class Bar(NamedTuple):
    """A gap as drawn: from where, how wide; `partly` where others could see."""

    x: int
    width: int
    partly: bool


class Line(NamedTuple):
    """One rule."""

    says: str
    unseen: str  # how long in words; empty: it could see all the time
    now: bool  # it cannot see at this moment
    bars: list[Bar]


class Said(NamedTuple):
    """A gap in words, and which rules it is about (none: all of them)."""

    words: str
    now: bool
    partly: bool
    about: list[str]


class Plot(NamedTuple):
    """All of it."""

    lines: list[Line]
    said: list[Said]  # what goes on first, then the newest
    left_out: int  # gaps that are not said for want of room
    hours: list[str]  # on the home's clock, at every quarter of the span
    unknown: list[str]
    kept_since: Instant | None  # where that is within the span


def plot(covered: PersonCovered, zone: str) -> Plot:
    """Return what to draw of it."""
    start, end = instant(covered.from_), instant(covered.until)
    said = _said(covered)
    since = None if covered.kept_since is None else instant(covered.kept_since)
    return Plot(
        lines=[_line(rule, start, end) for rule in covered.rules],
        said=said[:MOST_SAID],
        left_out=max(len(said) - MOST_SAID, 0),
        hours=[clock_text(start + (end - start) * n // _QUARTERS, zone) for n in range(_QUARTERS)] + ["now"],
        unknown=covered.unknown,
        kept_since=since if since is not None and since > start + HOUR // 60 else None,
    )


def _line(rule: RuleCovered, start: Instant, end: Instant) -> Line:
    bars = [_bar(gap, start, end, partly=False) for gap in rule.gaps]
    bars += [_bar(gap, start, end, partly=True) for gap in rule.partly]
    unseen = int(rule.seconds_unseen * SECOND)
    return Line(
        says=rule.says,
        unseen=coverage_words.length(unseen) if unseen else "",
        now=any(gap.until is None for gap in rule.gaps),
        bars=bars,
    )


def _bar(gap: GapSaid, start: Instant, end: Instant, *, partly: bool) -> Bar:
    began = instant(gap.from_) - start
    ended = (end if gap.until is None else instant(gap.until)) - start
    x = began * WIDTH // (end - start)
    width = max(ended * WIDTH // (end - start) - x, _THINNEST)
    return Bar(min(x, WIDTH - width), width, partly)


def _said(covered: PersonCovered) -> list[Said]:
    """Return each gap once, though it may be in the way of several rules."""
    about: dict[tuple[str, bool], list[str]] = {}
    gaps: dict[tuple[str, bool], GapSaid] = {}
    for rule in covered.rules:
        for partly, found in ((False, rule.gaps), (True, rule.partly)):
            for gap in found:
                about.setdefault((gap.words, partly), []).append(rule.says)
                gaps[gap.words, partly] = gap
    order = sorted(gaps, key=lambda each: (gaps[each].until is not None, each[1], -instant(gaps[each].from_)))
    return [
        Said(
            words=words,
            now=gaps[words, partly].until is None,
            partly=partly,
            about=[] if len(about[words, partly]) == len(covered.rules) else about[words, partly],
        )
        for words, partly in order
        if not partly or (words, False) not in gaps
    ]
