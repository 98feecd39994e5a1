"""The report has one entry for each occurrence, as it was known in the end."""

from collections import Counter

import msgspec

from schema.findings import Change, Finding, FindingChange
from schema.instants import MINUTE, SECOND, Instant, parse_instant
from simulator.replay.report import Report, as_json, in_words, occurrences, refusals

NIGHT = parse_instant("2026-11-22T02:14:00Z")
LEFT = Finding(
    id="f1",
    subject_kind="person",
    subject="ada",
    home="home-1",
    rule="bed-night",
    rule_name="bed_exit",
    kind="bed",
    device=None,
    onset=NIGHT,
    raised_at=NIGHT + 20 * MINUTE,
    priority="urgent",
    policy="urgent",
    reason="left bed 02:14",
)


def said(change: Change, at: Instant, finding: Finding = LEFT) -> FindingChange:
    return FindingChange(change=change, finding=finding, at=at)


def test_a_finding_is_one_entry_from_raised_to_cleared() -> None:
    better = msgspec.structs.replace(LEFT, onset=NIGHT + SECOND, priority="life", reason="left bed 02:14, twice")
    (alarm,) = occurrences(
        [
            said("raised", NIGHT + 20 * MINUTE),
            said("updated", NIGHT + 25 * MINUTE, better),
            said("cleared", NIGHT + 31 * MINUTE, better),
        ]
    )
    assert msgspec.to_builtins(alarm) == {
        "person": "ada",
        "rule": "bed-night",
        "kind": "bed",
        "device": None,
        "onset": "2026-11-22T02:14:01.000Z",
        "raised_at": "2026-11-22T02:34:00.000Z",
        "cleared_at": "2026-11-22T02:45:00.000Z",
        "priority": "life",
        "certainty": "certain",
        "reason": "left bed 02:14, twice",
    }


def test_what_concerns_a_home_names_no_person_and_what_runs_on_has_no_end() -> None:
    home = msgspec.structs.replace(LEFT, id="f2", subject_kind="home", subject="home-1")
    (alarm,) = occurrences([said("raised", NIGHT, home)])
    assert (alarm.person, alarm.cleared_at) == (None, None)


def test_entries_are_in_order_of_raising() -> None:
    later = msgspec.structs.replace(LEFT, id="f2", raised_at=NIGHT + 60 * MINUTE)
    alarms = occurrences([said("raised", later.raised_at, later), said("raised", LEFT.raised_at)])
    assert [alarm.raised_at[11:16] for alarm in alarms] == ["02:34", "03:14"]


def test_the_json_has_the_fields_of_the_contract() -> None:
    report = Report(readings=3, rejected=1, alarms=occurrences([said("raised", NIGHT)]))
    written = msgspec.json.decode(as_json(report))
    assert list(written) == ["readings", "rejected", "alarms"]
    assert list(written["alarms"][0]) == [
        "person", "rule", "kind", "device", "onset", "raised_at", "cleared_at", "priority", "certainty", "reason",
    ]  # fmt: skip


def test_in_words_every_alarm_has_its_line_and_every_refusal_its_reason() -> None:
    report = Report(readings=3, rejected=7, alarms=occurrences([said("raised", NIGHT)]))
    lines = in_words(report).splitlines()
    assert lines[0] == "2026-11-22T02:34:00.000Z  urgent   ada  bed-night: left bed 02:14"
    assert lines[1:] == ["3 readings stored, 7 messages refused", "1 alarms: bed-night 1"]
    reasons = Counter({f"reason {number}": 10 - number for number in range(7)})
    assert refusals(reasons)[0] == "10 messages refused: reason 0"
    assert refusals(reasons)[-1] == "and 2 more reasons"
    assert refusals(Counter()) == []
