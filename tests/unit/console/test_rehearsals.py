"""A draft asked about at the API: the monitor answers by way of the table, and the look is audited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from alerting.console import rehearsals
from monitor.rehearsal_answers import answer_all
from runtime.database import Listener
from schema.instants import HOUR, moment
from tests.unit.console.house import House

STILL = {"rule": "inactivity", "id": "still", "longer_than": "1h"}


@pytest.fixture
async def _monitor(database_url: str) -> AsyncIterator[None]:
    """Let a monitor answer, as its service does."""
    listener = Listener(database_url, ["rehearsals"])
    tasks = [asyncio.create_task(work) for work in (listener.run(), answer_all(database_url, listener))]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.usefixtures("_monitor")
async def test_a_draft_is_answered_beside_what_is_set_and_the_look_is_audited(house: House) -> None:
    for number, hours_ago in enumerate((30.0, 29.9, 29.8, 20.0)):
        at = moment(house.clock.now() - int(hours_ago * HOUR))
        await house.do(
            "insert into readings (device, observed_at, boot, seq, kind, value, received_at, batch)"
            " select number, %s, 0, %s, 'motion', 'detected', %s, nextval('batches') from devices"
            " where home = 'home-ada' and id = 'motion-1'",
            at, number, at,
        )  # fmt: skip
    async with house.program("cara") as cara:
        answer = await cara.post("/api/people/ada/rehearsals", json={"rule": STILL, "days": 3})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["person"], told["zone"], told["readings"]) == ("ada", "Europe/London", 4)
    assert all(each["raised_then"] is False for each in told["found"])
    assert await house.audited("ada") == [("cara", "rehearsed")]


@pytest.mark.usefixtures("_monitor")
async def test_what_cannot_be_rehearsed_is_refused_in_a_sentence(house: House) -> None:
    refused = {
        "soon": {"rule": {**STILL, "longer_than": "soon"}},
        "expected perhaps 'inactivity'": {"rule": {**STILL, "rule": "inactivty"}},
        "names device 'bed-9'": {"rule": {"rule": "bed_exit", "device": "bed-9"}},
        "less than or equal to 28": {"rule": STILL, "days": 29},
        "a rule or a plan": {"rule": STILL, "plan": {"rules": [STILL]}},
    }
    async with house.program("cara") as cara:
        for words, body in refused.items():
            answer = await cara.post("/api/people/ada/rehearsals", json=body)
            assert answer.status_code == 422
            assert words in answer.json()["detail"]
        assert (await cara.post("/api/people/nobody/rehearsals", json={"rule": STILL})).status_code == 404
    async with house.program("ines") as ines:
        assert (await ines.post("/api/people/ada/rehearsals", json={"rule": STILL})).status_code == 403


async def test_where_no_monitor_answers_that_is_said_and_nothing_waits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsals, "_LOOKS", 3)
    async with house.program("cara") as cara:
        answer = await cara.post("/api/people/ada/rehearsals", json={"rule": STILL})
    assert answer.status_code == 503
    assert "monitor does not answer" in answer.json()["detail"]
    async with house.pool.connection() as connection:
        assert await (await connection.execute("select count(*) from rehearsals")).fetchone() == (0,)
