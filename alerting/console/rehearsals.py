"""Rehearsals as the console asks for them: a row in `rehearsals`, which the monitor answers.

The console folds nothing itself, and the monitor serves no page: they meet in the table. Asked by NOTIFY, the answer
is looked for every twentieth of a second; where none comes, the monitor is said not to answer and nothing is kept.
"""

import asyncio
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field, model_validator

from alerting.console.models import Given, Moment
from alerting.console.problems import Problem
from schema.alarms import Certainty, Kind, Priority
from schema.drafts import draft
from schema.instants import moment
from schema.people_yaml import PeopleFileError, Source
from schema.rehearsals import CHANNEL, MOST_DAYS, Draft, Raised, Rehearsed

_LOOKS_EVERY = 0.05  # s
_LOOKS = 600  # for half a minute

_ASK = "insert into rehearsals (person, asked_by, days, draft) values (%s, %s, %s, %s) returning id"
_LOOK = "select answer, fault from rehearsals where id = %s and answered_at is not null"
_TAKE_BACK = "delete from rehearsals where id = %s"


class Rehearse(Given):
    """A draft to try: one rule, which takes the place of the one with its id, or a whole plan; neither: what is set."""

    rule: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    days: int = Field(default=MOST_DAYS, ge=1, le=MOST_DAYS)

    @model_validator(mode="after")
    def _one_draft(self) -> "Rehearse":
        if self.rule is not None and self.plan is not None:
            raise ValueError("a rehearsal takes a rule or a plan; expected one of them")
        return self


class Found(BaseModel):
    """One finding, from being raised to being over."""

    finding: str
    rule: str
    rule_name: str
    kind: Kind
    device: str | None
    priority: Priority
    certainty: Certainty
    onset: Moment
    raised_at: Moment
    cleared_at: Moment | None
    reason: str


class Occurrence(BaseModel):
    """What the draft says of an occurrence, and what is set now; null where it would not have been raised."""

    draft: Found | None
    set_now: Found | None
    raised_then: bool = Field(description="it was in fact raised, by the plan of its time")


class Span(BaseModel):
    """A span in which the service heard nothing."""

    began: Moment
    ended: Moment


class Rehearsal(BaseModel):
    """What a draft would have raised of a person's last days, in order of raising."""

    person: str
    zone: str
    start: Moment
    end: Moment
    readings: int
    found: list[Occurrence]
    unseen: list[Span]


def asked(body: Rehearse) -> Draft:
    """Return the draft; a problem in a sentence where it is none."""
    try:
        if body.rule is not None:
            return draft({"rule": None, **body.rule}, Source("the rule"))
        return Draft() if body.plan is None else draft(body.plan, Source("the plan"))
    except PeopleFileError as error:
        raise Problem(422, str(error).removesuffix(" Nothing was loaded.")) from error


async def rehearsed(connection: AsyncConnection, person: str, by: str, wanted: Draft, days: int) -> Rehearsal:
    """Ask the monitor, and return its answer; a problem where it has none to give, or does not answer."""
    number = await _ask(connection, person, by, wanted, days)
    for _ in range(_LOOKS):
        await asyncio.sleep(_LOOKS_EVERY)
        row = await (await connection.execute(_LOOK, (number,))).fetchone()
        if row is not None:
            return _told(*row)
    await connection.execute(_TAKE_BACK, (number,))
    raise Problem(503, "The monitor does not answer; try again once it is back.")


async def _ask(connection: AsyncConnection, person: str, by: str, wanted: Draft, days: int) -> int:
    packed = Jsonb(msgspec.to_builtins(wanted))
    async with connection.transaction():
        row = await (await connection.execute(_ASK, (person, by, days, packed))).fetchone()
        assert row is not None
        await connection.execute(f"notify {CHANNEL}")
    return int(row[0])


def _told(answer: Any, fault: str | None) -> Rehearsal:
    if fault is not None:
        raise Problem(422, f"{fault[:1].upper()}{fault[1:]}.")
    found = msgspec.convert(answer, Rehearsed)
    return Rehearsal(
        person=found.person,
        zone=found.zone,
        start=moment(found.start),
        end=moment(found.end),
        readings=found.readings,
        found=[
            Occurrence(draft=_found(each.draft), set_now=_found(each.set_now), raised_then=each.raised_then)
            for each in found.found
        ],
        unseen=[Span(began=moment(each.began), ended=moment(each.ended)) for each in found.unseen],
    )


def _found(raised: Raised | None) -> Found | None:
    if raised is None:
        return None
    fields = msgspec.structs.asdict(raised)
    times = {name: fields[name] for name in ("onset", "raised_at", "cleared_at")}
    return Found(**{**fields, **{name: None if at is None else moment(at) for name, at in times.items()}})
