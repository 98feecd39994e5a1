"""Rehearsals that are asked for: in the table `rehearsals`, where the console asks and the monitor answers.

NOTIFY is a hint, the poll each second the guarantee. A rehearsal shares the monitor's loop in slices of a millisecond
or two, on a connection of its own: nobody's press waits for it. A question is claimed under a row lock, so that of
two monitors one answers; if it dies, the other does. What cannot be answered says why; nobody is left waiting.
"""

import asyncio

import msgspec
import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from monitor.rehearsal import Past, Rehearsal, compared
from monitor.rehearsal_history import read_past
from runtime.database import PATIENCE, Connection, Listener, in_words
from schema.entries import HomeSet
from schema.findings import FindingChange
from schema.instants import DAY, Instant, instant
from schema.plans import CarePlan
from schema.rehearsals import CHANNEL, MOST_DAYS, WARM_UP, Draft, Rehearsed, Unseen

log = structlog.get_logger()

_POLL = 1.0  # s
_RETRY = 0.5  # s, with the database gone
_CLAIM = """
    select id, person, days, draft, asked_at from rehearsals
    where answered_at is null order by id limit 1 for update skip locked
"""
_ANSWER = """
    update rehearsals set answered_at = clock_timestamp(), answer = %s, fault = %s where id = %s
"""
_FORGET = "delete from rehearsals where asked_at < clock_timestamp() - interval '1 day'"


class NobodyError(LookupError):
    """There is nobody of this id."""


class UnfitDraftError(ValueError):
    """The draft names what the person's home has not; said in a sentence."""


async def rehearse(connection: AsyncConnection, person: str, draft: Draft, days: int, until: Instant) -> Rehearsed:
    """Return what the draft would have raised of the person's last days, beside what is set now.

    NobodyError where there is no such person; UnfitDraftError where the draft names a device they have not;
    ValueError where `days` is out of bounds.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"days is {days}; expected 1 to {MOST_DAYS}")
    start = until - days * DAY
    past = await read_past(connection, person, start - WARM_UP, until)
    if past is None:
        raise NobodyError(person)
    plan = draft.over(past.plan)
    _check(draft, plan, past)
    said_now = await _played(Rehearsal(past, past.plan), until)
    said = said_now if plan == past.plan else await _played(Rehearsal(past, plan), until)
    unseen = tuple(Unseen(max(began, start), ended) for began, ended in past.unseen if ended > start)
    return Rehearsed(
        person=person,
        zone=past.zone,
        start=start,
        end=until,
        readings=len(past.readings),
        found=compared(said, said_now, start, past.recorded),
        unseen=unseen,
    )


def _check(draft: Draft, plan: CarePlan | None, past: Past) -> None:
    if plan is None or plan == past.plan:
        return
    homes = [fact for _, fact in past.facts if isinstance(fact, HomeSet)]
    fitted = {each.device.id for home in homes for each in home.devices}
    rules = plan.rules if draft.rule is None else (draft.rule,)
    for rule in rules:
        if rule.device is not None and rule.device not in fitted:
            raise UnfitDraftError(
                f"rule '{rule.stable_id}' names device '{rule.device}', which the home of '{past.person}' has not; "
                f"expected one of {', '.join(sorted(fitted))}"
            )


async def _played(rehearsal: Rehearsal, until: Instant) -> list[FindingChange]:
    for _ in rehearsal.play(until):
        await asyncio.sleep(0)  # what shares our loop must not wait
    return rehearsal.said


async def answer_all(url: str, listener: Listener) -> None:
    """Answer until cancelled, through every loss of the database. The listener must hear `CHANNEL`."""
    address = make_conninfo(url, application_name="monitor rehearsals", **PATIENCE)
    while True:
        try:
            async with await Connection.connect(address, autocommit=True) as connection:
                while True:
                    if not await answer_one(connection):
                        await connection.execute(_FORGET)
                        await listener.wait(CHANNEL, _POLL)
        except psycopg.Error as error:
            log.info("rehearsals wait for the database", action="rehearse", reason=in_words(error))
            await asyncio.sleep(_RETRY)


async def answer_one(connection: AsyncConnection) -> bool:
    """Answer the oldest question that waits; False where none does."""
    async with connection.transaction():
        row = await (await connection.execute(_CLAIM)).fetchone()
        if row is None:
            return False
        number, person, days, draft, asked_at = row
        answer, fault = None, None
        try:
            async with connection.transaction():
                asked = msgspec.convert(draft, Draft)
                answer = await rehearse(connection, person, asked, days, instant(asked_at))
        except psycopg.OperationalError:
            raise
        except UnfitDraftError as error:
            fault = str(error)
        except Exception as error:  # whatever it is, whoever asked is told, and the next answered
            log.warning("a rehearsal failed", action="rehearse", rehearsal=number, exc_info=error)
            fault = f"the rehearsal failed ({type(error).__name__}); the monitor's log says more"
        await connection.execute(_ANSWER, (None if answer is None else _json(answer), fault, number))
    return True


def _json(answer: Rehearsed) -> Jsonb:
    return Jsonb(answer, dumps=lambda each: msgspec.json.encode(each).replace(b"\\u0000", b""))
