"""A finding's id says the same thing for ever, so that replaying the log writes nothing twice."""

import msgspec

from schema.findings import Evidence, Finding, FindingChange, finding_id
from schema.instants import parse_instant

ONSET = parse_instant("2026-11-22T02:14:00Z")


def test_the_id_is_the_same_in_every_process_and_every_release() -> None:
    assert finding_id("ada", "bed-night", "bed-1", ONSET) == "c0a8ce0de0c9a0d2d8884cac"


def test_every_part_tells_two_findings_apart() -> None:
    ids = {
        finding_id(*parts)
        for parts in [
            ("ada", "bed-night", "bed-1", ONSET),
            ("bert", "bed-night", "bed-1", ONSET),
            ("ada", "bed-day", "bed-1", ONSET),
            ("ada", "bed-night", "bed-2", ONSET),
            ("ada", "bed-night", None, ONSET),
            ("ada", "bed-night", "bed-1", ONSET + 1),
            ("adab", "ed-night", "bed-1", ONSET),
        ]
    }
    assert len(ids) == 7


def test_no_device_and_an_empty_one_are_the_same() -> None:
    assert finding_id("ada", "not_up", None, ONSET) == finding_id("ada", "not_up", "", ONSET)


def test_a_change_survives_the_table_it_is_kept_in() -> None:
    finding = Finding(
        id=finding_id("ada", "bed-night", "bed-1", ONSET),
        subject_kind="person",
        subject="ada",
        home="home-0001",
        rule="bed-night",
        rule_name="bed_exit",
        kind="bed",
        device="bed-1",
        onset=ONSET,
        raised_at=ONSET + 1,
        priority="urgent",
        policy=None,
        reason="left bed 02:14, nothing since",
        evidence=(Evidence(at=ONSET, device="bed-1", kind="bed", value="out", room="bedroom"),),
    )
    change = FindingChange(change="raised", finding=finding, at=ONSET + 1)
    assert msgspec.json.decode(msgspec.json.encode(change), type=FindingChange) == change
