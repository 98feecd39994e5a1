"""Rehearsal: what a plan would have raised of a person's last days. The same fold over the same log, and pure.

Promises
- Rehearsing the plan that was set, on days that all lie within the history, raises what was raised, to the id.
- Nothing is written and nobody is told.

The log's ticks are the ones that were (`rehearsal_ticks`), as a clock that starts anew does so at a tick; those at
which nothing is due are passed over. Before they were kept, the whole seconds stand for them. An alarm that was raised
in fact is closed where the record has it closed; another as `rehearsal_closings` says. What began long before the days
in question is known from `WARM_UP` on, and no finding of those two days is given.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from monitor.fold import Fold
from monitor.rehearsal_closings import Closings
from schema.entries import AlarmClosed, Entry, PersonSet, PlanSet, ReadingEntry, Tick
from schema.findings import FindingChange
from schema.instants import SECOND, Instant
from schema.plans import CarePlan
from schema.rehearsals import Compared, Raised

_SLICE = 128
_LIVE = Tick()


class Past(NamedTuple):
    """What is known of a person's days, all in the log's order and time."""

    person: str
    zone: str
    since: Instant  # from here on the readings are whole
    plan: CarePlan | None  # set now
    facts: Sequence[tuple[Instant, Entry]]  # of the person, of whoever lives with them, of their homes
    readings: Sequence[tuple[Instant, ReadingEntry]]
    ticks: Sequence[Instant]  # in order
    marked: Mapping[Instant, Tick]  # those that came behind or blind
    unseen: Sequence[tuple[Instant, Instant]]  # spans in which the service heard nothing, to be told
    recorded: AbstractSet[str]  # ids of findings raised in fact


class Rehearsal:
    """One going through of the past; `said` is everything the monitor would have said, in order."""

    def __init__(self, past: Past, plan: CarePlan | None) -> None:
        self.said = list[FindingChange]()
        self._past = past
        self._fold = Fold(lambda key: key == past.person)
        self._closings = Closings(past.recorded)
        self._facts = _in_force(past, plan)
        self._turns = _turns(past.ticks, past.marked)
        self._position = 0
        self._row_at: Instant = 0
        self._ticked_at: Instant = 0

    def play(self, until: Instant) -> Iterator[int]:
        """Go through it up to `until`; hands back how many readings are done, now and then, for whoever shares us."""
        facts, may_be_due = iter(self._facts), self._fold.may_be_due
        fact = next(facts, None)
        for number, (at, entry) in enumerate(self._past.readings):
            while fact is not None and fact[0] < at:
                self._take(*fact)
                fact = next(facts, None)
            if may_be_due(at) or not self._closings.idle or self._turns:
                self._pass_until(at)
                closed = self._closings.before(entry, at)
                if closed is not None:
                    self._fold_in(at, closed)
            self._fold_in(at, entry)
            if number % _SLICE == 0:
                yield number
        while fact is not None and fact[0] <= until:
            self._take(*fact)
            fact = next(facts, None)
        self._pass_until(until)
        yield len(self._past.readings)

    def _take(self, at: Instant, fact: Entry) -> None:
        self._pass_until(at)
        self._fold_in(at, fact)

    def _fold_in(self, at: Instant, entry: Entry) -> None:
        if at != self._row_at:
            self._position += 1
            self._row_at = at
        said = self._fold.row(self._position, at, (entry,))
        if said:
            self.said += said
            self._closings.heed(said)

    def _next_due(self) -> Instant | None:
        due, closing = self._fold.next_due(), self._closings.next_due()
        if due is None or closing is None:
            return closing if due is None else due
        return min(due, closing)

    def _pass_until(self, at: Instant) -> None:
        """Let the ticks pass at which something is due, or the service falls blind or sees again."""
        while True:
            due, turn = self._next_due(), self._turns[-1] if self._turns else None
            tick = None if due is None or due > at else self._tick_from(due)
            if turn is not None and (tick is None or turn <= tick):
                tick = turn
            if tick is None or tick > at:
                return
            if tick == turn:
                self._turns.pop()
            self._tick(tick)

    def _tick_from(self, due: Instant) -> Instant:
        """Return the first tick that comes at `due` or later, and after all there was."""
        ticks, earliest = self._past.ticks, max(due, self._row_at + 1, self._ticked_at + 1)
        if len(ticks) and ticks[0] <= earliest <= ticks[-1]:
            return int(ticks[bisect_left(ticks, earliest)])
        return -(-earliest // SECOND) * SECOND

    def _tick(self, at: Instant) -> None:
        self._ticked_at = at
        closed = self._closings.due(at)
        if closed is not None:
            self._fold_in(at, closed)
        self._fold_in(at, self._past.marked.get(at, _LIVE))


def compared(
    draft: Sequence[FindingChange], now: Sequence[FindingChange], start: Instant, recorded: AbstractSet[str]
) -> tuple[Compared, ...]:
    """Return each occurrence raised from `start` on, by the draft, by what is set now, or by both; in order."""
    by_draft, by_now = _raised(draft, start), _raised(now, start)
    found = [
        Compared(draft=by_draft.get(each), set_now=by_now.get(each), raised_then=each in recorded)
        for each in {**by_draft, **by_now}
    ]
    return tuple(sorted(found, key=lambda each: (each.shown.raised_at, each.shown.finding)))


def _raised(changes: Sequence[FindingChange], start: Instant) -> dict[str, Raised]:
    found: dict[str, Raised] = {}
    for change in changes:
        finding = change.finding
        if finding.subject_kind != "person":
            continue
        before = found.get(finding.id)
        fields = {name: getattr(finding, name) for name in Raised.__struct_fields__ if hasattr(finding, name)}
        fields |= {"finding": finding.id, "cleared_at": before.cleared_at if before else None}
        fields["raised_at"] = before.raised_at if before else finding.raised_at
        if change.change == "cleared":
            fields["cleared_at"] = change.at
        found[finding.id] = Raised(**fields)
    return {id_: each for id_, each in found.items() if each.raised_at >= start}


def _in_force(past: Past, plan: CarePlan | None) -> list[tuple[Instant, Entry]]:
    """Return the facts with this plan in place of all the person's own, from where the first of them stood."""
    own = [at for at, fact in past.facts if isinstance(fact, PlanSet) and fact.person == past.person]
    first = next((at for at, fact in past.facts if isinstance(fact, PersonSet) and fact.person == past.person), 0)
    begins = max(own[0] if own else first, first)
    if begins > past.since:
        begins = first  # set within these days: tried from the first of them all the same
    facts = list[tuple[Instant, Entry]]()
    tried = None if plan is None else msgspec.structs.replace(plan, starts=None, reason="", author="")
    rehearsed = None if tried is None else PlanSet(past.person, 1, tried)
    for at, fact in past.facts:
        if isinstance(fact, AlarmClosed) and at < past.since:
            continue
        if rehearsed is not None and at > begins:
            facts.append((max(begins, past.since if first < past.since else 0), rehearsed))
            rehearsed = None
        if not (isinstance(fact, PlanSet) and fact.person == past.person):
            facts.append((max(at, past.since) if first < past.since else at, fact))
    if rehearsed is not None:
        facts.append((max(begins, past.since if first < past.since else 0), rehearsed))
    return facts


def _turns(ticks: Sequence[Instant], marked: Mapping[Instant, Tick]) -> list[Instant]:
    """Return the ticks that fall blind, and those that see again, the next one last."""
    blind = {at for at, tick in marked.items() if tick.blind}
    turns = set[Instant]()
    for at in blind:
        place = bisect_left(ticks, at)
        if place == 0 or int(ticks[place - 1]) not in blind:
            turns.add(at)
        if place + 1 < len(ticks) and int(ticks[place + 1]) not in blind:
            turns.add(int(ticks[place + 1]))
    return sorted(turns, reverse=True)
