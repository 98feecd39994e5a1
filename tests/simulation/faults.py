"""What goes wrong at its own time: processes killed or stopped, the database, the broker and hubs away for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.simulation.weather import draws

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

Fault = Callable[[], Awaitable[None]]


class Faults:
    """The seed's faults, one after another and over one another."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._draw = draws(world.seed, "faults")
        kinds: list[Fault] = [self._kill, self._doom, self._doom, self._stop, self._crawl]
        kinds += [self._database, self._broker, self._hub]
        # As with the weather: a world has some kinds of trouble, and few have all.
        self._kinds = [kind for kind in kinds if self._draw.random() < 0.6]
        self._number = self._draw.randint(0, 10)

    async def run(self) -> None:
        """Let them happen, until the world heals."""
        if not self._kinds:
            return
        times = sorted(self._draw.uniform(0, self._world.span) for _ in range(self._number))
        async with asyncio.TaskGroup() as under_way:
            for at in times:
                await asyncio.sleep(max(0.0, at - self._world.loop.time()))
                under_way.create_task(self._draw.choice(self._kinds)())

    async def _kill(self) -> None:
        """Kill a process at this moment."""
        process = self._a_process()
        process.kill()
        await self._start_later(process.name)

    async def _doom(self) -> None:
        """Kill a process at one of its next statements: before it took effect, or after."""
        process = self._a_process()
        process.doom(self._draw.randint(0, 12), self._draw.choice(["before", "after"]))
        await asyncio.sleep(15)
        await self._start_later(process.name)

    async def _stop(self) -> None:
        """Ask a process to end, as for a new version of it."""
        process = self._a_process()
        await process.stop()
        await self._start_later(process.name)

    async def _start_later(self, name: str) -> None:
        await asyncio.sleep(self._draw.choice([0.1, 2, 10, 60, 100]) * self._draw.random())
        process = self._world.processes[name]
        if not process.alive:
            process.start()

    async def _crawl(self) -> None:
        """Let one connection crawl; not that of the ticks, which would only be late themselves."""
        process = self._a_process()
        connections = [each for each in process.connections if each.name != "ticks"]
        if connections:
            slow = self._draw.choice(connections)
            self._world.story.tell(process.name, f"has a connection that crawls: {slow.name or 'one of several'}")
            slow.crawls = self._draw.uniform(2, 15)
            await asyncio.sleep(self._draw.uniform(20, 80))
            slow.crawls = 0.0

    async def _database(self) -> None:
        world = self._world
        if not world.server.away:
            world.story.tell("database", "is away")
            world.server.stop()
            await asyncio.sleep(self._draw.choice([1, 10, 90]) * self._draw.random())
            world.server.start()
            world.story.tell("database", "is back")

    async def _broker(self) -> None:
        world = self._world
        if not world.broker.away:
            world.story.tell("broker", "is killed")
            world.broker.crash()
            await asyncio.sleep(self._draw.choice([1, 10, 60]) * self._draw.random())
            world.broker.start()
            world.story.tell("broker", "is back")

    async def _hub(self) -> None:
        hub = self._draw.choice([self._world.hubs[home] for home in sorted(self._world.hubs)])
        if not hub.offline:
            self._world.story.tell(hub.home, "is cut off")
            hub.offline = True
            await asyncio.sleep(self._draw.choice([20, 100, 300]) * self._draw.random())
            hub.offline = False
            self._world.story.tell(hub.home, "is connected again")

    def _a_process(self) -> "Process":
        world = self._world
        return world.processes[self._draw.choice(sorted(world.processes))]
