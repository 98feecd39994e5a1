"""What the API says of coverage: per rule, the time in which it could not see, and why."""

from pydantic import BaseModel, Field

from alerting.console.models import Moment
from schema.alarms import Kind
from schema.coverage import Cause


class GapSaid(BaseModel):
    """A span in which a rule could not see, cut to the time asked about."""

    from_: Moment = Field(serialization_alias="from")
    until: Moment | None = Field(description="null: still")
    cause: Cause
    device: str | None = Field(description="null: the home, the service, or several devices at once")
    words: str


class NotTold(BaseModel):
    """A device of which nobody can tell soon, or at all, whether it lives."""

    device: str
    daily: bool = Field(description="it would show after a day that it is dead; else never")
    words: str


class RuleCovered(BaseModel):
    """One rule: gaps are disjoint, oldest first, and `seconds_unseen` is their sum."""

    rule: str
    kind: Kind
    says: str
    minutes_unseen: float
    seconds_unseen: float
    gaps: list[GapSaid]
    partly: list[GapSaid] = Field(description="some of several devices could not see, the others could: not counted")
    unknown: list[NotTold]


class NotRunning(BaseModel):
    """A rule of the plan that does not run, and so sees nothing."""

    rule: str
    kind: Kind
    says: str
    why: str


class PersonCovered(BaseModel):
    """What the rules about a person could see, rule by rule, what cannot see now first."""

    person: str
    hours: int
    from_: Moment = Field(serialization_alias="from")
    until: Moment
    kept_since: Moment | None = Field(description="of the time before nothing is known; null: never kept so far")
    rules: list[RuleCovered]
    not_running: list[NotRunning]
    unknown: list[str] = Field(description="of which devices nobody can tell whether they live, in words")
