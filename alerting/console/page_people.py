"""People: finding one, the record whole, and raising an alarm by hand while somebody is on the telephone."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse

from alerting.console import coverage, models, records
from alerting.console.alarm_reading import history
from alerting.console.api_people import known
from alerting.console.cards import cards
from alerting.console.coverage_plot import plot
from alerting.console.equipment import of_home
from alerting.console.plans import plan_lines, review_due
from alerting.console.problems import Problem
from alerting.console.visit import Acting, SeeingPeople
from schema.instants import moment

router = APIRouter()

HOURS_PLOTTED = 24


class RaiseForm(models.Given):
    """What the one on the telephone said."""

    reason: models.Sentence = ""


@router.get("/people")
async def people_page(visit: SeeingPeople, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """List people, or those whom a search finds. Audited."""
    found = await records.search(visit.connection, q)
    await visit.looked("listed people", search=q, found=len(found))
    total = await records.how_many(visit.connection)
    return visit.page("people.html", values={"people": found, "q": q, "total": total, "most": records.MOST_LISTED})


@router.get("/people/{person}")
async def person_page(person: str, visit: SeeingPeople) -> Response:
    """Show a person's record. Audited."""
    found = await known(visit, person)
    await visit.looked("looked at person", person)
    covered = await coverage.of_person(visit.connection, found, HOURS_PLOTTED, visit.now)
    values = {
        "person": found,
        "plan": plan_lines(found),
        "review_due": review_due(found, moment(visit.now).date()),
        "devices": await of_home(visit.connection, found.home.id, person),
        "coverage": covered,
        "plot": plot(covered, found.home.zone),
        "alarms": await cards(visit.connection, await history(visit.connection, person), visit.user),
    }
    return visit.page("person.html", values=values)


@router.post("/people/{person}/alarms")
async def raise_by_hand(person: str, visit: Acting, form: Annotated[RaiseForm, Form()]) -> Response:
    """Raise an alarm by hand, and open it."""
    if not form.reason:
        raise Problem(422, "Say what you were told; no alarm was raised.")
    return RedirectResponse(f"/alarms/{await visit.acts.raise_by_hand(person, form.reason)}", 303)
