"""How long a press takes, from the moment it is published: to its alarm, and to the request for an SMS.

    python -m benchmarks.press

Broker, database, gateway, monitor and alerting are processes of their own, and 2,000 readings a second of many
homes come in meanwhile. Each press is another person's, so that each is an alarm of its own; its policy pages by
SMS at once. An alarm counts as there when another connection can see it (NOTIFY tells it of the commit), and at the
desk when it comes to the page of an operator; an SMS counts when its request has arrived at a stand-in for Twilio.
Between any two presses one goes the bare way (benchmarks.bare_press): the floor, under the same load. Then the same
again behind a flood of findings about others, and behind a backlog of 200,000 readings, the gateway having been
stopped while they were published.

A press that brings no alarm or no SMS within 20 s, or two of either, breaks a promise.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from math import ceil
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from psycopg import AsyncConnection

from benchmarks import bare_press
from benchmarks.figure import RUNS, BrokenPromiseError, Figure, Progress, Run, Target
from benchmarks.hub import Hub, reading
from benchmarks.press_house import House
from benchmarks.press_stages import STAGES, stages
from benchmarks.twilio_stand_in import BARE, TwilioStandIn
from runtime.clock import SystemClock
from runtime.embedded import embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.findings import Finding, FindingChange, finding_id
from schema.instants import MILLISECOND, Instant, instant

RATE = 2_000
PRESSES = 100
"""In each round under load, `EVERY_SECONDS` apart, and as many on the bare path in between."""
EVERY_SECONDS = 0.2
WARMING = 20
FLOOD = 400
"""Faults of as many homes, found at once, as when an exchange fails; presses come right behind."""
BACKLOG = 200_000
BEHIND = 8
"""Presses behind each flood, and each backlog, `BEHIND_EVERY_SECONDS` apart, the first at once."""
BEHIND_EVERY_SECONDS = 0.2
PEOPLE = WARMING + RUNS * (PRESSES + 2 * BEHIND)
_GATEWAY_BATCH = 1_000
_BATCHES = "select last_value from batches"
_FOUND = """
    with written as (
        insert into finding_changes (position, subject, ordinal, finding, change, body)
        select 0, subject, 0, finding, 'raised', body
        from unnest(%s::text[], %s::text[], %s::jsonb[]) as said (subject, finding, body))
    select pg_notify('findings', '')
"""
_BARE = "select number, at from bare_presses where number = any(%s)"
_ALARMS = "select subject, id, recorded_at from alarms where subject = any(%s)"


class Times(NamedTuple):
    """What became of one press, in milliseconds after it was published."""

    alarm: float
    recorded: float  # by the database's clock, as the row was made: visible only after the commit
    sms: float
    desk: float = 0.0  # the bare path has none


class Round(NamedTuple):
    """One round's presses, and those of the bare path in between."""

    whole: list[Times]
    bare: list[Times]
    stages: Sequence[Sequence[float]] = ()


async def measure(folder: Path, progress: Progress) -> dict[str, Figure]:
    """Measure under load, then behind a backlog; some two and a half minutes."""
    progress.expect(2 + 3 * RUNS)
    progress.step("starting broker, database and services")
    async with _bench(folder) as bench:
        async with bench.background():
            progress.step("warming up")
            await bench.under_load(WARMING)
            loaded = []
            for number in range(RUNS):
                progress.step(f"{PRESSES} presses among {RATE:,} readings/s, {number + 1} of {RUNS}")
                loaded.append(await bench.under_load(PRESSES))
            flooded = []
            for number in range(RUNS):
                progress.step(f"{BEHIND} presses behind {FLOOD} findings, {number + 1} of {RUNS}")
                flooded.append(await bench.behind_flood())
        behind = []
        for number in range(RUNS):
            progress.step(f"{BEHIND} presses behind {BACKLOG:,} readings, {number + 1} of {RUNS}")
            behind.append(await bench.behind_backlog())
        await bench.check_once_each()
    return _of_load(loaded) | _of_crowds("flood", flooded) | _of_crowds("backlog", behind)


def _of_load(loaded: Sequence[Round]) -> dict[str, Figure]:
    figures = {}
    targets = {("alarm", 99): Target(at_most=60), ("sms", 99): Target(at_most=250)}
    for what, until in (("alarm", "alarm visible"), ("sms", "SMS request")):
        for part, name in ((50, "p50"), (95, "p95"), (99, "p99"), (100, "max")):
            runs = tuple(
                Run(*(percentile([getattr(each, what) for each in times], part) for times in (one.whole, one.bare)))
                for one in loaded
            )
            figures[f"press_to_{what}_{name}"] = Figure(
                f"ms, press to {until}, {RATE:,} readings/s", runs, targets.get((what, part))
            )
    for part, name in ((50, "p50"), (99, "p99")):
        desk = tuple(Run(percentile([each.desk for each in one.whole], part)) for one in loaded)
        figures[f"press_to_desk_{name}"] = Figure("ms, press to operator's page", desk)
    for nth, stage in enumerate(STAGES):
        for part in (50, 99):
            spent = tuple(Run(percentile([each[nth] for each in one.stages], part)) for one in loaded)
            figures[f"press_stage_{nth + 1}_p{part}"] = Figure(f"ms, {stage}", spent)
    recorded = tuple(Run(percentile([each.alarm - each.recorded for each in one.whole], 50)) for one in loaded)
    figures["press_row_to_visible_p50"] = Figure("ms, alarm row made to visible elsewhere", recorded)
    return figures


def _of_crowds(what: Literal["flood", "backlog"], rounds: Sequence[list[Times]]) -> dict[str, Figure]:
    """Return the slowest press of each round: to its alarm, which has a target, and to its SMS."""
    unit = f"ms, behind {BACKLOG:,} readings" if what == "backlog" else f"ms, behind {FLOOD} findings"
    alarm = tuple(Run(max(each.alarm for each in one)) for one in rounds)
    sms = tuple(Run(max(each.sms for each in one)) for one in rounds)
    return {
        f"press_behind_{what}_alarm_max": Figure(unit, alarm, Target(at_most=250)),
        f"press_behind_{what}_sms_max": Figure(unit, sms),
    }


def percentile(values: Sequence[float], part: int) -> float:
    """Return the value that so many in a hundred do not exceed: one of the values, by nearest rank."""
    return sorted(values)[max(ceil(len(values) * part / 100), 1) - 1]


class Bench:
    """Presses, each by a person who has not pressed before, and what became of them."""

    def __init__(self, house: House, connection: AsyncConnection, urls: tuple[str, str], twilio: TwilioStandIn) -> None:
        self._house = house
        self._connection = connection
        self._database_url, self._mqtt_url = urls
        self._twilio = twilio
        self._clock = SystemClock()
        self._hub: Hub
        self._pressed: dict[int, Instant] = {}
        self._bare: dict[int, Instant] = {}
        self._floods = 0

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Have a hub of our own that presses, and the bare path beside, for as long as the block lasts."""
        await self._connection.execute(bare_press.TABLE)
        arguments = (self._database_url, self._mqtt_url, self._twilio.url + BARE)
        async with _process("benchmarks.bare_press", *arguments):
            self._hub = await Hub.connect(self._mqtt_url, "bench-presses")
            try:
                yield
            finally:
                await self._hub.close()

    @asynccontextmanager
    async def background(self) -> AsyncIterator[None]:
        """Have readings come in meanwhile; afterwards none of them is missing."""
        async with _process("benchmarks.hub", self._mqtt_url, str(RATE), str(PEOPLE)) as process:
            yield
            process.terminate()
            assert process.stdout is not None
            published = int(await process.stdout.readline()) + len(self._pressed)
        await self._house.until("the background to be stored", lambda: self._stored(published))

    async def under_load(self, presses: int) -> Round:
        """Press at a steady pace, on both paths by turns."""
        first = len(self._pressed)
        for person in range(first, first + presses):
            await self._press(person)
            await asyncio.sleep(EVERY_SECONDS / 2)
            self._bare[person] = self._clock.now()
            self._hub.publish(bare_press.TOPIC, str(person).encode())
            await asyncio.sleep(EVERY_SECONDS / 2)
        people = range(first, first + presses)
        whole, bare = await self._outcome(people), await self._bare_outcome(people)
        return Round(whole, bare, await stages(self._connection, {each: self._pressed[each] for each in people}))

    async def behind_flood(self) -> list[Times]:
        """Have the monitor say faults of many homes at once, and press while alerting takes them."""
        self._floods += 1
        homes = [f"flood-{self._floods}-{number}" for number in range(FLOOD)]
        faults = [_fault(home, self._clock.now()) for home in homes]
        bodies = [msgspec.json.encode(each).decode() for each in faults]
        await self._connection.execute(_FOUND, (homes, [each.finding.id for each in faults], bodies))
        times = await self._presses_behind()
        await self._house.until("the flood to be taken", self._calm)
        return times

    async def _calm(self) -> bool:
        return await self._house.number("select count(*) from finding_changes where taken_at is null") == 0

    async def behind_backlog(self) -> list[Times]:
        """Stop the gateway, let a backlog come about, start it, and press while it drains."""
        house = self._house
        await house.stop("gateway")
        await house.renew_sessions()
        async with _process("benchmarks.publisher", self._mqtt_url, str(BACKLOG), str(PEOPLE)) as publisher:
            await publisher.wait()
        before = await house.number(_BATCHES)
        await house.start("gateway")
        await house.until("the backlog to drain", lambda: self._drained(before, 0))
        times = await self._presses_behind()
        if await self._drained(before, BACKLOG // _GATEWAY_BATCH):
            raise BrokenPromiseError("the backlog may have drained before the last press: nothing was measured")
        return times

    async def _presses_behind(self) -> list[Times]:
        people = range(len(self._pressed), len(self._pressed) + BEHIND)
        for person in people:
            await self._press(person)
            await asyncio.sleep(BEHIND_EVERY_SECONDS)
        return await self._outcome(people)

    async def check_once_each(self) -> None:
        """See that each press came to one alarm and one request: BrokenPromiseError for the first that did not."""
        alarms = await self._alarms(range(len(self._pressed)))
        for person in self._pressed:
            numbers = [number for number, _ in alarms.get(person, ())]
            requests = [len(self._twilio.messages.get(number, ())) for number in numbers]
            if requests != [1]:
                raise BrokenPromiseError(f"press {person} came to {len(numbers)} alarms, with {requests} SMS requests")

    async def _press(self, person: int) -> None:
        payload = reading(person, "button", "pressed")
        self._pressed[person] = self._clock.now()
        self._hub.publish(f"urgent/bench-{person}/pendant-1", payload)
        await self._hub.drain()

    async def _drained(self, before: int, batches: int) -> bool:
        """Tell whether more than so many batches have been stored: of at most a thousand readings each."""
        return await self._house.number(_BATCHES) > before + batches

    async def _stored(self, published: int) -> bool:
        stored = await self._house.number("select count(*) from readings")
        if stored > published:
            raise BrokenPromiseError(f"{stored - published} readings of {published} were doubled")
        return stored == published

    async def _outcome(self, people: range) -> list[Times]:
        """Wait until each of these presses has its alarm and its SMS, and return how long they took."""
        await self._house.until("an alarm and an SMS of each press", lambda: self._through(people))
        alarms = await self._alarms(people)
        return [self._times(person, *alarms[person][0]) for person in people]

    def _times(self, person: int, number: int, recorded_at: Instant) -> Times:
        house = self._house
        ends = house.seen[number], recorded_at, self._twilio.messages[number][0], house.at_desk[number]
        return Times(*((end - self._pressed[person]) / MILLISECOND for end in ends))

    async def _through(self, people: range) -> bool:
        alarms = await self._alarms(people)
        numbers = [number for found in alarms.values() for number, _ in found]
        noted = (self._house.seen, self._house.at_desk, self._twilio.messages)
        return len(alarms) == len(people) and all(number in each for number in numbers for each in noted)

    async def _alarms(self, people: range) -> dict[int, list[tuple[int, Instant]]]:
        """Return the alarms of these people, by person: number and when its row was made."""
        cursor = await self._connection.execute(_ALARMS, ([f"person-{person}" for person in people],))
        found: dict[int, list[tuple[int, Instant]]] = {}
        for subject, number, recorded_at in await cursor.fetchall():
            found.setdefault(int(subject.removeprefix("person-")), []).append((number, instant(recorded_at)))
        return found

    async def _bare_outcome(self, people: range) -> list[Times]:
        async def through() -> bool:
            return all(person in self._twilio.bare for person in people)

        await self._house.until("the bare path", through)
        cursor = await self._connection.execute(
            "select number, at from bare_presses where number = any(%s)", (list(people),)
        )
        stored = {number: instant(at) for number, at in await cursor.fetchall()}
        return [self._bare_times(person, stored[person]) for person in people]

    def _bare_times(self, person: int, stored_at: Instant) -> Times:
        ends = self._house.seen_bare[person], stored_at, self._twilio.bare[person][0]
        return Times(*((end - self._bare[person]) / MILLISECOND for end in ends))


def _fault(home: str, at: Instant) -> FindingChange:
    """Return what the monitor would say of a home that has fallen silent."""
    finding = Finding(
        id=finding_id(home, "silence", "hub", at),
        subject_kind="home",
        subject=home,
        home=home,
        rule="silence",
        rule_name="silence",
        kind="technical",
        device="hub",
        onset=at,
        raised_at=at,
        priority="routine",
        policy=None,
        reason="nothing heard of the hub for 30 min",
    )
    return FindingChange(change="raised", finding=finding, at=at)


@asynccontextmanager
async def _bench(folder: Path) -> AsyncIterator[Bench]:
    """Build the house, with everybody moved in and everything running."""
    twilio = TwilioStandIn()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(embedded_database(folder))
        broker = await stack.enter_async_context(embedded_broker(folder))
        await stack.enter_async_context(twilio.running())
        connection = await AsyncConnection.connect(database.url, autocommit=True)
        await stack.enter_async_context(connection)
        await migrate(connection)
        house = House(folder, database.url, broker, connection)
        await house.move_in(PEOPLE)
        await stack.enter_async_context(house.living(twilio.url))
        bench = Bench(house, connection, (database.url, broker.gateway_url), twilio)
        await stack.enter_async_context(bench.connected())
        yield bench


@asynccontextmanager
async def _process(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module of the bench for as long as the block lasts; it says a line once it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


if __name__ == "__main__":
    from benchmarks.__main__ import main

    sys.exit(main(["press"]))
