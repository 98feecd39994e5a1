"""Findings: a rule holds now, with the evidence for it. The monitor says them, alerting acts on them.

A finding's id is made of (subject, rule id, device, onset as first raised), so that replaying the log says
the same finding again and writes nothing twice. Evidence may refine the onset later, never the id.
"""

from hashlib import blake2b
from typing import Literal

import msgspec

from schema.alarms import Certainty, Kind, Priority, SubjectKind
from schema.instants import Duration, Instant


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact a finding rests on: what was seen, where and when."""

    at: Instant
    device: str  # the device's id in its home; empty for time itself
    kind: str
    value: str
    room: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule that came true for a subject."""

    id: str
    subject_kind: SubjectKind
    subject: str  # the person's, home's or service's id
    home: str | None
    rule: str  # the rule's stable id in the plan
    rule_name: str  # `bed_exit`
    kind: Kind
    device: str | None
    onset: Instant  # when it began: the bed left, the last sign of life
    raised_at: Instant  # when the rule came true, on the log's time
    priority: Priority
    policy: str | None  # None: the service's own policy, operators and repeat
    reason: str  # a sentence for the operator, naming no person
    certainty: Certainty = "certain"
    evidence: tuple[Evidence, ...] = ()
    late_by: Duration = 0  # how long after its due time, or after the fact, it was raised
    test: bool = False  # an installer was testing: at the desk at once, marked


Change = Literal["raised", "updated", "cleared"]


class FindingChange(msgspec.Struct, frozen=True, kw_only=True):
    """What the monitor says of a finding at one position of the log, in the order it says it."""

    change: Change
    finding: Finding
    at: Instant
    why: str = ""  # for cleared: 'back in bed 02:31'


def finding_id(subject: str, rule: str, device: str | None, onset: Instant) -> str:
    """Return the finding's id: 24 hexadecimal digits of a hash over what never changes of it."""
    text = "\x1f".join((subject, rule, device or "", str(onset)))
    return blake2b(text.encode(), digest_size=12).hexdigest()
