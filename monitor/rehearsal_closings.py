"""The human of a rehearsal: closes what only a human ends, and nobody did, before it would hide the next. Pure.

What was raised in fact was closed in fact, and the record of it is in the log: a rehearsal of the very plan that was
set must say what was said. What only the draft raises nobody ever closed; it is taken as closed at once, as in a
replay: a call before the next one of another minute, what was judged in the morning before the next morning. What
ends by itself (a bed left, a silence, an open door) is left to end.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from schema.entries import AlarmClosed, ReadingEntry
from schema.findings import Finding, FindingChange
from schema.instants import HOUR, SECOND, Duration, Instant

SAME_CALL: Duration = 30 * SECOND
"""Calls that follow each other within this are one: a button pressed three times."""
A_DAY: Duration = 20 * HOUR
"""What was judged in the morning is closed before the next is, also where the clock is put forward."""
CALLING = frozenset({"button", "fall", "impact"})
DAILY = frozenset({"not_up", "missed_pills"})
_MAY_CALL = frozenset({"button", "fall", "acceleration"})
_TAKEN_BACK = frozenset({"cancelled", "recovered"})


class Closings:
    """What is open that nobody closed in fact, and when it is to be closed. `recorded`: ids raised in fact."""

    def __init__(self, recorded: AbstractSet[str]) -> None:
        self._recorded = recorded
        self._open: dict[str, Finding] = {}
        self._called_at: dict[str, Instant] = {}

    def heed(self, changes: Iterable[FindingChange]) -> None:
        """Take in what was said of findings."""
        for change in changes:
            finding = change.finding
            if change.change == "cleared":
                self._forget(finding.id)
            elif finding.rule_name in CALLING | DAILY and finding.id not in self._recorded:
                self._open[finding.id] = finding
                self._called_at[finding.id] = change.at

    @property
    def idle(self) -> bool:
        """Whether there is nothing to close."""
        return not self._open

    def next_due(self) -> Instant | None:
        """Return when the next is to be closed by itself."""
        if not self._open:
            return None
        return min((each.raised_at + A_DAY for each in self._daily()), default=None)

    def due(self, at: Instant) -> AlarmClosed | None:
        """Close what its day is over for."""
        return self._close(at, [each for each in self._daily() if each.raised_at + A_DAY <= at])

    def before(self, entry: ReadingEntry, at: Instant) -> AlarmClosed | None:
        """Close the calls that this reading would join, where it is another call."""
        if not self._open or entry.kind not in _MAY_CALL or entry.value in _TAKEN_BACK:
            return None
        calls = [each for each in self._open.values() if each.rule_name in CALLING]
        return self._close(at, [each for each in calls if at - self._called_at[each.id] > SAME_CALL])

    def _daily(self) -> list[Finding]:
        return [each for each in self._open.values() if each.rule_name in DAILY]

    def _close(self, at: Instant, findings: list[Finding]) -> AlarmClosed | None:
        if not findings:
            return None
        for finding in findings:
            self._forget(finding.id)
        return AlarmClosed(findings[0].subject, tuple(each.id for each in findings), at)

    def _forget(self, finding: str) -> None:
        self._open.pop(finding, None)
        self._called_at.pop(finding, None)
