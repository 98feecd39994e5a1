"""The JSON API of people: the record, the timeline and the coverage, each look audited (`design.md` 3.3)."""

from typing import Annotated

from fastapi import APIRouter, Query

from alerting.console import coverage, lanes, models, records, rehearsals
from alerting.console.api_alarms import REFUSALS
from alerting.console.coverage_models import PersonCovered
from alerting.console.problems import Problem
from alerting.console.visit import SeeingPeople, Visit
from schema.instants import moment

router = APIRouter(prefix="/api/people", tags=["people"], responses=REFUSALS)


@router.get("/{person}")
async def one_person(person: str, visit: SeeingPeople) -> models.Person:
    """Return a person's record. The key safe's code is not in it."""
    found = await known(visit, person)
    await visit.looked("looked at person", person)
    return found


@router.get("/{person}/timeline")
async def timeline(
    person: str, visit: SeeingPeople, hours: Annotated[int, Query(ge=1, le=lanes.MOST_HOURS)] = 24
) -> models.Timeline:
    """Return what the devices of the person's home said in the last hours, as lanes."""
    found = await known(visit, person)
    await visit.looked("looked at timeline", person, hours=hours)
    return await lanes.timeline(visit.connection, found, hours, visit.now)


@router.get("/{person}/coverage")
async def covered(
    person: str, visit: SeeingPeople, hours: Annotated[int, Query(ge=1, le=coverage.MOST_HOURS)] = 24
) -> PersonCovered:
    """Return what each rule about the person could not see in the last hours, and why."""
    found = await known(visit, person)
    await visit.looked("looked at coverage", person, hours=hours)
    return await coverage.of_person(visit.connection, found, hours, visit.now)


@router.post("/{person}/rehearsals")
async def rehearsal(person: str, body: rehearsals.Rehearse, visit: SeeingPeople) -> rehearsals.Rehearsal:
    """Return what a draft rule or plan would have raised of the last days, beside what is set now. Changes nothing."""
    await known(visit, person)
    draft = rehearsals.asked(body)
    await visit.looked("rehearsed", person, days=body.days)
    return await rehearsals.rehearsed(visit.connection, person, visit.user.id, draft, body.days)


async def known(visit: Visit, person: str) -> models.Person:
    """Return the person's record; a problem where there is nobody of that id."""
    found = await records.person(visit.connection, person, moment(visit.now).date())
    if found is None:
        raise Problem(404, f"There is no person '{person}'.")
    return found
