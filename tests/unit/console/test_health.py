"""How the service is, to those who watch over it."""

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from alerting.console import context
from alerting.console.app import create_app
from runtime.clock import SetClock, SystemClock
from runtime.database import Listener
from runtime.settings import Settings
from schema.instants import MINUTE, instant, moment
from tests.unit.console.house import House, lived_in


async def test_it_is_alive_and_ready_and_measured_without_a_session(house: House) -> None:
    await house.press()
    async with httpx.AsyncClient(base_url=house.url) as anybody:
        assert (await anybody.get("/health")).json() == {"status": "alive"}
        ready = await anybody.get("/ready")
        assert (ready.status_code, ready.json()["database"], ready.json()["live"]) == (200, "answers", True)
        metrics = (await anybody.get("/metrics")).text
    assert 'telecare_open_alarms{owned="false",priority="life"} 1.0' in metrics
    assert "telecare_desk_live 1.0" in metrics
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
