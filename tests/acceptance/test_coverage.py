"""Gaps injected into the real parts, and what coverage says of them: the same within a second.

Real broker, database, gateway and monitor. A probe says something ten times a second; when it could not be heard is
measured by when the log has it, and asks no code under test. Then each part is taken away in turn.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from psycopg import AsyncConnection

from alerting.console import coverage, records
from alerting.console.coverage_models import RuleCovered
from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase, embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.instants import SECOND, Duration, Instant, instant, iso, moment
from schema.people_load import load
from schema.people_records import PeopleFile
from telecare.rooms import Room
from tests.chaos.hub import Hub, Message

AWAY = 5.5  # s
CLOCK = SystemClock()
LIVE = "select committed_at from log where kind = 'tick' order by position"
SEES = """
    select from coverage_progress where seen_at > now() - interval '3 s'
        and not exists (select from coverage_gaps where ended is null)
"""
PROBES = """
    select r.observed_at, l.committed_at from readings r join log l using (batch) join devices d on d.number = r.device
    where d.home = 'probe' order by r.observed_at
"""


class Gap(NamedTuple):
    """What was truly unseen."""

    cause: str
    began: Instant
    ended: Instant


def street() -> PeopleFile:
    """Return three homes, each to fail in a way of its own, and one that says something all the time."""
    devices = [{"id": "hub", "kind": "hub"}, {"id": "pendant-1", "kind": "button"}]
    devices.append({"id": "bed-1", "kind": "bed", "room": "bedroom"})
    rules = [
        {"rule": "bed_exit", "longer_than": "4h"},
        {"rule": "silence", "device": "bed-1", "longer_than": "3s"},
        {"rule": "silence", "device": "hub", "longer_than": "3s"},
    ]
    homes = ("device", "offline", "silent", "probe")
    made = {
        "homes": [{"id": home, "zone": "Europe/London", "devices": devices} for home in homes],
        "people": [{"id": home, "name": home, "home": home, "care_plan": {"rules": rules}} for home in homes],
    }
    return msgspec.convert(made, PeopleFile)


class Homes:
    """The homes' hub: everything says that it lives, twice a second, but what was silenced; the probe ten times."""

    def __init__(self, url: str) -> None:
        self.hub = Hub(url, "street", lambda _: None)
        self.silenced = set[tuple[str, str]]()
        self.said: dict[tuple[str, str], list[Instant]] = {}
        self._seq = 0

    async def live(self) -> None:
        """Speak until cancelled."""
        for turn in range(1_000_000):
            for home in ("device", "offline", "silent", "probe") if turn % 5 == 0 else ():
                self.say(home, "hub")
                self.say(home, "bed-1")
            if turn % 5:
                self.say("probe", "bed-1")
            await asyncio.sleep(0.1)

    def say(self, home: str, device: str) -> None:
        """Say that a device lives, unless it is silenced."""
        if (home, device) in self.silenced:
            return
        self._seq += 1
        at = CLOCK.now()
        self.said.setdefault((home, device), []).append(at)
        payload = {"seq": self._seq, "boot": 1, "at": iso(at), "kind": "heartbeat", "value": "alive"}
        self.hub.say(Message(f"homes/{home}/{device}".encode(), json.dumps(payload).encode(), None))

    def status(self, home: str, value: str) -> Instant:
        """Say that the hub is `online` or `offline`."""
        self.hub.say(Message(f"homes/{home}/status".encode(), value.encode(), None))
        return CLOCK.now()

    def around(self, home: str, device: str, within: Instant) -> tuple[Instant, Instant]:
        """Return the last word before and the first after."""
        said = self.said[home, device]
        return max(at for at in said if at < within), min(at for at in said if at > within)


class Parts:
    """Everything that runs."""

    def __init__(self, folder: Path, database: EmbeddedDatabase, broker: EmbeddedBroker) -> None:
        self.database, self.broker = database, broker
        settings = {
            "TELECARE_DATABASE_URL": database.url,
            "TELECARE_MQTT_URL": broker.gateway_url,
            "TELECARE_DATA_DIR": str(folder),
        }
        self.rooms = {name: Room(name, [name], folder, settings) for name in ("gateway", "monitor")}
        self.homes = Homes(broker.hub_url)
        self.since: Instant = 0  # when all was well, and the first gap was not injected yet

    async def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows."""
        async with await AsyncConnection.connect(self.database.url, autocommit=True) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def covered(self, person: str) -> dict[str, RuleCovered]:
        """Return the person's coverage as the API gives it, by rule."""
        async with await AsyncConnection.connect(self.database.url, autocommit=True) as connection:
            now = CLOCK.now()
            found = await records.person(connection, person, moment(now).date())
            assert found is not None
            return {rule.rule: rule for rule in (await coverage.of_person(connection, found, 1, now)).rules}

    async def all_is_well(self, gaps: int) -> None:
        """Wait until nothing goes on being unseen, and so many gaps of the service were."""

        async def well() -> bool:
            rows = await self.ask(
                "select count(*) filter (where ended is null), count(*) filter (where home is null)"
                " from coverage_gaps where began > %s",
                moment(self.since),
            )
            return rows == [(0, gaps)]

        try:
            await until(well, f"{gaps} gaps of the service, none of which goes on")
        except AssertionError as error:
            there = await self.ask(
                "select what, home, cause, began::text, ended::text from coverage_gaps order by began"
            )
            raise AssertionError("\n".join([str(error), *map(str, there)])) from None

    async def unheard(self, cause: str, began: Instant) -> Gap:
        """Return when the probe truly was not heard, about then.

        From the last word that was in the log within a second to when the log had the next such: what was said
        just before sight was back is stored as soon as it is, and would pass for heard too early.
        """
        rows = [(instant(said), instant(stored)) for said, stored in await self.ask(PROBES)]
        heard = [(said, stored) for said, stored in rows if stored - said <= SECOND]
        last = max(said for said, _ in heard if said <= began + SECOND // 2)
        return Gap(cause, last, min(stored for said, stored in heard if said > last + 2 * SECOND))

    def assert_same(self, rule: RuleCovered, truly: list[Gap], slack: Duration) -> None:
        """Hold the rule's gaps to what was truly unseen since all was well."""
        assert_same(rule, truly, slack, self.since)

    async def slack(self) -> Duration:
        """Return by how much gaps may differ: a second, or more where this machine was too busy for a tick a second."""
        ticks = [instant(at) for (at,) in await self.ask(LIVE)]
        apart = sorted(later - at for at, later in pairwise(ticks))
        return max(SECOND, apart[len(apart) * 95 // 100])


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Parts]:
    """Run everything, and have the monitor see."""
    async with embedded_database(folder) as database, embedded_broker(folder) as broker:
        parts = Parts(folder, database, broker)
        async with await AsyncConnection.connect(database.url, autocommit=True) as connection:
            await migrate(connection)
            await load(connection, street(), "test", CLOCK.now())
        tasks: list[asyncio.Task[None]] = []
        try:
            await parts.rooms["gateway"].start()
            await until(lambda: there(parts, "select from log where kind = 'tick'"), "the gateway hears")
            tasks += [asyncio.create_task(parts.homes.hub.run()), asyncio.create_task(parts.homes.live())]
            await until(
                lambda: there(parts, "select from device_sightings having count(*) = 8"), "everything has spoken"
            )
            await parts.rooms["monitor"].start()
            await until(lambda: there(parts, SEES), "it sees")
            parts.since = (
                CLOCK.now() - SECOND
            )  # it was started after the gateway: that is a gap, and none of the injected
            yield parts
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for room in parts.rooms.values():
                await room.stop()


async def there(parts: Parts, query: str) -> bool:
    return bool(await parts.ask(query))


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 90) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await holds():  # noqa: ASYNC110 - what is waited for is another process's
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None


async def homes_fail(parts: Parts) -> dict[str, Gap]:
    """Let a mat die, a hub say that it goes, and a hub fall silent, all at once; return what was unseen."""
    homes = parts.homes
    homes.silenced |= {("device", "bed-1"), ("offline", "hub"), ("offline", "bed-1")}
    homes.silenced |= {("silent", "hub"), ("silent", "bed-1")}
    offline = homes.status("offline", "offline")
    await asyncio.sleep(AWAY)
    online = homes.status("offline", "online")
    within = CLOCK.now() - SECOND
    homes.silenced.clear()
    await asyncio.sleep(2)
    return {
        "device": Gap("device", *homes.around("device", "bed-1", within)),
        "offline": Gap("hub", offline, online),
        "silent": Gap("hub", homes.around("silent", "bed-1", within)[0], homes.around("silent", "hub", within)[1]),
    }


async def without_the_gateway(parts: Parts) -> None:
    parts.rooms["gateway"].process.kill()
    await asyncio.sleep(AWAY)
    await parts.rooms["gateway"].stop()
    await parts.rooms["gateway"].start()


async def without_the_broker(parts: Parts) -> None:
    parts.broker.kill()
    await asyncio.sleep(AWAY)
    await parts.broker.restart()


async def without_the_database(parts: Parts) -> None:
    parts.database.kill()
    await asyncio.sleep(AWAY)
    await parts.database.restart()


async def without_the_monitor(parts: Parts) -> Gap:
    """Return from when to when the log was not stepped: until the first batch that the new one commits."""
    cursor = "select min(position) from monitor_cursors"
    parts.rooms["monitor"].process.kill()
    began = CLOCK.now()
    stood = await parts.ask(cursor)
    await asyncio.sleep(AWAY)
    await parts.rooms["monitor"].stop()
    await parts.rooms["monitor"].start()

    async def moved() -> bool:
        return await parts.ask(cursor) != stood

    await until(moved, "the monitor goes on")
    return Gap("monitor", began, CLOCK.now())


@pytest.mark.timeout(280)
async def test_injected_gaps_and_coverage_are_equal_within_a_second(tmp_path: Path) -> None:
    async with running(tmp_path) as parts:
        of_home = await homes_fail(parts)
        ours: list[Gap] = []
        for number, fault in enumerate((without_the_gateway, without_the_broker, without_the_database), 1):
            began = CLOCK.now()
            await fault(parts)
            await parts.all_is_well(number)
            ours.append(await parts.unheard(fault.__name__.removeprefix("without_the_"), began))
        ours.append(await without_the_monitor(parts))
        await parts.all_is_well(len(ours))
        slack = await parts.slack()
        for home, gap in of_home.items():
            rules = await parts.covered(home)
            parts.assert_same(rules["bed_exit"], [gap, *ours], slack)
            parts.assert_same(rules["button"], [gap, *ours] if gap.cause == "hub" else ours, slack)
            parts.assert_same(rules["silence:hub"], ours, slack)
        parts.assert_same((await parts.covered("probe"))["bed_exit"], ours, slack)


def assert_same(rule: RuleCovered, truly: list[Gap], slack: Duration, since: Instant) -> None:
    every = [Gap(gap.cause, instant(gap.from_), instant(gap.until)) for gap in rule.gaps if gap.until is not None]
    assert abs(rule.seconds_unseen - sum(each.ended - each.began for each in every) / SECOND) < 0.01
    said = [each for each in every if each.began >= since]
    shown = f"{rule.rule}: truly {[readable(each) for each in truly]}, said {[readable(each) for each in said]}"
    assert [each.cause for each in said] == [each.cause for each in truly], shown
    for one, other in zip(said, truly, strict=True):
        assert abs(one.began - other.began) <= slack, shown
        assert abs(one.ended - other.ended) <= slack, shown
        assert abs((one.ended - one.began) - (other.ended - other.began)) <= slack, shown


def readable(gap: Gap) -> str:
    return f"{gap.cause} {iso(gap.began)[11:]} to {iso(gap.ended)[11:]}"
