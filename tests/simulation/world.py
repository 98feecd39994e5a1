"""A world: what a seed makes, and one life of it from the first second to the last look.

First everything goes wrong that the seed holds, and safety is watched. Then it heals: faults stop, whoever is down
is started, hubs tell what they kept. When time enough has passed, liveness is required.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

import structlog

from schema.instants import SECOND, Instant, parse_instant
from schema.people_load import load
from tests.simulation.broker import Broker
from tests.simulation.connection import Server
from tests.simulation.database import Database
from tests.simulation.faults import Faults
from tests.simulation.hints import Hints
from tests.simulation.homes import rules_of, village
from tests.simulation.hub import Hub
from tests.simulation.lives import Happening, lives
from tests.simulation.loop import JumpingLoop, SimulatedClock
from tests.simulation.operators import Operators
from tests.simulation.process import Process, SimulatedPool
from tests.simulation.services import named, start_alerting, start_gateway, start_monitor, surroundings
from tests.simulation.story import Story
from tests.simulation.telephones import Telephones
from tests.simulation.weather import Pace, Weather, draws

STARTS = tuple(
    parse_instant(text)
    for text in (
        "2026-06-15T12:00:00Z",
        "2026-06-15T22:50:00Z",  # past midnight in London
        "2026-10-25T00:50:00Z",  # the clock is put back at 01:00 UTC
        "2026-03-29T00:50:00Z",  # and forward
    )
)


class Failure(NamedTuple):
    """A process that ended by itself."""

    process: str
    task: str
    error: BaseException


class World:
    """Everything of one seed."""

    def __init__(self, seed: int, database: Database) -> None:
        self.seed = seed
        self.database = database
        self.loop = JumpingLoop()
        draw = draws(seed, "world")
        self.began: Instant = draw.choice(STARTS)
        self.clock = SimulatedClock(self.loop, self.began)
        self.story = Story(self.clock.now)
        self.weather = Weather(seed)
        self.pace = Pace.of(seed)
        self.server = Server(database, self.clock.now)
        self.broker = Broker(self.loop, self.weather, draws(seed, "broker"), self.story)
        self.hints = Hints(self.loop, self.weather, self.pace, draws(seed, "hints"))
        self.village = village(seed)
        self.span, self.whole = self.pace.span / SECOND, (self.pace.span + self.pace.healing) / SECOND
        self.happenings = lives(seed, self.village, self.span, self.whole)
        self.hubs = {
            home.id: Hub(home.id, seed, self.broker, self.weather, self.story, self.began, self.pace.span)
            for home in self.village.people.homes
        }
        self.processes = {
            "gateway": Process(self, "gateway", start_gateway),
            "monitor": Process(self, "monitor", start_monitor),
            "alerting": Process(self, "alerting", start_alerting),
        }
        if draw.random() < 0.25:  # a warm standby, or a rival
            self.processes["monitor-2"] = Process(self, "monitor-2", start_monitor)
        self.telephones = Telephones(self)
        self.operators = Operators(self)
        self.pool: SimulatedPool  # alerting's, of its present life
        self.healed_at: Instant = 0
        self.ended_at: Instant = 0
        self.failures: list[Failure] = []
        self._kept: set[asyncio.Task[None]] = set()

    # --- what its parts ask of it ------------------------------------------------------------------

    def process_of(self, url: str) -> Process:
        """Return the process that an address names."""
        return self.processes[named(url)]

    def failed(self, process: Process, task: str, error: BaseException) -> None:
        """Note that a process ended by itself."""
        self.failures.append(Failure(process.name, task, error))

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on outside our processes for as long as the world lasts."""
        task = self.loop.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._kept.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(Failure("world", str(task.get_coro()), error))

    # --- its life ------------------------------------------------------------------------------------

    def live(self) -> None:
        """Live it from beginning to end, on an emptied database."""
        self.database.set_now(self.began)
        self.database.empty()
        with structlog.testing.capture_logs(), surroundings(self):
            try:
                self.loop.run_until_complete(self._live())
            finally:
                self._end()

    async def _live(self) -> None:
        await self._move_in()
        for process in self.processes.values():
            process.start()
        others = [self._happen(), self.operators.work("olga"), self.operators.work("sam")]
        others += [*(hub.run(urgent=urgent) for hub in self.hubs.values() for urgent in (True, False))]
        for each in others:
            self.keep(each)
        faults = self.loop.create_task(Faults(self).run())
        await asyncio.sleep(self.span - self.loop.time())
        await self._heal(faults)
        await asyncio.sleep(self.whole - self.loop.time())
        self.story.tell("world", "ends")
        self.ended_at = self.clock.now()

    async def _heal(self, faults: "asyncio.Task[None]") -> None:
        """Let every fault end, and everybody be there."""
        self.story.tell("world", "heals")
        faults.cancel()
        self.weather.clears()
        self.server.start()
        self.broker.start()
        for hub in self.hubs.values():
            hub.offline = False
        for process in self.processes.values():
            process.spare()
            if not process.alive:
                process.start()
        self.healed_at = self.clock.now()

    async def _move_in(self) -> None:
        """Load the people, as `telecare people load` does."""
        loader = Process(self, "loader", lambda _: {})
        self.processes["loader"] = loader
        calm, self.weather.chances = self.weather.chances, self.weather.chances.__class__()
        loader.start()
        connection = await loader.connect(autocommit=True)
        await load(connection, self.village.people, "world", self.clock.now())
        loader.kill("has loaded the people")
        del self.processes["loader"]
        self.weather.chances = calm
        for person in self.village.people.people:
            self.story.tell(person.id, f"lives in {person.home}: {', '.join(rules_of(person))}")

    async def _happen(self) -> None:
        for happening in self.happenings:
            await asyncio.sleep(max(0.0, happening.at - self.loop.time()))
            self._tell(happening)

    def _tell(self, happening: Happening) -> None:
        self.hubs[happening.home].hear(happening, self.clock.now())

    def _end(self) -> None:
        """End every process and the loop; nothing of this world is left in the database's backends."""
        for process in self.processes.values():
            process.kill("ends with the world")
        left = asyncio.all_tasks(self.loop)
        for task in sorted(left, key=hash):
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*sorted(left, key=hash), return_exceptions=True))
        self.loop.close()
