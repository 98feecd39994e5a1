"""The world for real: the gateway's sessions and lanes, the broker, the database and the monitor, in lockstep.

Promises: every message goes the whole way (published, received, stored, acknowledged, tailed, folded, its
findings committed) before the next one is published, by the code and the SQL that run in production; and
nothing is ever sent to anyone, as there is no alerting in it. Only time is the recording's: the session's
clock stands where the replay puts it, and so does the log's (clock.sql). Nothing is left behind: database
and broker are in a scratch folder.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import Any, LiteralString

import aiomqtt
import msgspec
from psycopg import AsyncConnection

from gateway.cap import Cap
from gateway.ingest import Ingest
from gateway.marks import Marks
from gateway.message import Message
from gateway.registry import Registry
from gateway.service import MARKS, TOPICS
from gateway.session import Session
from gateway.sightings import Sightings
from monitor.engine import Monitor
from monitor.fold import Fold
from runtime.clock import SetClock, SystemClock
from runtime.embedded import embedded_broker, embedded_database
from runtime.log import RowKind, append
from runtime.migrate import migrate
from schema.entries import AlarmClosed, Entry, Tick, pack
from schema.findings import FindingChange
from schema.instants import SECOND, Instant, iso, moment
from schema.people_load import load
from schema.people_records import PeopleFile
from schema.readings import Lane
from simulator.brokers import connected
from simulator.capture.lines import Line
from simulator.replay.lanes import lane_of, why_unheard

STORED_WITHIN_SECONDS = 60

# A scratch database need not outlive a power cut: what it is asked is the order of things, not their keeping.
_SCRATCH = "-c synchronous_commit=off"
_GATEWAY = f"{_SCRATCH} -c search_path=replay,public"

_SAID = """
    select body::text from finding_changes where position > %s order by position, subject, ordinal
"""
_SET_CLOCK = "select setval('replay.clock', %s)"
_READINGS = "select count(*) from readings"
_REFUSED = """
    select reason, count(*) from rejected_messages group by reason
    union all
    select 'more than are kept in an hour: counted', sum(messages) from rejected_counts having sum(messages) > 0
"""


class LostMessageError(Exception):
    """A message was published and never stored: a fault of ours, never the capture's."""


@asynccontextmanager
async def scratch_house(people: PeopleFile, lines: Sequence[Line]) -> AsyncIterator["House"]:
    """Give a house of its own to play the lines in; it is gone afterwards."""
    begins = lines[0].at - SECOND
    with TemporaryDirectory(prefix="telecare-replay-") as folder:
        scratch = Path(folder)
        async with (
            embedded_database(scratch) as database,
            embedded_broker(scratch) as broker,
            await AsyncConnection.connect(database.url, autocommit=True, options=_SCRATCH) as connection,
        ):
            await _move_in(connection, people, begins, lines[-1].at)
            async with house(database.url, broker.gateway_url, connection, begins) as moved_in:
                yield moved_in


async def _move_in(connection: AsyncConnection, people: PeopleFile, begins: Instant, ends: Instant) -> None:
    await migrate(connection)
    await connection.execute((files("simulator.replay") / "clock.sql").read_bytes())
    day = timedelta(days=1)
    await connection.execute(
        "select readings_ensure_days(%s, %s)", (moment(begins).date() - day, moment(ends).date() + day)
    )
    await connection.execute(_SET_CLOCK, (begins,))
    await load(connection, people, "replay", begins)


@asynccontextmanager
async def house(
    database_url: str, mqtt_url: str, connection: AsyncConnection, begins: Instant
) -> AsyncIterator["House"]:
    """Run the real parts on a database that has clock.sql and its people, and on a broker."""
    clock, registry, cap = SetClock(begins), Registry(), Cap()
    await registry.follow(connection)
    lanes = {
        lane: GatewayLane(lane, database_url, mqtt_url, registry=registry, cap=cap, clock=clock) for lane in TOPICS
    }
    async with (
        await AsyncConnection.connect(database_url, autocommit=True, options=_SCRATCH) as monitors,
        connected(mqtt_url, "replay") as publisher,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(task) for lane in lanes.values() for task in (lane.session.run(), lane.ingest.run())]
        for lane in lanes.values():
            await lane.listening()
        moved_in = House(connection, monitors, publisher, lanes, clock)
        await moved_in.fold()
        yield moved_in
        for task in tasks:
            task.cancel()


class GatewayLane:
    """One lane of the gateway, and what its ingest takes for its link: it tells when a message is stored."""

    def __init__(
        self, lane: Lane, database_url: str, mqtt_url: str, *, registry: Registry, cap: Cap, clock: SetClock
    ) -> None:
        self._database_url = database_url
        self._stored = asyncio.Event()
        self._marks = Marks(MARKS[lane].format("replay"))
        self.session = Session(
            mqtt_url,
            lane,
            client_id=f"telecare-replay-{lane}",
            topics=TOPICS[lane],
            marks=self._marks,
            clock=clock,
        )
        self.ingest = Ingest(lane, self._connect, self, registry, marks=self._marks, sightings=Sightings(), cap=cap)
        self.session.receive = self.ingest.receive

    async def listening(self) -> None:
        """Return once the broker gives this lane its messages: a mark sent behind the subscription came back."""
        async with asyncio.timeout(STORED_WITHIN_SECONDS):
            while not self._marks.connected:  # noqa: ASYNC110 - the session sets no event for it
                await asyncio.sleep(0.01)
            self.session.mark(token_bytes(12))
            await self._stored.wait()

    async def store(self, publish: Callable[[], Awaitable[None]]) -> None:
        """Publish one message, and return once it is stored and acknowledged."""
        self._stored.clear()
        await publish()
        async with asyncio.timeout(STORED_WITHIN_SECONDS):
            await self._stored.wait()

    def acknowledge(self, message: Message) -> None:
        """Acknowledge as the session does, and tell that it is stored."""
        self.session.acknowledge(message)
        self._stored.set()

    def pause(self) -> None:
        """As the session does."""
        self.session.pause()

    def resume(self) -> None:
        """As the session does."""
        self.session.resume()

    def hold(self) -> None:
        """As the session does."""
        self.session.hold()

    def release(self) -> None:
        """As the session does."""
        self.session.release()

    async def _connect(self) -> AsyncConnection:
        return await AsyncConnection.connect(self._database_url, options=_GATEWAY)


class House:
    """The real parts, as a world to play a capture in."""

    def __init__(
        self,
        connection: AsyncConnection,
        monitors: AsyncConnection,
        publisher: aiomqtt.Client,
        lanes: dict[Lane, GatewayLane],
        clock: SetClock,
    ) -> None:
        self._connection = connection
        self._publisher = publisher
        self._lanes = lanes
        self._clock = clock
        self._unheard = Counter[str]()
        self._fold = Fold()
        self._monitor = Monitor(monitors, blind_after=None, new_fold=self._new_fold)
        self._said_until = 0

    def next_due(self) -> Instant | None:
        """Return when the monitor next has something due."""
        return self._fold.next_due()

    async def tick(self, at: Instant) -> Sequence[FindingChange]:
        """Append a tick, as the gateway does while it is live, and let the monitor see it."""
        return await self._append("tick", at, [Tick()])

    async def close(self, at: Instant, closed: Sequence[AlarmClosed]) -> Sequence[FindingChange]:
        """Append what the desk appends when alarms are closed."""
        return await self._append("facts", at, [*closed])

    async def deliver(self, line: Line) -> Sequence[FindingChange]:
        """Publish the message, wait until it is stored, and let the monitor see it."""
        lane = lane_of(line)
        if lane is None:
            self._unheard[why_unheard(line)] += 1
            return []
        self._clock.at = line.at
        await self._connection.execute(_SET_CLOCK, (line.at,))
        try:
            await self._lanes[lane].store(lambda: self._publisher.publish(line.topic, line.payload, qos=1))
        except TimeoutError as error:
            raise LostMessageError(f"the message of {iso(line.at)} on {line.topic} was never stored") from error
        return await self.fold()

    async def told(self) -> tuple[int, Counter[str]]:
        """Return the readings stored, and the messages refused by reason."""
        stored = await (await self._connection.execute(_READINGS)).fetchone()
        refused = Counter({reason: int(count) for reason, count in await self._rows(_REFUSED)})
        return (stored[0] if stored else 0), refused + self._unheard

    async def fold(self) -> Sequence[FindingChange]:
        """Run the monitor over what the log has; return what it committed."""
        said = 0
        while True:
            counts = await self._monitor.run_once(SystemClock().now())
            assert not counts.lost, "nobody else moves this house's cursors"
            said += counts.changes
            if not counts.busy:
                break
        if not said:
            return []
        changes = [
            msgspec.json.decode(body, type=FindingChange) for (body,) in await self._rows(_SAID, self._said_until)
        ]
        self._said_until = self._fold.position
        return changes

    async def _append(self, kind: RowKind, at: Instant, told: list[Entry]) -> Sequence[FindingChange]:
        await append(self._connection, kind, pack(told), at=at)
        return await self.fold()

    async def _rows(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return await (await self._connection.execute(statement, values)).fetchall()

    def _new_fold(self, owns: Callable[[str], bool]) -> Fold:
        """Make the monitor's fold, and keep it in sight: it knows when the next deadline is due."""
        self._fold = Fold(owns)
        return self._fold
