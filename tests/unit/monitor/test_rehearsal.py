"""A rehearsal is the same fold over the same log: of the very plan that was set it says what was said, to the id."""

import asyncio
from random import Random

import msgspec
import pytest
from psycopg import AsyncConnection

from benchmarks.lived_history import BEGINS, Lived, lived, store
from monitor.fold import Fold
from monitor.rehearsal import Past, Rehearsal, compared
from monitor.rehearsal_answers import NobodyError, answer_one, rehearse
from monitor.rehearsal_history import read_past
from monitor.rehearsal_ticks import pack_ticks
from runtime.log import append
from schema.entries import AlarmClosed, Entry, PlanSet, Tick, pack
from schema.findings import FindingChange
from schema.instants import DAY, HOUR, MINUTE, SECOND, Instant, moment
from schema.people_entries import entries
from schema.plans import CarePlan
from schema.rehearsals import Draft, Raised, Rehearsed

DAYS = 4
UNTIL = BEGINS + DAYS * DAY
PERSON = "p-101"
DEAF = [(BEGINS + 30 * HOUR, BEGINS + 31 * HOUR), (BEGINS + 67 * HOUR, BEGINS + 73 * HOUR)]
"""When the service heard nothing: what was sent then came at the end of it."""


STRICT = {"bed_exit": "3m", "inactivity": "50m", "door_open": "30s"}
"""Limits so short that much is raised."""


@pytest.fixture(scope="module")
def life() -> Lived:
    """Give some days of somebody to whom things happen, with two outages of ours in them."""
    quiet = lived(UNTIL, seed=11, mishaps=True)
    person = quiet.people.people[0]
    assert person.care_plan is not None
    rules = [
        msgspec.structs.replace(rule, longer_than=STRICT[rule.name]) if rule.name in STRICT else rule
        for rule in person.care_plan.rules
    ]
    plan = msgspec.structs.replace(person.care_plan, rules=tuple(rules))
    strict = msgspec.structs.replace(quiet.people, people=(msgspec.structs.replace(person, care_plan=plan),))
    quiet = quiet._replace(people=strict)
    rows, last = [], 0
    for at, row in quiet.rows:
        told = next((ended for began, ended in DEAF if began <= at < ended), at)
        last = max(told, last + 1)
        rows.append(
            (last, tuple(msgspec.structs.replace(each, received_at=max(each.received_at, told)) for each in row))
        )
    return quiet._replace(rows=rows)


def live(life: Lived) -> tuple[list[FindingChange], list[AlarmClosed]]:
    """Watch the life as it is lived; somebody closes most alarms within minutes. What was said, and the closings.

    Of the ticks those are left out at which nothing is due.
    """
    draw = Random(5)  # noqa: S311 - drawn lots, not secrets
    fold, said, closings = Fold(), list[FindingChange](), list[AlarmClosed]()
    position, rows, closes = 0, iter(life.rows), list[tuple[Instant, AlarmClosed]]()

    def take(at: Instant, *what: Entry) -> None:
        nonlocal position
        position += 1
        for change in fold.row(position, at, what):
            said.append(change)
            if change.change == "raised" and change.finding.subject_kind == "person" and draw.random() < 0.8:
                closed_at = change.at + draw.randrange(1, 40) * MINUTE + 1
                closes.append((closed_at, AlarmClosed(PERSON, (change.finding.id,), closed_at)))

    take(BEGINS, *entries(life.people).entries)
    row = next(rows, None)
    for at, tick in TICKS.items():
        while row is not None and row[0] < at:
            take(row[0], *row[1])
            row = next(rows, None)
        for closes_at, closed in [each for each in closes if each[0] <= at - 300_000]:
            closes.remove((closes_at, closed))
            closings.append(msgspec.structs.replace(closed, at=at - 300_000 + len(closings)))
            take(closings[-1].at, closings[-1])
        due = fold.next_due()
        if (due is not None and due <= at) or tick.blind != (fold.blind_at is not None):
            take(at, tick)
    return said, closings


@pytest.fixture(scope="module")
def lived_through(life: Lived) -> tuple[list[FindingChange], list[AlarmClosed]]:
    """Give what was said of the life as it was lived, and what was closed."""
    return live(life)


def ticks() -> dict[Instant, Tick]:
    """Return the log's ticks: one in five seconds, off the whole of them; blind from seconds on into an outage."""
    found = {}
    for tick in range(BEGINS + SECOND + 370_000, UNTIL, 5 * SECOND):
        began = next((began for began, ended in DEAF if began <= tick < ended), None)
        if began is None or tick - began > 5 * SECOND:
            found[tick] = Tick(blind=began is not None)
    return found


TICKS = ticks()


def past_of(life: Lived, closings: list[AlarmClosed], recorded: set[str]) -> Past:
    facts: list[tuple[Instant, Entry]] = [(BEGINS, fact) for fact in entries(life.people).entries]
    facts += [(closed.at, closed) for closed in closings]
    return Past(
        person=PERSON,
        zone="Europe/London",
        since=BEGINS - DAY,
        plan=plan_of(life),
        facts=facts,
        readings=[(at, each) for at, row in life.rows for each in row],
        ticks=list(TICKS),
        marked={at: tick for at, tick in TICKS.items() if tick.blind},
        unseen=DEAF,
        recorded=recorded,
    )


def plan_of(life: Lived) -> CarePlan:
    return next(fact.plan for fact in entries(life.people).entries if isinstance(fact, PlanSet))


def played(past: Past, plan: CarePlan | None) -> list[FindingChange]:
    rehearsal = Rehearsal(past, plan)
    for _ in rehearsal.play(UNTIL):
        pass
    return rehearsal.said


def raised(said: list[FindingChange]) -> dict[str, Raised]:
    found = [each.draft for each in compared(said, [], BEGINS, frozenset())]
    return {each.finding: each for each in found if each is not None}


def theirs(said: list[FindingChange]) -> list[FindingChange]:
    return [change for change in said if change.finding.subject == PERSON]


def test_the_very_plan_that_was_set_raises_what_was_raised_to_the_id(
    life: Lived, lived_through: tuple[list[FindingChange], list[AlarmClosed]]
) -> None:
    said, closings = lived_through
    was, ids = raised(theirs(said)), {change.finding.id for change in said if change.change == "raised"}
    again = raised(played(past_of(life, closings, ids), plan_of(life)))
    assert len(was) >= 12, "days in which something happened"
    assert {"button", "bed_exit", "inactivity"} <= {each.rule_name for each in was.values()}
    assert [each for each in was.values() if each.cleared_at is None]
    assert again.keys() == was.keys()
    for finding, before in was.items():
        assert again[finding] == before


def test_no_silence_of_ours_is_taken_for_theirs(life: Lived) -> None:
    deaf = past_of(life, [], set())
    aware, unaware = played(deaf, plan_of(life)), played(deaf._replace(marked={}), plan_of(life))
    at = {each.raised_at for each in raised(aware).values()}
    assert not [each for each in at for began, ended in DEAF if began + 6 * SECOND < each < ended]
    assert raised(unaware).keys() != raised(aware).keys()


def test_a_call_that_only_the_draft_hears_hides_no_later_one(life: Lived) -> None:
    press = next(each for _, row in life.rows for each in row if each.kind == "heartbeat")
    button = next(
        each.number for fact in entries(life.people).entries if fact.__class__.__name__ == "HomeSet"
        for each in fact.devices if each.device.kind == "button"
    )  # fmt: skip
    calls = [
        (BEGINS + hours * HOUR, msgspec.structs.replace(
            press, device=button, kind="button", value="pressed", observed_at=BEGINS + hours * HOUR, seq=10**6 + hours))
        for hours in (40, 42, 44)
    ]  # fmt: skip
    past = past_of(life, [], set())
    past = past._replace(readings=sorted([*past.readings, *calls], key=lambda each: each[0]))
    by_hand = [each for each in raised(played(past, plan_of(life))).values() if each.rule_name == "button"]
    assert {at for at, _ in calls} <= {each.onset for each in by_hand}


async def test_the_history_in_the_database_says_the_same(
    connection: AsyncConnection, life: Lived, lived_through: tuple[list[FindingChange], list[AlarmClosed]]
) -> None:
    said, closings = lived_through
    await store(connection, life, 1)
    for closed in closings:
        await append(connection, "facts", pack([closed]), at=closed.at)
    for number, change in enumerate(said, 1):
        if change.change == "raised":
            await connection.execute(
                "insert into finding_changes (position, subject, ordinal, finding, change, body)"
                " values (%s, %s, 0, %s, 'raised', '{}')",
                (number, change.finding.subject, change.finding.id),
            )
    async with (
        connection.cursor() as cursor,
        cursor.copy("copy log (position, committed_at, kind, entries) from stdin") as copy,
    ):
        for number, (at, tick) in enumerate(TICKS.items(), 10_000):
            await copy.write_row((number, moment(at), "tick", pack([tick])))
    while await pack_ticks(connection, UNTIL - 2 * HOUR) < UNTIL - 3 * HOUR:
        pass
    for began, ended in DEAF:
        await connection.execute(
            "insert into coverage_gaps (what, cause, began, ended) values ('listening', 'gateway', %s, %s)",
            (moment(began), moment(ended)),
        )
    past = await read_past(connection, PERSON, BEGINS - DAY, UNTIL)
    assert past is not None
    assert list(past.ticks) == list(TICKS)
    assert sorted(past.readings) == sorted(past_of(life, [], set()).readings)
    found = await rehearse(connection, PERSON, Draft(), DAYS, UNTIL)
    was = raised(theirs(said))
    assert {each.shown.finding for each in found.found} == was.keys()
    assert all(each.raised_then and each.draft == each.set_now for each in found.found)
    assert [(each.began, each.ended) for each in found.unseen] == DEAF
    with pytest.raises(NobodyError):
        await rehearse(connection, "nobody", Draft(), DAYS, UNTIL)


async def test_a_draft_stands_beside_what_is_set_now(connection: AsyncConnection, life: Lived) -> None:
    await store(connection, life, 1)
    rule = {"rule": "inactivity", "id": "quiet-by-day", "longer_than": "20m"}
    draft = msgspec.convert({"rule": rule}, Draft)
    found = await rehearse(connection, PERSON, draft, DAYS, UNTIL)
    only_draft = [each.draft for each in found.found if each.set_now is None]
    assert only_draft
    assert {each.rule for each in only_draft if each} == {"quiet-by-day"}
    assert [each for each in found.found if each.draft and each.set_now], "what the draft leaves as it was"


async def test_a_question_in_the_table_is_answered_once(connection: AsyncConnection, life: Lived) -> None:
    await store(connection, life, 1)
    ask = "insert into rehearsals (person, asked_by, days, draft, asked_at) values (%s, 'x', %s, %s, %s)"
    await connection.execute(ask, (PERSON, DAYS, "{}", moment(UNTIL)))
    await connection.execute(ask, (PERSON, DAYS, '{"rule": {"rule": "from-tomorrow"}}', moment(UNTIL)))
    assert [await answer_one(connection) for _ in range(3)] == [True, True, False]
    rows = await (await connection.execute("select answer, fault from rehearsals order by id")).fetchall()
    assert msgspec.convert(rows[0][0], Rehearsed) == await rehearse(connection, PERSON, Draft(), DAYS, UNTIL)
    assert rows[0][1] is None
    assert rows[1][0] is None
    assert "failed" in rows[1][1]


async def test_a_rehearsal_lets_others_have_their_turn(life: Lived) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    past = past_of(life, [], set())
    task = asyncio.create_task(other())
    for _ in Rehearsal(past, plan_of(life)).play(UNTIL):
        await asyncio.sleep(0)
    task.cancel()
    assert turns > len(past.readings) / 200
