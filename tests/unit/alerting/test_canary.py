"""A canary home's alarm: at the desk for who asks, on nobody's telephone, and over as soon as it has cleared."""

import psycopg
import pytest

from alerting import desk
from alerting.alarms import alarm, closed_alarms, open_alarms
from alerting.canary import KEPT
from schema.findings import Finding
from schema.instants import DAY, HOUR, MINUTE, SECOND, moment
from tests.unit.alerting.house import House


async def canary_pressed(house: House, number: int = 1) -> Finding:
    home = f"_canary-{number}"
    return await house.finds("button", subject=home, subject_kind="home", home=home, policy="urgent", priority="life")


async def cleared(house: House, finding: Finding) -> None:
    await house.finds(subject=finding.subject, change="cleared", of=finding, why="cancelled on pendant-1")


async def test_it_is_marked_and_pages_nobody_however_long_it_stands(house: House) -> None:
    await canary_pressed(house)
    await house.advance(2 * HOUR)
    async with house.pool.connection() as connection:
        (listed,) = await open_alarms(connection, canary=True)
        whole = await alarm(connection, listed.id)
    assert whole
    assert (whole.canary, whole.priority, whole.home) == (True, "life", None)
    assert house.phones.texts == []
    assert [said.recipient for said in whole.notifications] == ["operators"]
    assert listed.due_at, "it is no dead end all the same"


async def test_a_household_s_press_is_no_canary_s_and_the_tables_let_none_be_made_one(house: House) -> None:
    await house.press()
    assert await house.value("select canary from alarms") is False
    with pytest.raises(psycopg.errors.CheckViolation):
        await house.do("update alarms set canary = true")
    await house.do("insert into homes (id, zone) values ('_canary-1', 'UTC')")
    with pytest.raises(psycopg.errors.CheckViolation):
        await house.do("update people set home = '_canary-1'")


async def test_once_cleared_it_is_closed_as_a_test_and_the_next_press_is_another_alarm(house: House) -> None:
    facts = await house.value("select count(*) from log where kind = 'facts'")
    for number in (1, 2):
        finding = await canary_pressed(house)
        assert await house.value("select max(id) from alarms where closed_at is null") == number
        house.clock.at += SECOND
        await cleared(house, finding)
        assert await house.rows("select outcome, owner from alarms where id = %s", number) == [("test", "canary")]
        house.clock.at += MINUTE
    assert await house.value("select count(*) from log where kind = 'facts'") == facts, (
        "facts are kept for ever: a canary leaves none"
    )
    async with house.pool.connection() as connection:
        assert await closed_alarms(connection) == [], "closed canaries are in no list"


async def test_a_real_alarm_that_clears_still_waits_for_a_human(house: House) -> None:
    finding = await house.finds("button")
    await cleared(house, finding)
    assert await house.value("select state from alarms") == "raised"


async def test_old_canaries_go_with_all_that_was_written_of_them_and_nothing_else_does(house: House) -> None:
    async with house.at_the_desk() as connection:
        await desk.close(connection, await house.press(), "olga", house.clock.now(), "attended")
    for _ in range(3):
        await cleared(house, await canary_pressed(house))
    await house.do("update alarms set recorded_at = %s where id <= 3", moment(house.clock.at - KEPT - DAY))
    await cleared(house, await canary_pressed(house, 2))
    assert await house.rows("select id, canary from alarms order by id") == [(1, False), (4, True), (5, True)]
    for table in ("journal", "notifications", "alarm_findings"):
        assert await house.rows(f"select distinct alarm from {table} order by 1") == [(1,), (4,), (5,)], table  # noqa: S608 - three names of ours
    assert await house.value("select count(*) from finding_changes") == 1 + 2 + 2
