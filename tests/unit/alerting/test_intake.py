"""What the monitor found becomes alarms: one an occurrence, whatever crashes, replays or comes at once."""

import asyncio
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from alerting import desk, intake
from alerting.engine import Engine
from schema.findings import Evidence
from schema.instants import MINUTE, SECOND
from tests.unit.alerting.house import House


async def test_a_finding_opens_an_alarm_and_what_the_monitor_says_next_joins_it(house: House) -> None:
    await house.finds("inactivity", reason="nothing seen since 09:00")
    await house.finds("inactivity", rule="not_up", reason="not up by 10:30")
    assert await house.rows("select id, kind, state from alarms") == [(1, "inactivity", "raised")]
    whole = await house.whole(1)
    assert len(whole.findings) == 2
    assert whole.reason == "not up by 10:30"
    assert "Joined: not up by 10:30." in [line.text for line in whole.journal]


async def test_different_kinds_and_different_people_have_alarms_of_their_own(house: House) -> None:
    await house.finds("button")
    await house.finds("fall")
    await house.finds("button", subject="home-0001", subject_kind="home")
    assert await house.value("select count(*) from alarms") == 3


async def test_what_joins_brings_the_higher_priority_and_the_stricter_policy_at_the_step_now_due(
    house: House,
) -> None:
    await house.finds("inactivity", priority="routine", policy="routine")
    house.clock.at += 2 * MINUTE
    await house.finds("inactivity", rule="silent", priority="urgent", policy="urgent")
    whole = await house.whole(1)
    assert (whole.priority, whole.policy) == ("urgent", "urgent")
    assert [who for _, who in house.phones.told()] == ["social worker"]
    assert whole.due_at == "2026-11-22T02:18:00.000Z"


async def test_what_presses_less_joins_without_loosening_anything(house: House) -> None:
    await house.finds("inactivity", priority="urgent", policy="urgent", reason="nothing seen for 4 h")
    await house.finds("inactivity", rule="not_up", priority="routine", policy="routine", reason="not up by 10:30")
    whole = await house.whole(1)
    assert (whole.priority, whole.policy, whole.reason) == ("urgent", "urgent", "nothing seen for 4 h")


async def test_a_second_press_makes_an_acknowledged_alarm_nobodys_again_and_pages_at_the_step_now_due(
    house: House,
) -> None:
    number = await house.press()
    await house.acknowledge(number)
    house.clock.at += 90 * SECOND
    await house.finds("button")
    whole = await house.whole(number)
    assert (whole.state, whole.owner) == ("raised", None)
    assert [who for _, who in house.phones.told()] == ["social worker"]
    assert any("olga had it (acknowledged)" in line.text for line in whole.journal)


async def test_an_alarm_is_cleared_when_all_it_rests_on_has_cleared_and_a_human_still_closes_it(house: House) -> None:
    first = await house.finds("inactivity")
    second = await house.finds("inactivity", rule="not_up")
    await house.finds(change="cleared", of=first, why="seen in the hall 02:20")
    assert (await house.whole(1)).cleared_at is None
    house.clock.at += 6 * MINUTE
    await house.finds(change="cleared", of=second, why="up 02:20")
    whole = await house.whole(1)
    assert whole.cleared_at == "2026-11-22T02:20:00.000Z"
    assert whole.state == "raised"
    assert "Cleared: up 02:20" in [line.text for line in whole.journal]


async def test_a_cleared_alarm_that_something_joins_has_not_cleared_any_more(house: House) -> None:
    first = await house.finds("bed")
    await house.finds(change="cleared", of=first)
    await house.finds("bed")
    assert (await house.whole(1)).cleared_at is None


async def test_an_update_refreshes_reason_and_evidence_without_paging_anybody(house: House) -> None:
    finding = await house.finds("bed", reason="out of bed since 02:14")
    await house.acknowledge(1)
    await house.finds(change="updated", of=finding, reason="out of bed since 02:14, seen in the bathroom")
    whole = await house.whole(1)
    assert whole.reason == "out of bed since 02:14, seen in the bathroom"
    assert whole.owner == "olga"


async def test_an_update_that_presses_more_raises_the_alarm_again(house: House) -> None:
    finding = await house.finds("fall", priority="urgent", certainty="maybe")
    await house.acknowledge(1)
    house.clock.at += 2 * MINUTE
    await house.finds(change="updated", of=finding, priority="life", certainty="fallen")
    whole = await house.whole(1)
    assert (whole.priority, whole.owner, whole.certainty) == ("life", None, "fallen")


async def test_after_closing_a_new_occurrence_opens_a_new_alarm(house: House) -> None:
    number = await house.press()
    async with house.at_the_desk() as connection:
        await desk.close(connection, number, "olga", house.clock.now(), "reassured")
    assert await house.press() == number + 1


async def test_a_press_that_joined_before_a_human_closed_and_is_taken_in_after_opens_an_alarm_anew(
    house: House,
) -> None:
    """The monitor was behind: who closed the alarm could not know of it (found by the simulation, seed 24)."""
    began = house.clock.now()
    first, second = (Evidence(at=began + at, device="pendant-1", kind="button", value="pressed") for at in (0, SECOND))
    finding = await house.finds("button", evidence=(first,))
    async with house.at_the_desk() as connection:
        await desk.close(connection, 1, "olga", house.clock.now(), "attended")
    await house.finds(change="updated", of=finding, evidence=(first, second), reason="help pressed 2 times")
    reopened = await house.whole(2)
    assert (reopened.kind, reopened.state, reopened.owner) == ("button", "raised", None)
    assert [line.action for line in reopened.journal][:2] == ["raised", "step"]


async def test_a_finding_of_a_home_nobody_registered_is_an_alarm_all_the_same(house: House) -> None:
    await house.finds("button", subject="home-9999", subject_kind="home", home="home-9999", policy=None)
    whole = await house.whole(1)
    assert (whole.subject, whole.home, whole.person) == ("home-9999", None, None)
    assert whole.due_at is not None


async def test_an_alarm_of_the_home_reaches_the_contacts_of_who_lives_there(house: House) -> None:
    await house.finds("button", subject="home-0001", subject_kind="home", policy=None)
    await house.at(3 * MINUTE)
    assert [who for _, who in house.phones.told()] == ["daughter", "neighbour"]


@pytest.mark.parametrize("crashes_before", ["taking", "committing"])
async def test_a_crash_anywhere_in_taking_leaves_one_alarm(
    house: House, monkeypatch: pytest.MonkeyPatch, crashes_before: str
) -> None:
    sound = intake._act_on

    async def killed(*arguments: Any, **named: Any) -> None:
        if crashes_before == "committing":
            await sound(*arguments, **named)
        raise asyncio.CancelledError

    monkeypatch.setattr(intake, "_act_on", killed)
    await house.finds("button", run=False)
    with pytest.raises(asyncio.CancelledError):
        await house.engine.run_once(house.clock.now())
    assert await house.value("select count(*) from alarms") == 0
    monkeypatch.setattr(intake, "_act_on", sound)
    await house.run()
    await house.run()
    assert await house.value("select count(*) from alarms") == 1
    assert await house.value("select count(*) from finding_changes where taken_at is null") == 0


async def test_two_engines_at_once_make_one_alarm_and_keep_each_subjects_order(house: House) -> None:
    other = Engine(house.pool, house.clock)
    for person in range(6):
        finding = await house.finds("bed", subject=f"person-{person}", run=False, reason="first")
        for number in range(5):
            await house.finds(subject=finding.subject, change="updated", of=finding, reason=f"then {number}", run=False)
    await asyncio.gather(*(engine.run_once(house.clock.now()) for engine in (house.engine, other) * 3))
    await house.run()
    rows = await house.rows("select subject, reason from alarms order by subject")
    assert rows == [(f"person-{person}", "then 4") for person in range(6)]


async def test_what_cannot_be_read_becomes_a_technical_alarm_and_blocks_nobody_behind_it(house: House) -> None:
    await house.do(
        "insert into finding_changes (position, subject, ordinal, finding, change, body)"
        " values (0, 'ada', 0, 'x', 'raised', %s)", Jsonb({"change": "raised", "finding": {"id": "x"}}),
    )  # fmt: skip
    await house.finds("button")
    kinds = await house.rows("select subject_kind, kind, reason from alarms order by id")
    assert kinds[0][:2] == ("service", "technical")
    assert "'ada'" in kinds[0][2]
    assert kinds[1][1] == "button"
    assert await house.value("select count(*) from finding_changes where taken_at is null") == 0


async def test_a_late_finding_says_how_late_and_pages_by_when_it_was_raised(house: House) -> None:
    await house.finds("inactivity", late_by=90 * MINUTE)
    whole = await house.whole(1)
    assert whole.late_by == 5400
    assert whole.journal[0].text.endswith("Raised 90 min late.")


async def test_a_clock_that_is_ahead_elsewhere_delays_no_first_step(house: House) -> None:
    await house.finds("button", raised_at=house.clock.now() + 30 * SECOND)
    assert "step" in await house.actions(1)


async def test_a_finding_whose_alarm_somebody_holds_keeps_no_other_waiting(house: House) -> None:
    number = await house.press()
    async with house.pool.connection() as holding, holding.transaction():
        await holding.execute("select from alarms where id = %s for update", (number,))
        await house.finds("button", run=False)  # joins the alarm that is held: waits
        for person in range(8):
            await house.finds("button", subject=f"home-{person}", subject_kind="home", run=False)
        running = asyncio.create_task(house.engine.run_once(house.clock.now()))
        async with asyncio.timeout(10):
            while await house.value("select count(*) from alarms") < 9:  # noqa: ASYNC110 - the database sets no event
                await asyncio.sleep(0.01)
        assert not running.done()
    assert await running == (9, 0)


async def test_a_press_overtakes_a_flood_of_faults(house: House) -> None:
    for number in range(60):
        fault = {"subject": f"home-{number}", "subject_kind": "home", "priority": "routine", "policy": "routine"}
        await house.finds("technical", run=False, **fault)
    await house.finds("button", run=False)
    await house.engine.run_once(house.clock.now())
    assert await house.value("select count(*) from notifications where body like 'Life alarm%%'") == 1
    assert await house.value("select count(*) from finding_changes where taken_at is null") > 0
