"""How long a press takes, from the moment it is published: to its alarm, and to the request for an SMS.

    python -m benchmarks.press

Broker, database, gateway, monitor and alerting are processes of their own, and 2,000 readings a second of many
homes come in meanwhile. Each press is another person's, so that each is an alarm of its own; its policy pages by
SMS at once. An alarm counts as there when another connection can see it (NOTIFY tells it of the commit); an SMS
when its request has arrived at a stand-in for Twilio. Between any two presses one goes the bare way
(benchmarks.bare_press): the floor, under the same load. Then the same again behind a backlog of 200,000 readings,
the gateway having been stopped while they were published.

A press that brings no alarm or no SMS within 20 s, or two of either, breaks a promise.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from math import ceil
from pathlib import Path
from typing import NamedTuple

from psycopg import AsyncConnection

from benchmarks import bare_press
from benchmarks.figure import RUNS, BrokenPromiseError, Figure, Progress, Run, Target
from benchmarks.hub import Hub, reading
from benchmarks.press_house import House
from benchmarks.twilio_stand_in import BARE, TwilioStandIn
from runtime.clock import SystemClock
from runtime.embedded import embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.instants import MILLISECOND, Instant, instant

RATE = 2_000
PRESSES = 100
"""In each round under load, `EVERY_SECONDS` apart, and as many on the bare path in between."""
EVERY_SECONDS = 0.1
WARMING = 20
BACKLOG = 200_000
BEHIND = 8
"""Presses behind each backlog, `BEHIND_EVERY_SECONDS` apart, the first as soon as it begins to drain."""
BEHIND_EVERY_SECONDS = 0.2
PEOPLE = WARMING + RUNS * (PRESSES + BEHIND)
_GATEWAY_BATCH = 1_000
_BATCHES = "select last_value from batches"
_BARE = "select number, at from bare_presses where number = any(%s)"
_ALARMS = "select subject, id, recorded_at from alarms where subject = any(%s)"


class Times(NamedTuple):
    """What became of one press, in milliseconds after it was published."""

    alarm: float
    recorded: float  # by the database's clock, as the row was made: visible only after the commit
    sms: float


class Round(NamedTuple):
    """One round's presses, and those of the bare path in between."""

    whole: list[Times]
    bare: list[Times]


async def measure(folder: Path, progress: Progress) -> dict[str, Figure]:
    """Measure under load, then behind a backlog; some two and a half minutes."""
    progress.expect(2 + 2 * RUNS)
    progress.step("starting broker, database and services")
    async with _bench(folder) as bench:
        async with bench.background():
            progress.step("warming up")
            await bench.under_load(WARMING)
            loaded = []
            for number in range(RUNS):
                progress.step(f"{PRESSES} presses among {RATE:,} readings/s, {number + 1} of {RUNS}")
                loaded.append(await bench.under_load(PRESSES))
        behind = []
        for number in range(RUNS):
            progress.step(f"{BEHIND} presses behind {BACKLOG:,} readings, {number + 1} of {RUNS}")
            behind.append(await bench.behind_backlog())
        await bench.check_once_each()
    return _figures(loaded, behind)


def _figures(loaded: Sequence[Round], behind: Sequence[list[Times]]) -> dict[str, Figure]:
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
    for what, target in (("alarm", Target(at_most=250)), ("sms", None)):
        runs = tuple(Run(max(getattr(each, what) for each in one)) for one in behind)
        figures[f"press_behind_backlog_{what}_max"] = Figure(f"ms, behind {BACKLOG:,} readings", runs, target)
    recorded = tuple(Run(percentile([each.alarm - each.recorded for each in one.whole], 50)) for one in loaded)
    figures["press_row_to_visible_p50"] = Figure("ms, alarm row made to visible elsewhere", recorded)
    return figures


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
        return Round(await self._outcome(people), await self._bare_outcome(people))

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
        people = range(len(self._pressed), len(self._pressed) + BEHIND)
        for person in people:
            await self._press(person)
            await asyncio.sleep(BEHIND_EVERY_SECONDS)
        if await self._drained(before, BACKLOG // _GATEWAY_BATCH):
            raise BrokenPromiseError("the backlog may have drained before the last press: nothing was measured")
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
        ends = self._house.seen[number], recorded_at, self._twilio.messages[number][0]
        return Times(*((end - self._pressed[person]) / MILLISECOND for end in ends))

    async def _through(self, people: range) -> bool:
        alarms = await self._alarms(people)
        numbers = [number for found in alarms.values() for number, _ in found]
        heard = all(number in self._house.seen and number in self._twilio.messages for number in numbers)
        return len(alarms) == len(people) and heard

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
