"""How the service is, to those who watch over it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from alerting.console import context, measures
from alerting.console.app import create_app
from alerting.console.live import Live
from alerting.console.measures import LOOKED_BACK, MOST_COUNTED
from runtime.clock import SetClock, SystemClock
from runtime.database import Listener
from runtime.settings import Settings
from schema.entries import Tick, pack
from schema.instants import MINUTE, SECOND, instant, moment
from tests.unit.console.house import House, lived_in

TICKED = "select * from log_append('tick', null, %s, %s)"
READ = "insert into monitor_cursors select 0, max(position) from log on conflict (partition) do update"
READ_ALL = READ + " set position = excluded.position"


async def at_work(house: House) -> None:
    """Let gateway and monitor do their work up to this moment."""
    await house.rows(TICKED, pack([Tick()]), moment(house.clock.now()))
    await house.do(READ_ALL)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node of an explained plan."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def told(house: House) -> list[str]:
    """Return why the service is not ready; both doors must say the same."""
    async with httpx.AsyncClient(base_url=house.url) as anybody:
        answer = await anybody.get("/ready")
        metrics = (await anybody.get("/metrics")).text
    reasons: list[str] = answer.json()["reasons"]
    assert answer.status_code == (503 if reasons else 200)
    assert answer.json()["ready"] is not bool(reasons)
    assert f"telecare_ready {0.0 if reasons else 1.0}" in metrics
    return reasons


async def test_it_is_alive_and_ready_and_measured_without_a_session(house: House) -> None:
    await house.press()
    await at_work(house)
    async with httpx.AsyncClient(base_url=house.url) as anybody:
        assert (await anybody.get("/health")).json() == {"status": "alive"}
        ready = await anybody.get("/ready")
        assert (ready.status_code, ready.json()["database"], ready.json()["live"]) == (200, "answers", True)
        metrics = (await anybody.get("/metrics")).text
    assert 'telecare_open_alarms{owned="false",priority="life"} 1.0' in metrics
    assert "telecare_desk_live 1.0" in metrics
    assert "telecare_canary_age_seconds +Inf" in metrics, "no canary has ever pressed"
    assert "Ada" not in metrics


async def test_it_is_alive_and_not_ready_without_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "PATIENCE_S", 0.2)
    gone = "postgresql://nobody@127.0.0.1:1/none"
    pool = AsyncConnectionPool(gone, open=False, timeout=0.2)
    await pool.open(wait=False)
    app = create_app(Settings(), pool, Listener(gone, ["alarms"]), SystemClock())
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as anybody:
            assert (await anybody.get("/health")).status_code == 200
            ready = await anybody.get("/ready")
            assert (ready.status_code, ready.json()["database"]) == (503, "away")
            assert ready.json()["reasons"] == ["the database does not answer"]
            page = await anybody.get("/")
            assert (page.status_code, "The database does not answer" in page.text) == (503, True)
            asked = await anybody.get("/api/alarms", headers={"Authorization": "Bearer x"})
            assert asked.status_code == 503
            assert "does not answer" in asked.json()["detail"]
    finally:
        await pool.close()


async def test_a_log_that_stands_still_is_told_on_the_queue(database: AsyncConnectionPool, database_url: str) -> None:
    clock = SetClock(SystemClock().now())
    async with lived_in(database, database_url, clock) as house, house.visitor("olga") as olga:
        assert "Nothing has come in" not in (await olga.get("/queue")).text
        clock.at = instant(await house.value("select max(committed_at) from log")) + 5 * MINUTE
        assert "Nothing has come in from any home for 5 min" in (await olga.get("/queue")).text
        await house.rows("select * from log_append('tick', null, '\\x90', %s)", moment(clock.at))
        assert "Nothing has come in" not in (await olga.get("/queue")).text


async def test_what_is_too_far_behind_is_told_in_words_the_cause_first(
    database: AsyncConnectionPool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Live, "is_live", True)  # its own clock stands still with ours
    clock = SetClock(SystemClock().now() + MINUTE)
    async with lived_in(database, database_url, clock) as house:
        await at_work(house)
        assert await told(house) == []
        clock.at += 40 * SECOND
        assert await told(house) == [
            "nothing has been appended to the log for 40 s: neither gateway nor monitor is at work"
        ]
        await house.rows(TICKED, pack([Tick(blind=True)]), moment(clock.at))
        await house.do(READ_ALL)
        assert await told(house) == ["no gateway has been heard for 40 s: nothing that homes send comes in"]
        await house.rows(TICKED, pack([Tick()]), moment(clock.at))
        clock.at += 21 * SECOND
        await house.rows(TICKED, pack([Tick()]), moment(clock.at))
        assert await told(house) == ["the monitor is 20 s behind (2 rows of the log)"]


async def test_alarms_that_do_not_go_on_and_messages_that_do_not_go_out_are_told(
    database: AsyncConnectionPool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Live, "is_live", True)
    clock = SetClock(SystemClock().now())
    async with lived_in(database, database_url, clock) as house:
        await house.press()
        await house.do("update finding_changes set taken_at = null")
        clock.at += 5 * MINUTE
        await at_work(house)
        await house.do("update alarms set due_at = %s", moment(clock.at - 3 * MINUTE))
        await house.do(
            "insert into notifications (alarm, step, target, recipient, recipient_kind, channel, body, created_at,"
            " not_before) select id, 1, 'team', 'nurse', 'member', 'sms', '', now(), %s from alarms",
            moment(clock.at - 2 * MINUTE),
        )
        assert await told(house) == [
            "what the monitor found 5 min ago is no alarm yet (1 waiting)",
            "an escalation step is 3 min overdue",
            "a message has waited 2 min to go out",
        ]


async def test_the_age_of_the_last_canary_is_told(database: AsyncConnectionPool, database_url: str) -> None:
    clock = SetClock(SystemClock().now())
    async with lived_in(database, database_url, clock) as house:
        await house.finding("button", "_canary-1", None, "Pendant pressed", priority="life")
        clock.at = instant(await house.value("select recorded_at from alarms")) + 90 * SECOND
        async with httpx.AsyncClient(base_url=house.url) as anybody:
            metrics = (await anybody.get("/metrics")).text
        assert "telecare_canary_age_seconds 90.0" in metrics
        for figure in ("open_alarms", "oldest_alarm_seconds", "messages_1h"):
            assert f"telecare_{figure}{{" not in metrics, "a canary is in no figure"


FILLED = """
    insert into log select n, now() - (200000 - n) * interval '1 second', 'tick', null, '\\x90'
        from generate_series(1000, 101000) n;
    insert into alarms (subject_kind, subject, kind, rule, priority, state, owner, reason, onset, raised_at, closed_at,
                        outcome)
        select 'service', 's' || n, 'button', 'r', 'life', 'closed', 'olga', '', now(), now(), now(), 'test'
        from generate_series(1, 20000) n;
    insert into notifications (alarm, step, target, recipient, recipient_kind, channel, body, created_at, not_before,
                               state)
        select (select min(id) from alarms), n, 't', 'r', 'desk', 'console', '', now(), now(), 'delivered'
        from generate_series(1, 20000) n;
    insert into finding_changes select n, 's', 0, 'f', 'updated', '{}', now() from generate_series(1, 20000) n;
    insert into monitor_cursors values (0, 101000);
    analyze
"""


async def test_being_asked_reads_no_table_whole(house: House) -> None:
    """By the planner's own word, on tables that have grown: what is asked each few seconds stays small."""
    await house.do(FILLED)
    asked = {"most": MOST_COUNTED, "back": LOOKED_BACK, "blind": b"", "now": moment(house.clock.now())}
    async with house.pool.connection() as connection:
        cursor = await connection.execute("explain (analyze, format json) " + measures._MEASURE, asked)
        (plan,) = await cursor.fetchone() or ([],)
    read = [node for node in nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"]
    assert {node["Relation Name"] for node in read} <= {"monitor_cursors"}, "sixteen rows at most"
    assert max(node["Actual Rows"] for node in nodes(plan[0]["Plan"])) <= LOOKED_BACK
