"""The human of a replay: closes what only a human ends, before it would hide the next of its kind.

A press and a fall run until somebody closes their alarm, and so does a morning or a dose that was missed,
unless evidence clears it. What is still open when the next comes would take it in; here each is an
occurrence of its own. What ends by itself (a bed left, a silence, an open door) is left to end: closing that
would only restart its clock and report it again.
"""

import re
from collections.abc import Iterable

from gateway import prepare
from gateway.dialects import topics
from gateway.identity import CALLS
from gateway.message import message
from gateway.registry import Directory
from gateway.store import Key, key
from schema.entries import AlarmClosed
from schema.findings import Finding, FindingChange
from schema.instants import HOUR, SECOND, Duration, Instant
from simulator.capture.lines import Line

SAME_CALL: Duration = 30 * SECOND
"""Calls that follow each other within this are one: a hub that repeats itself, a button pressed three times.

Windows of acceleration are none: each is judged for itself, and the rule knows the same impact again.
"""
A_DAY: Duration = 20 * HOUR
"""What was judged in the morning is closed before the next is, also where the clock is put forward."""

_CALLING = frozenset({"button", "fall", "impact"})
_MAY_BE_CALLS = CALLS | {("acceleration", "window")}
_DAILY = frozenset({"not_up", "missed_pills", "visit_missed", "restless_night"})
_MAY_CALL = re.compile(rb"button|fall|action|sos|acceleration")


class Closings:
    """What is open, and when it is to be closed. Told of everything the monitor says."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._open: dict[str, Finding] = {}
        self._called_at: dict[str, Instant] = {}
        self._known = set[Key]()

    def heed(self, changes: Iterable[FindingChange]) -> None:
        """Take in what was said of findings."""
        for change in changes:
            finding = change.finding
            if change.change == "cleared":
                self._forget(finding.id)
            elif finding.rule_name in _CALLING | _DAILY and finding.subject_kind != "service":
                self._open[finding.id] = finding
                self._called_at[finding.id] = change.at

    def next_due(self) -> Instant | None:
        """Return when the next is to be closed by itself."""
        return min((_closes(finding) for finding in self._open.values() if finding.rule_name in _DAILY), default=None)

    def due(self, at: Instant) -> list[AlarmClosed]:
        """Close what its day is over for."""
        return self._close(
            at, (each for each in self._open.values() if each.rule_name in _DAILY and _closes(each) <= at)
        )

    def before(self, line: Line) -> list[AlarmClosed]:
        """Close the calls that the line would join, where it is another call."""
        anew = self._calls_anew(line) if _MAY_CALL.search(line.payload) else frozenset[str]()
        if not anew:
            return []
        address = topics.read(line.topic)
        home = address.home if address else None
        over = (each for each in self._open.values() if each.rule_name in _CALLING and each.home == home)
        return self._close(line.at, (each for each in over if self._is_over(each, line.at, anew)))

    def _is_over(self, finding: Finding, at: Instant, anew: frozenset[str]) -> bool:
        if finding.rule_name == "impact" and "acceleration" in anew:
            return at > self._called_at[finding.id]
        return anew != {"acceleration"} and at - self._called_at[finding.id] > SAME_CALL

    def _calls_anew(self, line: Line) -> frozenset[str]:
        """Return by what kinds of reading the line calls for help, and not with the same call once more."""
        arrived = message(line.topic, line.payload, line.at)
        prepared = prepare.prepare(arrived, prepare.read(arrived), self._directory)
        entries = (candidate.entry for candidate in prepared.candidates)
        calls = {key(entry): entry.kind for entry in entries if (entry.kind, entry.value) in _MAY_BE_CALLS}
        anew = {kind for call, kind in calls.items() if call not in self._known} | {
            each.kind for each in prepared.presses
        }
        self._known |= calls.keys()
        return frozenset(anew)

    def _close(self, at: Instant, findings: Iterable[Finding]) -> list[AlarmClosed]:
        closed = list(findings)
        for finding in closed:
            self._forget(finding.id)
        return [AlarmClosed(finding.subject, (finding.id,), at) for finding in closed]

    def _forget(self, finding: str) -> None:
        self._open.pop(finding, None)
        self._called_at.pop(finding, None)


def _closes(finding: Finding) -> Instant:
    return finding.raised_at + A_DAY
