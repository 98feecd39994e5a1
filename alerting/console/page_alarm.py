"""One alarm: why, whom it is about, what was done; and the buttons by which an operator acts."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from alerting.console import coverage, models, records, words
from alerting.console.acts import Acts
from alerting.console.alarm_reading import named, who
from alerting.console.api_alarms import Number, known
from alerting.console.cards import cards
from alerting.console.plans import plan_lines
from alerting.console.problems import Problem, validation_sentence
from alerting.console.visit import Acting, SeeingAlarms, Visit
from alerting.desk import LASTING
from schema.instants import instant, moment

router = APIRouter()

RESTS_ON_ABSENCE = frozenset({"inactivity", "bed", "night", "door", "pills", "technical"})
"""Kinds of alarm of which one must know whether anything could have been seen."""

WRITTEN_BY_HAND = frozenset({"note", "reply"})

Act = Literal["acknowledge", "release", "take-over", "notes", "dispatch", "escalate", "close"]


class ActForm(models.Given):
    """What the forms of an alarm's page send: each its own part of it."""

    text: models.Sentence = ""
    outcome: str = ""
    cause: str = ""


class KeySafeForm(models.Given):
    """Why the key safe's code is needed."""

    reason: models.Sentence = ""


@router.get("/alarms/{number}")
async def alarm_page(number: Number, visit: SeeingAlarms) -> Response:
    """Show the alarm with the person it is about. Audited."""
    return await _shown(visit, await known(visit, number))


@router.get("/alarms/{number}/parts")
async def alarm_parts(number: Number, visit: SeeingAlarms) -> Response:
    """Give what changes of an alarm's page, for one that is open; nothing of the person's record is in it."""
    return visit.page("_alarm.html", values=await _parts(visit, await known(visit, number)))


@router.post("/alarms/{number}/key-safe")
async def key_safe(number: Number, visit: Acting, form: Annotated[KeySafeForm, Form()]) -> Response:
    """Show the key safe's code, to who has this alarm, with a reason. Audited before it is shown."""
    alarm = await known(visit, number)
    if alarm.owner != visit.user.id or alarm.state == "closed":
        raise Problem(403, "The key safe's code is shown to who has the alarm. Acknowledge it first.")
    if not form.reason:
        raise Problem(422, "Say why you need the key safe's code; it was not shown.")
    for person in await _people(visit, alarm):
        await visit.looked("shown key safe code", person.id, alarm=number, home=alarm.home, reason=form.reason)
    code = await records.key_safe_code(visit.connection, alarm.home) if alarm.home else None
    return await _shown(visit, alarm, code=code or "none is kept")


@router.post("/alarms/{number}/{act}")
async def act_on(number: Number, act: Act, visit: Acting, form: Annotated[ActForm, Form()]) -> Response:
    """Do it and show the alarm as it then is; a refusal is told on the alarm's page, with what was typed."""
    try:
        await _do(visit.acts, act, number, form)
    except Problem as problem:
        alarm = await known(visit, number)
        return await _shown(visit, alarm, status=problem.status, refusal=problem.detail, kept=form.text)
    return RedirectResponse("/" if act == "close" else f"/alarms/{number}", 303)


async def _do(acts: Acts, act: Act, number: int, form: ActForm) -> None:
    match act:
        case "acknowledge":
            await acts.acknowledge(number)
        case "release":
            await acts.release(number, form.text)
        case "take-over":
            await acts.take_over(number, form.text)
        case "notes":
            await acts.note(number, form.text)
        case "dispatch":
            await acts.dispatch(number, form.text)
        case "escalate":
            await acts.escalate(number, form.text)
        case "close":
            await acts.close(number, _how(form))


def _how(form: ActForm) -> models.Close:
    if not form.outcome:
        raise Problem(422, "Say how it ended: choose an outcome. The alarm is still open.")
    causes: dict[str, str] = dict(words.FALSE_CAUSE.items())
    cause = causes.get(form.cause, "") if form.outcome == "false_alarm" else ""
    try:
        return models.Close.model_validate({"outcome": form.outcome, "cause": cause, "text": form.text})
    except ValidationError as error:
        raise Problem(422, validation_sentence(error.errors())) from error


async def _parts(visit: Visit, alarm: models.AlarmWhole) -> dict[str, Any]:
    ids = [alarm.owner, *(line.actor for line in alarm.journal), *(said.recipient for said in alarm.notifications)]
    names = await who(visit.connection, ids, [alarm])
    return {
        "alarm": alarm,
        "card": (await cards(visit.connection, [alarm], visit.user))[0],
        "names": names,
        "named": partial(named, names=names),
        "journal_texts": {
            line.id: line.text if line.action in WRITTEN_BY_HAND else named(line.text, names) for line in alarm.journal
        },
        "unseen": await _unseen(visit, alarm),
        "why_needed": alarm.kind in LASTING and alarm.cleared_at is None,
        "refusal": "",
        "kept": "",
    }


async def _unseen(visit: Visit, alarm: models.AlarmWhole) -> list[str]:
    """Return in words what could not be seen of what the alarm is about, where it rests on what was not seen."""
    if alarm.kind not in RESTS_ON_ABSENCE or alarm.person is None:
        return []
    person = await records.person(visit.connection, alarm.person, moment(visit.now).date())
    if person is None:
        return []
    over = alarm.cleared_at or alarm.closed_at
    span = instant(alarm.onset), visit.now if over is None else instant(over)
    return await coverage.of_alarm(visit.connection, person, alarm.rule, span, visit.now)


async def _people(visit: Visit, alarm: models.AlarmWhole) -> list[models.Person]:
    """Return whom the alarm is about: its person, or all who live in the home it is about."""
    ids = await records.who_lives_at(visit.connection, alarm.home) if alarm.home and not alarm.person else []
    today = moment(visit.now).date()
    found = [await records.person(visit.connection, each, today) for each in ([alarm.person] if alarm.person else ids)]
    return [person for person in found if person is not None]


async def _shown(visit: Visit, alarm: models.AlarmWhole, *, status: int = 200, **besides: Any) -> Response:
    """Show the alarm whole; `besides` may hold a refusal, the text kept of a form, and the key safe's code."""
    people = await _people(visit, alarm)
    for person in people:
        await visit.looked("looked at alarm", person.id, alarm=alarm.id)
    about = [(person, plan_lines(person)) for person in people]
    values = {**await _parts(visit, alarm), "about": about, "code": None, **besides}
    return visit.page("alarm.html", status=status, values=values)
