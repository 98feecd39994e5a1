"""Care plans and escalation policies, as people write them.

A rule's id is its own, or its name and device: stable over versions, so that a running clock survives an
edit of the plan. Durations and times stay as written (`20m`, `22:00-07:00`); `schema.localtime` reads them.
"""

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from schema.alarms import Kind, Priority
from schema.people import ClockText, Id, Strict, WindowText

DurationText = Annotated[str, msgspec.Meta(pattern=r"^\d+[smhd]$")]
"""`30s`, `20m`, `4h`, `2d`."""


class Rule(Strict, frozen=True, kw_only=True, tag_field="rule", omit_defaults=False):
    """What every rule of a plan may say.

    Kept whole in tables and log, defaults as well: a default that we change later must not change what a plan
    of last month said.
    """

    alarm_kind: ClassVar[Kind]
    usual_priority: ClassVar[Priority]
    needs_consent: ClassVar[tuple[str, ...]] = ()  # kinds of device of which one must be covered to run

    policy: str | None = None  # None: DEFAULT_POLICY
    id: Id | None = None
    device: Id | None = None
    priority: Priority | None = None

    @property
    def name(self) -> str:
        """The rule's name as the plan writes it: `bed_exit`."""
        return str(self.__struct_config__.tag)

    @property
    def stable_id(self) -> str:
        """The id given, or name and device: what findings and running clocks hang on."""
        return self.id or (f"{self.name}:{self.device}" if self.device else self.name)


class ButtonRule(Rule, frozen=True, kw_only=True, tag="button"):
    """A press for help. Never muted."""

    alarm_kind = "button"
    usual_priority = "life"


class FallRule(Rule, frozen=True, kw_only=True, tag="fall"):
    """A fall sensor's word. Raised at once; recovered within `cancel_within` clears it."""

    alarm_kind = "fall"
    usual_priority = "life"

    cancel_within: DurationText = "30s"


class ImpactRule(Rule, frozen=True, kw_only=True, tag="impact"):
    """A window of acceleration that looks like a fall; `recovered` or `cancelled` within `cancel_within` clears it."""

    alarm_kind = "fall"
    usual_priority = "life"

    cancel_within: DurationText = "30s"


class BedExitRule(Rule, frozen=True, kw_only=True, tag="bed_exit"):
    """A bed left and not returned to for longer than this, begun within the window."""

    alarm_kind = "bed"
    usual_priority = "urgent"
    needs_consent = ("bed",)

    longer_than: DurationText = "20m"
    between: WindowText | None = None
    settle: DurationText = "60s"


class NotUpRule(Rule, frozen=True, kw_only=True, tag="not_up"):
    """Not up (out of bed and a sign of life elsewhere) since 04:00 by this time."""

    alarm_kind = "inactivity"
    usual_priority = "routine"
    needs_consent = ("bed", "motion", "door")

    by: ClockText = "10:30"


class InactivityRule(Rule, frozen=True, kw_only=True, tag="inactivity"):
    """No sign of life for longer than this, while at home and not in bed."""

    alarm_kind = "inactivity"
    usual_priority = "urgent"
    needs_consent = ("motion", "door", "bed", "pill", "chair")

    longer_than: DurationText = "4h"
    between: WindowText | None = None
    learned: bool = False  # as soon as it is unusual for this person at this hour; `longer_than` at the latest


class AbsenceRule(Rule, frozen=True, kw_only=True, tag="absence"):
    """Gone out and not back for longer than is usual, `longer_than` at the latest: the person is asked first."""

    alarm_kind = "inactivity"
    usual_priority = "routine"
    needs_consent = ("door",)

    longer_than: DurationText = "12h"
    learned: bool = True


class WanderingRule(Rule, frozen=True, kw_only=True, tag="wandering"):
    """Gone out and not back for longer than this, the clock starting within the window."""

    alarm_kind = "night"
    usual_priority = "urgent"
    needs_consent = ("door",)

    longer_than: DurationText = "10m"
    between: WindowText | None = None
    settle: DurationText = "5s"


class DoorOpenRule(Rule, frozen=True, kw_only=True, tag="door_open"):
    """An exit door left open for longer than this."""

    alarm_kind = "door"
    usual_priority = "routine"
    needs_consent = ("door",)

    longer_than: DurationText = "15m"
    between: WindowText | None = None
    settle: DurationText = "5s"


class MissedPillsRule(Rule, frozen=True, kw_only=True, tag="missed_pills"):
    """The pill box not opened within the window."""

    alarm_kind = "pills"
    usual_priority = "routine"
    needs_consent = ("pill",)

    between: WindowText = "08:00-10:00"


class SilenceRule(Rule, frozen=True, kw_only=True, tag="silence"):
    """Nothing heard from a device for longer than this: the equipment's silence, never the person's."""

    alarm_kind = "technical"
    usual_priority = "routine"

    longer_than: DurationText = "30m"


AnyRule = (
    ButtonRule
    | FallRule
    | ImpactRule
    | BedExitRule
    | NotUpRule
    | InactivityRule
    | AbsenceRule
    | WanderingRule
    | DoorOpenRule
    | MissedPillsRule
    | SilenceRule
)


def impact_like_fall(rules: tuple[AnyRule, ...]) -> ImpactRule:
    """Return the `impact` that a plan without one has: as its `fall` for every device goes."""
    falls = (each for each in rules if isinstance(each, FallRule) and each.device is None)
    fall = next(falls, FallRule())
    return ImpactRule(policy=fall.policy, priority=fall.priority, cancel_within=fall.cancel_within)


class CarePlan(Strict, frozen=True, kw_only=True):
    """A version of one person's plan: what to watch for, who decided it, when it is looked at again."""

    reason: str = ""
    author: str = ""
    starts: date | None = None
    review: date | None = None
    rules: tuple[AnyRule, ...] = ()


class PolicyStep(Strict, frozen=True, kw_only=True):
    """One step: `after` counts from raising; `notify` names operators, contacts, person or teams."""

    after: DurationText = "0s"
    notify: str | tuple[str, ...] = "operators"
    repeat: DurationText | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """Whom the step notifies, one or several."""
        return (self.notify,) if isinstance(self.notify, str) else self.notify


Policy = tuple[PolicyStep, ...]

DEFAULT_POLICY: Policy = (
    PolicyStep(after="0s", notify="operators"),
    PolicyStep(after="2m", notify=("operators", "contacts"), repeat="4m"),
)
"""Where a rule names no policy: the desk, then everybody, until somebody owns the alarm."""
