"""Rehearsals: what a draft would have raised of one person's last days, beside what is set now.

The console asks and the monitor answers; here stands what passes between them (table `rehearsals`), and what a
draft is: a whole plan, or one rule that takes the place of the one with its id in the plan that is set now.
"""

import msgspec

from schema.alarms import Certainty, Kind, Priority
from schema.instants import DAY, Duration, Instant
from schema.plans import AnyRule, CarePlan

MOST_DAYS = 28
WARM_UP: Duration = 2 * DAY
"""How long before its first day a rehearsal begins to read: what was going on by then is known, and not raised anew."""
CHANNEL, ANSWERED = "rehearsals", "rehearsed"
"""Notified when one is asked for, and when one is answered: hints, never guarantees."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be rehearsed: a plan, or a rule; neither: the plan that is set now."""

    plan: CarePlan | None = None
    rule: AnyRule | None = None

    def over(self, now: CarePlan | None) -> CarePlan | None:
        """Return the plan this makes of the one set now; a plan's start is no matter, it is tried on what was."""
        if self.plan is not None:
            return self.plan
        if self.rule is None:
            return now
        rules = now.rules if now else ()
        others = [each.stable_id for each in rules]
        if self.rule.stable_id not in others:
            return CarePlan(rules=(*rules, self.rule))
        return CarePlan(rules=tuple(self.rule if each.stable_id == self.rule.stable_id else each for each in rules))


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of a rehearsal, from being raised to being over."""

    finding: str  # schema.findings.finding_id: the same where it is the same occurrence
    rule: str
    rule_name: str
    kind: Kind
    device: str | None
    priority: Priority
    certainty: Certainty
    onset: Instant
    raised_at: Instant
    cleared_at: Instant | None
    reason: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence: what the draft says of it, and what is set now; one of the two may not raise it at all."""

    draft: Raised | None
    set_now: Raised | None
    raised_then: bool  # it was in fact raised, by the plan of its time

    @property
    def shown(self) -> Raised:
        """Return the draft's word, or the plan's where the draft has none."""
        found = self.draft or self.set_now
        assert found is not None
        return found


class Unseen(msgspec.Struct, frozen=True):
    """A span in which the service heard nothing: no absence of readings counts in it."""

    began: Instant
    ended: Instant


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: occurrences raised in the span, in order of raising."""

    person: str
    zone: str
    start: Instant
    end: Instant
    readings: int  # folded, those before `start` that it warmed up on included
    found: tuple[Compared, ...]
    unseen: tuple[Unseen, ...] = ()
