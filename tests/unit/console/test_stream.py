"""Alarms as they change, and a heartbeat that means something."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from alerting.console import live
from alerting.console.live import Live
from runtime.clock import SetClock
from runtime.database import Listener
from schema.instants import SECOND, Instant, parse_instant
from tests.unit.console.house import House

NIGHT: Instant = parse_instant("2026-11-22T02:30:00Z")


async def said(lines: AsyncIterator[str]) -> tuple[str, dict[str, Any]]:
    """Return the next event of a stream."""
    event = ""
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return event, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def next_alarm(lines: AsyncIterator[str]) -> dict[str, Any]:
    while True:
        event, data = await said(lines)
        if event == "alarm":
            return data


async def test_a_press_is_on_the_stream_and_so_is_all_that_becomes_of_it(house: House) -> None:
    async with house.program("olga") as olga, olga.stream("GET", "/api/stream", timeout=30) as stream:
        lines = stream.aiter_lines()
        assert (await said(lines))[0] == "heartbeat"
        alarm = await house.press()
        pressed = await next_alarm(lines)
        assert (pressed["id"], pressed["kind"], pressed["state"]) == (alarm, "button", "raised")
        assert set(pressed) == set((await olga.get("/api/alarms")).json()[0])
        await olga.post(f"/api/alarms/{alarm}/acknowledge")
        while (taken := await next_alarm(lines))["owner"] is None:
            pass
        assert taken["owner"] == "olga"
        await olga.post(f"/api/alarms/{alarm}/close", json={"outcome": "reassured"})
        while (await next_alarm(lines))["state"] != "closed":
            pass


async def test_a_press_is_on_the_stream_even_when_no_notification_came(house: House) -> None:
    """NOTIFY is a hint; the look every two seconds is the guarantee."""
    async with house.program("olga") as olga, olga.stream("GET", "/api/stream", timeout=30) as stream:
        lines = stream.aiter_lines()
        await said(lines)
        await house.do(
            "insert into alarms (subject_kind, subject, kind, rule, priority, reason, onset, raised_at, due_at)"
            " values ('service', 'desk', 'technical', 'canary', 'life', 'unseen', now(), now(), now())"
        )
        assert (await next_alarm(lines))["reason"] == "unseen"


async def test_heartbeats_come_each_few_seconds_while_the_desk_sees(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    async with house.program("olga") as olga, olga.stream("GET", "/api/stream", timeout=30) as stream:
        lines = stream.aiter_lines()
        beats = [await said(lines) for _ in range(3)]
    assert {event for event, _ in beats} == {"heartbeat"}
    assert len({data["at"] for _, data in beats}) == 3
    assert live.HEARTBEAT_S == 0.1


def test_one_heartbeat_may_be_lost_and_a_page_still_says_within_eight_seconds_that_none_comes() -> None:
    script = (Path(live.__file__).parent / "static" / "console.js").read_text()
    missed = int(re.findall(r"const HEARTBEAT_MISSED_MS = (\d+);", script)[0])
    assert missed >= 2 * live.HEARTBEAT_S * 1000 + 1000, "one that is lost says nothing yet"
    assert missed + 1000 <= 8000, "the page looks each second at the latest"


async def test_no_heartbeat_comes_while_the_desk_is_blind(database: AsyncConnectionPool, database_url: str) -> None:
    clock = SetClock(NIGHT)
    desk = Live(database, Listener(database_url, ["alarms"]), clock)
    assert desk.heartbeat() is None
    await desk.look()
    assert desk.heartbeat() is not None
    clock.at += 30 * SECOND
    assert desk.heartbeat() is None


async def test_the_stream_ends_with_its_session(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    async with house.program("olga") as olga, olga.stream("GET", "/api/stream", timeout=30) as stream:
        lines = stream.aiter_lines()
        await said(lines)
        await house.do("delete from sessions")
        async with asyncio.timeout(10):
            async for _ in lines:
                pass  # and then no more


async def test_who_is_too_slow_to_follow_is_let_go_and_the_others_are_told(
    house: House, database: AsyncConnectionPool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_WAITING", 2)
    desk = Live(database, Listener(database_url, ["alarms"]), house.clock)
    await desk.look()
    slow = desk.watch()
    assert await anext(slow) is not None
    for person, home in (("ada", "home-ada"), ("walter", "home-walter"), ("henry", "home-henry")):
        await house.press(person, home)
        await desk.look()
    left = [each async for each in slow]
    assert len(left) == 1
    assert not desk._watchers


async def test_an_installer_may_not_follow(house: House) -> None:
    async with house.program("ines") as ines:
        assert (await ines.get("/api/stream")).status_code == 403


async def test_nobody_follows_without_a_session(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as nobody:
        assert (await nobody.get("/api/stream")).status_code == 401
