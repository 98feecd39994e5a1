"""The JSON API of alarms: the list, one whole, and what humans do to them (`design.md` 3.3)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from alerting.console import models
from alerting.console.alarm_reading import listed_by_id, whole
from alerting.console.listing import SeenOpen
from alerting.console.problems import Problem
from alerting.console.visit import Acting, SeeingAlarms, Visit

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": models.Problem} for status in (401, 403, 404, 409, 422, 503)
}
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]

router = APIRouter(prefix="/api/alarms", tags=["alarms"], responses=REFUSALS)


@router.get("")
async def open_alarms(
    seen: SeenOpen,
    state: Annotated[Literal["open"], Query(description="`open`: all that are not closed")] = "open",  # noqa: ARG001 - the contract's parameter, with one value so far
    *,
    canary: bool = False,
) -> list[models.AlarmListed]:
    """List the alarms that are not closed, most pressing first; canaries only when asked for."""
    return await seen.listed(canary=canary)


@router.post("", status_code=201)
async def raise_by_hand(body: models.RaiseByHand, visit: Acting) -> models.AlarmListed:
    """Raise an alarm by hand, for when somebody telephones the desk; an open one of that kind is joined."""
    return await _now(visit, await visit.acts.raise_by_hand(body.person, body.reason))


@router.get("/{number}")
async def one_alarm(number: Number, visit: SeeingAlarms) -> models.AlarmWhole:
    """Return an alarm whole: its journal, every notification, attempt, receipt and reply. Audited."""
    alarm = await known(visit, number)
    if alarm.person:
        await visit.looked("looked at alarm", alarm.person, alarm=number)
    return alarm


@router.post("/{number}/acknowledge")
async def acknowledge(number: Number, visit: Acting) -> models.AlarmListed:
    """Take the alarm. Of two at once one wins; the other gets 409 and the owner's name."""
    await visit.acts.acknowledge(number)
    return await _now(visit, number)


@router.post("/{number}/release")
async def release(number: Number, visit: Acting, body: models.Reason | None = None) -> models.AlarmListed:
    """Give the alarm back: escalation goes on."""
    await visit.acts.release(number, body.reason if body else "")
    return await _now(visit, number)


@router.post("/{number}/take-over")
async def take_over(number: Number, body: models.StatedReason, visit: Acting) -> models.AlarmListed:
    """Take the alarm from whoever has it, saying why."""
    await visit.acts.take_over(number, body.reason)
    return await _now(visit, number)


@router.post("/{number}/notes", status_code=201)
async def note(number: Number, body: models.Note, visit: Acting) -> models.AlarmListed:
    """Keep a note in the journal."""
    await visit.acts.note(number, body.text)
    return await _now(visit, number)


@router.post("/{number}/dispatch")
async def dispatch(number: Number, visit: Acting, body: models.Dispatch | None = None) -> models.AlarmListed:
    """Record that somebody was sent to the home."""
    await visit.acts.dispatch(number, body.text if body else "")
    return await _now(visit, number)


@router.post("/{number}/escalate")
async def escalate(number: Number, visit: Acting, body: models.Reason | None = None) -> models.AlarmListed:
    """Bring the next escalation step to now."""
    await visit.acts.escalate(number, body.reason if body else "")
    return await _now(visit, number)


@router.post("/{number}/close")
async def close(number: Number, body: models.Close, visit: Acting) -> models.AlarmListed:
    """Close the alarm with how it ended."""
    await visit.acts.close(number, body)
    return await _now(visit, number)


async def known(visit: Visit, number: int) -> models.AlarmWhole:
    """Return the alarm whole; a problem where there is none of that number."""
    alarm = await whole(visit.connection, number)
    if alarm is None:
        raise Problem(404, f"There is no alarm {number}.")
    return alarm


async def _now(visit: Visit, number: int) -> models.AlarmListed:
    """Return the alarm as it now is."""
    return (await listed_by_id(visit.connection, [number]))[0]
