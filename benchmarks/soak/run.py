"""One run of the soak: start the service, let the street live and the desk work, look every few seconds, count."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TypeVar

from benchmarks.soak.course import Course
from benchmarks.soak.desk import Desk
from benchmarks.soak.hub import Hub
from benchmarks.soak.outage import Outage, database_away
from benchmarks.soak.samples import EVERY_SECONDS, Sample, Samples
from benchmarks.soak.service import Leaks, Service, service
from benchmarks.soak.stream import Stream
from benchmarks.soak.street import Street
from benchmarks.soak.tables import Relation, Tables
from benchmarks.twilio_stand_in import TwilioStandIn

T = TypeVar("T")

_LONGEST_WARM_UP = 600.0
_SETTLE_SECONDS = 120.0
_LOOK_SECONDS = 0.2


class SoakError(Exception):
    """The run came to no end: a process died, or something did not come within its time."""


class Plan(NamedTuple):
    """What was asked for."""

    minutes: float
    rate: float
    homes: int
    seed: int
    leaks: Leaks
    database_away: float  # minutes; 0: not at all

    @property
    def warm_up(self) -> float:
        """Seconds that are not judged."""
        return min(_LONGEST_WARM_UP, self.minutes * 10)


async def run(plan: Plan, folder: Path) -> tuple[Course, Samples]:
    """Run it; SoakError where it cannot be brought to its end."""
    print(f"starting the service for {plan.homes:,} homes in {folder} ...", flush=True)
    twilio = TwilioStandIn()
    async with (
        twilio.running(),
        service(folder, plan.homes, twilio.url, plan.leaks) as running,
    ):
        soak = Soak(plan, running, twilio)
        async with soak.living():
            return await soak.course(), soak.samples


class Soak:
    """The run itself, over a service that stands."""

    def __init__(self, plan: Plan, running: Service, twilio: TwilioStandIn) -> None:
        self._plan = plan
        self._service = running
        self._twilio = twilio
        self._hub = Hub(running.broker.hub_url, "soak-street")
        self._street = Street(self._hub, plan.homes, plan.rate, plan.seed)
        self._desk = Desk(running.http)
        self._stream = Stream(running.broker, running.data_dir)
        self._tables = Tables(running.database.url)
        self._began = monotonic()
        self._growth: dict[str, tuple[Relation, float]] = {}
        self.samples = Samples(running, self._stream, self._tables)

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Connect, and have the acknowledgements read, the desk manned and the processes watched meanwhile."""
        await self._hub.connect()
        await self._stream.connect()
        around = [self._hub.listen(), self._desk.run(), self._watch(), self._sample()]
        self._around = [asyncio.create_task(each) for each in around]
        try:
            yield
        finally:
            for task in self._around:
                task.cancel()
            await asyncio.gather(*self._around, return_exceptions=True)
            self._hub.close()
            self._stream.close()
            await self._tables.close()

    async def course(self) -> Course:
        """Let it live for as long as was asked, let everything settle, and count."""
        living = asyncio.create_task(self._street.live())
        self._began = monotonic()
        try:
            await self._until(self._plan.warm_up)
            before, since = await self._tables.relations(), self._seconds()
            outage = await self._outage()
            await self._until(self._plan.minutes * 60)
            after, hours = await self._tables.relations(), (self._seconds() - since) / 3600
        finally:
            self._street.end()
            took = await living
        await self._settle()
        print("\ncounting ...", end="", flush=True)
        return Course(
            minutes=self._plan.minutes,
            warm_up=self._plan.warm_up,
            rate=self._plan.rate,
            homes=self._plan.homes,
            seconds=took,
            published=self._hub.published,
            acknowledged=self._hub.acknowledged,
            stored=await self._tables.stored(),
            presses=self._street.presses,
            alarms=await self._tables.alarms(),
            sent=await self._tables.sent(),
            received=sum(map(len, self._twilio.messages.values())),
            refused=self._desk.refused,
            told=self._desk.told,
            growth={name: (before.get(name, Relation(0, 0)), relation) for name, relation in after.items()},
            growth_hours=hours,
            outage=outage,
        )

    async def _outage(self) -> Outage | None:
        if not self._plan.database_away:
            return None
        return await self._at_work(database_away(self._service, self.samples, self._plan.database_away, self._seconds))

    async def _settle(self) -> None:
        """Wait for what was published to be stored, stepped, and answered; what does not come is counted."""
        for settled in (self._acknowledged, self._stored, self._answered):
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_SECONDS):
                    while not await settled():
                        await self._at_work(asyncio.sleep(_LOOK_SECONDS))
        await self._look()

    async def _acknowledged(self) -> bool:
        return self._hub.acknowledged == self._hub.published

    async def _stored(self) -> bool:
        held = await self._stream.held()
        return held.pending == 0 and held.messages < 10 and await self._tables.behind() < 5

    async def _answered(self) -> bool:
        alarms = await self._tables.alarms()
        return alarms.pressed == alarms.pressed_closed == self._street.presses

    async def _until(self, seconds: float) -> None:
        if (left := seconds - self._seconds()) > 0:
            await self._at_work(asyncio.sleep(left))

    def _seconds(self) -> float:
        return monotonic() - self._began

    async def _at_work(self, waiting: Awaitable[T]) -> T:
        """Wait, unless something around us fails first."""
        wanted = asyncio.ensure_future(waiting)
        done, _ = await asyncio.wait([wanted, *self._around], return_when=asyncio.FIRST_COMPLETED)
        if wanted in done:
            return await wanted
        wanted.cancel()
        error = next(iter(done)).exception()
        raise error if isinstance(error, SoakError) else SoakError(f"the soak itself failed: {error!r}")

    async def _watch(self) -> None:
        """Raise SoakError when a process of the service has ended."""
        while not (ended := self._service.ended()):  # noqa: ASYNC110 - processes set no asyncio.Event
            await asyncio.sleep(1)
        name = ended[0]
        raise SoakError(f"{name} ended by itself; its last words:\n{self._service.rooms[name].last_lines()}")

    async def _sample(self) -> None:
        while True:
            began = monotonic()
            sample = await self._look()
            _progress(self._plan, sample, self._street.pace, self._desk)
            await asyncio.sleep(max(0.1, EVERY_SECONDS - (monotonic() - began)))

    async def _look(self) -> Sample:
        return await self.samples.look(self._seconds())


def _progress(plan: Plan, sample: Sample, pace: float, desk: Desk) -> None:
    minutes, seconds = divmod(int(sample.at), 60)
    memory = "  ".join(f"{name} {used.own:.0f}" for name, used in sample.uses.items())
    said = (
        f"{minutes}:{seconds:02} of {plan.minutes:g} min  {pace:,.0f}/s  MB: {memory}"
        f"  broker holds {sample.held.messages:,}  alarms open {desk.open}, closed {desk.closed}"
    )
    end = "\r" if sys.stdout.isatty() else "\n"
    print(f"{said:<150}", end=end, flush=True)
