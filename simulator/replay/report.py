"""What a replay found: one entry for each occurrence, as if each were closed by a human at once.

Made of what the monitor said of each finding, and of nothing else: raised, updated, cleared.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from schema.findings import FindingChange
from schema.instants import iso


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm of the report; times as `2026-11-22T02:14:03.120Z`. `person` is null where it is a home's."""

    person: str | None
    rule: str
    kind: str
    device: str | None
    onset: str
    raised_at: str
    cleared_at: str | None
    priority: str
    certainty: str
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report: readings stored, messages refused, and what was raised, in order of raising."""

    readings: int
    rejected: int
    alarms: tuple[Occurrence, ...]


def occurrences(changes: Iterable[FindingChange]) -> tuple[Occurrence, ...]:
    """Return an entry for each finding among the changes, which come in the order they were said."""
    found: dict[str, Occurrence] = {}
    for change in changes:
        finding = change.finding
        known = found.get(finding.id)
        cleared_before = known.cleared_at if known else None
        found[finding.id] = Occurrence(
            person=finding.subject if finding.subject_kind == "person" else None,
            rule=finding.rule,
            kind=finding.kind,
            device=finding.device,
            onset=iso(finding.onset),
            raised_at=known.raised_at if known else iso(finding.raised_at),
            cleared_at=iso(change.at) if change.change == "cleared" else cleared_before,
            priority=finding.priority,
            certainty=finding.certainty,
            reason=finding.reason,
        )
    return tuple(sorted(found.values(), key=lambda each: each.raised_at))


def as_json(report: Report) -> bytes:
    """Write the report, readable."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def in_words(report: Report) -> str:
    """Say the report to a person: a line for each alarm, then what was read and refused."""
    lines = [_line(alarm) for alarm in report.alarms]
    rules = Counter(alarm.rule for alarm in report.alarms)
    counted = ", ".join(f"{rule} {count}" for rule, count in sorted(rules.items())) or "none"
    lines.append(f"{report.readings} readings stored, {report.rejected} messages refused")
    lines.append(f"{len(report.alarms)} alarms: {counted}")
    return "\n".join(lines)


def _line(alarm: Occurrence) -> str:
    who = alarm.person or "a home"
    cleared = f", cleared {alarm.cleared_at}" if alarm.cleared_at else ""
    return f"{alarm.raised_at}  {alarm.priority:7}  {who}  {alarm.rule}: {alarm.reason}{cleared}"


_REASONS_SHOWN = 5


def refusals(refused: Counter[str]) -> list[str]:
    """Say why messages were refused, the most frequent reasons first; empty where none was."""
    if not refused:
        return []
    said = [f"{number} messages refused: {reason}" for reason, number in refused.most_common(_REASONS_SHOWN)]
    more = len(refused) - _REASONS_SHOWN
    return [*said, f"and {more} more reasons"] if more > 0 else said
