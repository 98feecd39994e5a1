"""The service's own sight: when nothing that a home said could have been heard or stepped, and whose fault it was.

Two tracks, each a chain of proofs that breaks where one is missing. Pure: time comes with what is told.
- *Listening*: every second a gateway's tick proves that what was published is in the log. Where none comes, the
  sight is lost half-way between the last and the one that was due, and back when the gateway heard the broker again:
  its tick says since when. A gateway that had to drain a backlog first was blind until it had.
- *Watching*: the monitor has stepped what the log holds. Rows that wait, or a monitor that was not there, break it.

Which of them failed is told by looking while it lasts: the database was away or began anew; no gateway is connected
to the database; one is, and hears no broker; one hears it, and drains.
"""

from typing import NamedTuple

import msgspec

from schema.coverage import Cause, What
from schema.entries import Tick
from schema.instants import MILLISECOND, SECOND, Duration, Instant

BLINK: Duration = 3 * SECOND
"""What is no longer than this is no gap: a tick may be late by a second or two."""
LATE: Duration = 4 * SECOND
"""How long proofs must be missing before sight is said to be lost now."""
HALF: Duration = 500 * MILLISECOND
"""Proofs come each second: where one is missing, sight was lost half a second after the last, give or take as much."""
SETTLES: Duration = 8 * SECOND
"""How soon after connecting a gateway without a backlog ticks (`gateway.marks.SETTLING`, a round, and some)."""
_KEPT = 64


class Change(msgspec.Struct, frozen=True):
    """A gap that begins, ends, or is known better: the newest word on (what, home, device, began) counts."""

    what: What
    cause: Cause
    began: Instant
    ended: Instant | None = None  # None: still; not later than `began`: it was none
    home: str | None = None
    device: int | None = None  # devices.number


class Look(NamedTuple):
    """What the database tells at one moment, beside the log's rows."""

    at: Instant  # by the database's clock, as the log's is
    unstepped_since: Instant | None  # since when the oldest row that the monitor has not stepped is in the log
    gateway_since: Instant | None  # since when a gateway holds its connections to the database; None: there is none
    database_since: Instant  # since when the database runs


class Sight:
    """The two tracks, as of the last row and the last look."""

    def __init__(self) -> None:
        self.seen: Instant = 0  # the last tick that proved that everything is heard; 0: none ever
        self.gaps: list[tuple[Instant, Instant]] = []  # the newest of both tracks that have ended
        self._deaf: Change | None = None
        self._absent: Change | None = None
        self._failing: Cause | None = None  # whose fault it looks like while no proof comes
        self._draining = False
        self._away: tuple[Instant, Instant] = (0, 0)  # when the database did not answer, by our own clock

    @property
    def lost_since(self) -> Instant | None:
        """Since when the service cannot see; None while it can."""
        open_ = [each.began for each in (self._deaf, self._absent) if each is not None]
        return min(open_, default=None)

    def spans(self, at: Instant) -> list[tuple[Instant, Instant]]:
        """Return when nothing could be seen, up to a row of the log at `at`: what is under way is in it."""
        spans = list(self.gaps)
        if self.seen and at - self.seen > BLINK:
            spans.append((self.seen + HALF, at))
        if self._absent is not None and self._absent.began < at:
            spans.append((self._absent.began, at))
        return spans

    def resume(self, seen: Instant, looked_at: Instant, now: Instant, open_gaps: list[Change]) -> list[Change]:
        """Take up where another monitor left off: its last proof, its last look, the gaps it left open."""
        self.seen = seen
        self._deaf = next((each for each in open_gaps if each.what == "listening"), None)
        self._absent = next((each for each in open_gaps if each.what == "watching"), None)
        if self._absent is None and looked_at and now - looked_at > BLINK:
            self._absent = Change("watching", "monitor", looked_at + HALF // 2)  # looks come twice a second
            return [self._absent]
        return []

    def away(self, since: Instant, until: Instant) -> None:
        """Learn that the database did not answer between the two."""
        if until - since > SECOND:
            self._away = (since, until)

    def suspect(self, look: Look) -> None:
        """Note whose fault it would be that no proof came: before the rows are read, one of which may be the next."""
        self._failing = self._whose_fault(look) if look.at - self.seen > BLINK else None

    def look(self, look: Look) -> list[Change]:
        """Judge what is told beside the log, once every row up to then was told."""
        changes = self._look_at_stepping(look)
        self.suspect(look)
        if not self.seen or self._failing is None:
            return changes
        if self._deaf is None and look.at - self.seen > LATE:
            self._deaf = Change("listening", self._failing, self.seen + HALF)
            changes.append(self._deaf)
        elif self._deaf is not None and _rank(self._failing) > _rank(self._deaf.cause):
            self._deaf = msgspec.structs.replace(self._deaf, cause=self._failing)
            changes.append(self._deaf)
        return changes

    def tick(self, at: Instant, tick: Tick) -> list[Change]:
        """Take in a tick of the log."""
        if tick.blind or at <= self.seen:
            return []
        if tick.behind:
            self._draining = True
            return []
        before, self.seen = self.seen, at
        self._draining = False
        if self._deaf is None and (not before or at - before <= BLINK):
            self._failing = None
            return []
        gap = self._deaf or Change("listening", self._failing or "gateway", before + HALF)
        self._deaf = self._failing = None
        return [self._end(gap, _heard_from(before, at, tick.hearing_since))]

    def _look_at_stepping(self, look: Look) -> list[Change]:
        waiting = look.unstepped_since
        behind = waiting is not None and look.at - waiting > BLINK
        if self._absent is not None:
            if not behind:
                gap, self._absent = self._absent, None
                return [self._end(gap, look.at)]
            if look.database_since > self._absent.began and self._absent.cause != "database":
                self._absent = msgspec.structs.replace(self._absent, cause="database")
                return [self._absent]
        elif waiting is not None and look.at - waiting > LATE:
            self._absent = Change("watching", "monitor", waiting)
            return [self._absent]
        return []

    def _whose_fault(self, look: Look) -> Cause:
        began = self._deaf.began if self._deaf else self.seen
        if look.database_since > began or self._away[1] > began:
            return "database"
        if look.gateway_since is None or look.gateway_since > began:
            return "gateway"
        return "backlog" if self._draining else "broker"

    def _end(self, gap: Change, at: Instant) -> Change:
        ended = msgspec.structs.replace(gap, ended=max(at, gap.began))
        self.gaps = [*self.gaps[1 - _KEPT :], (ended.began, max(at, gap.began))]
        return ended


def _heard_from(before: Instant, at: Instant, hearing_since: Instant) -> Instant:
    """Return when sight was back, of which the tick at `at` is the first proof."""
    if before < hearing_since <= at and at - hearing_since <= SETTLES:
        return hearing_since
    return at - HALF


def _rank(cause: Cause) -> int:
    """Order causes by how much each explains: a database that is away silences the gateway as well."""
    return ("backlog", "broker", "gateway", "database").index(cause) if cause != "monitor" else -1
