"""What the JSON API takes and gives, validated at the edge; `design.md` 3.3 is the contract."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator

from schema.alarms import Certainty, Kind, Outcome, Priority, Role, State, SubjectKind
from schema.instants import instant, iso

Moment = Annotated[datetime, PlainSerializer(lambda at: iso(instant(at)), return_type=str, when_used="json")]
"""A time as the contract writes it: `2026-11-22T02:14:03.120Z`."""
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
SaidSentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Given(BaseModel):
    """A body that a caller sends: fields we do not know are refused."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Given):
    """Who wants a session."""

    user: str = Field(max_length=80)
    password: str = Field(max_length=1000)


class Token(BaseModel):
    """A session: send it as `Authorization: Bearer TOKEN`."""

    token: str


class RaiseByHand(Given):
    """An alarm raised by hand, when somebody telephones the desk."""

    person: str = Field(max_length=80)
    reason: SaidSentence


class Reason(Given):
    """Why, where it may be left out."""

    reason: Sentence = ""


class StatedReason(Given):
    """Why, where it must be said."""

    reason: SaidSentence


class Note(Given):
    """What to keep in the journal."""

    text: SaidSentence


class Dispatch(Given):
    """Who was sent, in words."""

    text: Sentence = ""


class Close(Given):
    """How it ended. A false alarm says its cause, `other` says what; what has not cleared says why it is closed."""

    outcome: Outcome
    cause: Sentence = ""
    text: Sentence = ""

    @model_validator(mode="after")
    def _explained(self) -> "Close":
        if self.outcome == "false_alarm" and not (self.cause or self.text):
            raise ValueError("a false alarm says its cause; expected 'cause'")
        if self.outcome == "other" and not self.text:
            raise ValueError("the outcome 'other' says what happened; expected 'text'")
        return self


class Problem(BaseModel):
    """What was wrong, in a sentence; `owner` where somebody else has the alarm."""

    detail: str
    owner: str | None = None


class Evidence(BaseModel):
    """One fact a finding rests on."""

    at: Moment
    device: str
    kind: str
    value: str
    room: str | None = None


class AlarmListed(BaseModel):
    """An alarm in the list."""

    id: int
    subject: str
    person: str | None
    home: str | None
    kind: Kind
    rule: str
    priority: Priority
    state: State
    owner: str | None
    test: bool
    raised_at: Moment
    late_by: float = Field(description="seconds between when it should have been raised and when it was")
    cleared_at: Moment | None
    due_at: Moment | None = Field(description="of the next escalation step, while nobody has it")
    reason: str
    evidence: list[Evidence]


class JournalLine(BaseModel):
    """One thing that happened to an alarm."""

    id: int
    at: Moment
    actor: str
    action: str
    text: str
    detail: dict[str, Any]


class Receipt(BaseModel):
    """What the provider said of one attempt."""

    status: str
    error_code: str
    received_at: Moment


class Attempt(BaseModel):
    """One try at sending a notification."""

    id: int
    number: int
    started_at: Moment
    ended_at: Moment | None
    result: Literal["sent", "try_later", "refused", "ambiguous"] | None
    reason: str | None
    provider_id: str | None
    receipts: list[Receipt]


class Notification(BaseModel):
    """One message to one recipient, with every try at sending it."""

    id: int
    alarm: int
    step: int
    round: int
    target: str
    recipient: str
    recipient_kind: str
    channel: str
    body: str
    code: str | None
    created_at: Moment
    not_before: Moment
    state: str
    reason: str | None
    attempts: list[Attempt]


class Reply(BaseModel):
    """What somebody answered by SMS."""

    id: int
    notification: int | None
    body: str
    received_at: Moment
    understood: str


class AlarmWhole(AlarmListed):
    """An alarm with everything that happened to it, oldest first."""

    subject_kind: SubjectKind
    canary: bool = Field(description="of a canary home of the service's own: a press that only proves the way")
    device: str | None
    certainty: Certainty
    policy: str | None
    onset: Moment
    recorded_at: Moment
    acknowledged_at: Moment | None
    closed_at: Moment | None
    outcome: Outcome | None
    outcome_cause: str | None
    findings: list[str]
    journal: list[JournalLine]
    notifications: list[Notification]
    replies: list[Reply]


class PersonsHome(BaseModel):
    """Where a person lives. The key safe's code is never in an answer: it is shown to who has taken an alarm."""

    id: str
    address: str
    zone: str
    area: str | None
    key_safe_where: str | None
    has_key_safe_code: bool


class Contact(BaseModel):
    """Somebody who may be told, in order."""

    id: str
    name: str
    relation: str
    phone: str | None
    key_holder: bool
    told: list[str]
    quiet: str | None
    channels: list[str]


class Plan(BaseModel):
    """The care plan in force."""

    version: int
    author: str
    reason: str
    starts: date | None
    review: date | None
    rules: list[dict[str, Any]]


class Absence(BaseModel):
    """Away by plan, wall-clock in the home's zone."""

    starts: str
    ends: str
    why: str


class PersonListed(BaseModel):
    """A person in a search."""

    id: str
    name: str
    born: date | None
    home: str
    address: str


class Person(BaseModel):
    """A person's record, whole."""

    id: str
    name: str
    born: date | None
    phone: str | None
    notes: str
    gp: str
    home: PersonsHome
    consent: dict[str, Any] | None
    contacts: list[Contact]
    care_plan: Plan | None
    absences: list[Absence]


class Point(BaseModel):
    """One reading on a lane."""

    at: Moment
    value: str
    received_at: Moment
    retained: bool
    clock_doubted: bool


class Lane(BaseModel):
    """One device's readings of one kind."""

    device: str
    kind: str
    room: str | None
    points: list[Point]


class Timeline(BaseModel):
    """What the devices of a person's home said; `truncated` where there was too much for one answer."""

    person: str
    home: str
    zone: str
    start: Moment
    end: Moment
    truncated: bool
    lanes: list[Lane]


class Ready(BaseModel):
    """Whether the service does its work, and where it does not, why."""

    ready: bool
    reasons: list[str] = Field(description="what is too far behind, or away, in words; the cause first")
    database: Literal["answers", "away"]
    live: bool
    log_age_s: float | None = Field(
        description="since anything, a tick even, was appended: gateway or monitor is down if it grows"
    )
    findings_waiting: int | None = Field(description="said by the monitor, not yet taken by alerting")


class UserNamed(BaseModel):
    """A user as others see them."""

    id: str
    name: str
    role: Role
