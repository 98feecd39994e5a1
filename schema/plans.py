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
PercentText = Annotated[str, msgspec.Meta(pattern=r"^\d{1,2}%$")]
"""`20%`: of a battery's charge."""
DaysText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{3}([-,][A-Za-z]{3})*$")]
"""`mon-fri`, `sat`, `mon,wed,fri`: days of the week."""
Often = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""How often something may happen: 1 or more."""


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
    long_lie: bool = False  # say since when they may be on the floor, and become more pressing after an hour of it


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
    long_lie: bool = False  # as for `bed_exit`
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


class NotInBedRule(Rule, frozen=True, kw_only=True, tag="not_in_bed"):
    """Not been to bed since this time of the evening, for longer than this; asked until `until`."""

    alarm_kind = "bed"
    usual_priority = "routine"
    needs_consent = ("bed",)

    by: ClockText = "23:30"
    until: ClockText = "05:00"
    longer_than: DurationText = "30m"


class NotHomeRule(Rule, frozen=True, kw_only=True, tag="not_home"):
    """Out, and not back by this time of day, or for longer than this, whichever comes first; one of them is needed."""

    alarm_kind = "night"
    usual_priority = "urgent"
    needs_consent = ("door",)

    by: ClockText | None = None
    longer_than: DurationText | None = None


class LongStayRule(Rule, frozen=True, kw_only=True, tag="long_stay"):
    """In this room, and seen nowhere else, for longer than this."""

    alarm_kind = "inactivity"
    usual_priority = "urgent"
    needs_consent = ("motion",)

    room: str = "bathroom"
    longer_than: DurationText = "45m"
    between: WindowText | None = None


class RestlessNightRule(Rule, frozen=True, kw_only=True, tag="restless_night"):
    """Out of bed more often than this in one night: worth knowing in the morning, no alarm."""

    alarm_kind = "bed"
    usual_priority = "notice"
    needs_consent = ("bed",)

    more_than: Often = 4
    between: WindowText = "22:00-07:00"


class RepeatedFallsRule(Rule, frozen=True, kw_only=True, tag="repeated_falls"):
    """So many falls within so many days: worth knowing for the care team, beside each fall's own alarm."""

    alarm_kind = "fall"
    usual_priority = "notice"

    times: Often = 2
    within: DurationText = "14d"


class EnvironmentRule(Rule, frozen=True, kw_only=True, tag="environment"):
    """Smoke, gas, water, cold or heat. Smoke and gas are a matter of life, whatever `priority` says of the others."""

    alarm_kind = "environment"
    usual_priority = "urgent"


class WetBedRule(Rule, frozen=True, kw_only=True, tag="wet_bed"):
    """A moisture sensor wet for longer than this."""

    alarm_kind = "bed"
    usual_priority = "routine"
    needs_consent = ("moisture",)

    longer_than: DurationText = "2m"
    between: WindowText | None = None


class VisitMissedRule(Rule, frozen=True, kw_only=True, tag="visit_missed"):
    """A carer's visit: no exit door used within the window, on these days."""

    alarm_kind = "visit"
    usual_priority = "routine"
    needs_consent = ("door",)

    between: WindowText = "08:00-10:00"
    days: DaysText = "mon-sun"


class BatteryRule(Rule, frozen=True, kw_only=True, tag="battery"):
    """A device's battery below this for longer than this; it counts as good again ten per cent above."""

    alarm_kind = "technical"
    usual_priority = "routine"

    below: PercentText = "20%"
    longer_than: DurationText = "12h"


class PowerRule(Rule, frozen=True, kw_only=True, tag="power"):
    """A device that has lost the mains for longer than this."""

    alarm_kind = "technical"
    usual_priority = "routine"

    longer_than: DurationText = "15m"


class TamperRule(Rule, frozen=True, kw_only=True, tag="tamper"):
    """A device opened or taken off, for longer than this."""

    alarm_kind = "technical"
    usual_priority = "routine"

    longer_than: DurationText = "1m"


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
    | NotInBedRule
    | NotHomeRule
    | LongStayRule
    | RestlessNightRule
    | RepeatedFallsRule
    | EnvironmentRule
    | WetBedRule
    | VisitMissedRule
    | BatteryRule
    | PowerRule
    | TamperRule
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
