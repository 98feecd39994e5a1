"""A process of ours in the world: started, killed at any await, stopped cleanly, started again.

Killed, nothing of it reaches anybody any more: its connections are cut before its tasks learn of it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from runtime.database import GONE
from tests.simulation.connection import Server, SimulatedConnection, Strike
from tests.simulation.weather import draws

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.simulation.world import World

_life: ContextVar[int] = ContextVar("life")
"""Which life of its process a task belongs to: one that was killed and does not know it yet reaches nobody."""

Start = Callable[["Process"], dict[str, Coroutine[Any, Any, None]]]
_COMMITS = frozenset({"commit", "_commit_gen", "_exit_gen"})


class Process:
    """One process, over all its lives; `start` gives the tasks of a new life."""

    def __init__(self, world: "World", name: str, start: Start) -> None:
        self.name = name
        self.world = world
        self.alive = False
        self.lives = 0
        self._start = start
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: list[SimulatedConnection] = []
        self._draw = draws(world.seed, name)
        self._context = copy_context()
        self._doom: tuple[int, Strike] | None = None  # statements left to live, and how the last one ends

    # --- its life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a life."""
        assert not self.alive, f"{self.name} runs"
        self.lives += 1
        self.alive, self._doom = True, None
        self.world.story.tell(self.name, "starts")
        self._context = copy_context()
        self._context.run(_life.set, self.lives)
        works = self._context.run(self._start, self)
        self._tasks = [self._task(label, self._run(label, work)) for label, work in works.items()]

    def doom(self, statements: int, ending: Strike) -> None:
        """Let it be killed at one of its next statements."""
        if self.alive:
            self._doom = statements, ending

    def spare(self) -> None:
        """Take back what it was doomed to."""
        self._doom = None
        for connection in self._connections:
            connection.crawls = 0.0

    def kill(self, why: str = "is killed") -> None:
        """Be killed, at this very moment."""
        if self.alive:
            self.alive = False
            self.world.story.tell(self.name, why)
            self._cut()
            self._cancel(self._tasks)

    async def stop(self) -> None:
        """End cleanly: tasks are cancelled, and drain."""
        if self.alive:
            self.world.story.tell(self.name, "stops")
            self._cancel(self._tasks, times=1)
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await asyncio.gather(*self._tasks, return_exceptions=True)
            self.alive = False
            self._cut()

    def _task(self, label: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self.world.loop.create_task(work, name=f"{self.name}:{label}", context=self._context)

    async def _run(self, label: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever ends a process is told, and judged
            if self.alive and _life.get() == self.lives:
                self.world.failed(self, label, error)
                self.kill(f"ends by itself: {label} raised {_told(error)}")

    def _cut(self) -> None:
        for connection in self._connections:
            connection.sever()
        self._connections = []

    def _cancel(self, tasks: list[asyncio.Task[None]], times: int = 50) -> None:
        """Cancel what still runs; who was killed is told again, should it not have listened."""
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        if left and times > 1:
            self.world.loop.call_later(0.01, self._cancel, left, times - 1)

    def serve(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Take a request from outside: nobody hears it unless the process lives, and a database away is an error."""
        if not self.alive:
            work.close()
            return
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(self._task(what, self._request(what, work)))

    async def _request(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except GONE as error:
            self.world.story.tell(self.name, f"{what} fails: {_told(error)}")
        except Exception as error:  # noqa: BLE001 - told, and judged
            if self.alive:
                self.world.failed(self, what, error)

    # --- its wire to the database --------------------------------------------------------------------

    async def connect(self, name: str = "", *, autocommit: bool = False) -> SimulatedConnection:
        """Open a connection of this process's own."""
        made = await self.server.connect(self, autocommit=autocommit)
        if not self.alive or _life.get(self.lives) != self.lives:
            made.sever()
            raise psycopg.OperationalError("nobody is there any more")
        made.name = name
        self._connections = [*self.connections, made]
        return made

    @property
    def connections(self) -> list[SimulatedConnection]:
        """Those that are open, in the order of opening."""
        return [each for each in self._connections if not each.closed]

    @property
    def server(self) -> Server:
        """The database server."""
        return self.world.server

    def latency(self) -> float:
        """Return how many seconds a statement takes to the server now."""
        return self.world.weather.latency(self._draw)

    def way_back(self) -> float:
        """Return how many seconds its answer takes: mostly too few to count, as time costs turns of the loop."""
        return self.world.weather.latency(self._draw) if self._draw.random() < 0.25 else 0.0

    def strike(self, what: str) -> Strike:
        """Tell whether the connection breaks at this statement, or the whole process dies of it."""
        if self._doom is not None:
            left, ending = self._doom
            self._doom = (left - 1, ending) if left else None
            if not left:
                if ending == "before":
                    self.kill(f"is killed before {what}")
                return "before" if ending == "before" else "dies"
        chances = self.world.weather.chances
        chance = chances.breaks_at_commit if what in _COMMITS else chances.breaks
        if not chance or self._draw.random() >= chance:
            return ""
        ending = "before" if self._draw.random() < 0.5 else "after"
        self.world.story.tell(self.name, f"loses its connection {ending} {what}")
        return ending

    def die(self, what: str) -> None:
        """Be killed when a statement has taken effect, and its answer is on the way."""
        self.kill(f"is killed after {what}")

    def heard(self, channels: frozenset[str]) -> None:
        """Hand on what a transaction notified."""
        self.world.hints.notify(channels)


class SimulatedPool:
    """As much of psycopg's pool as our services use: connections in autocommit, the broken ones left behind."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._idle: list[SimulatedConnection] = []

    @asynccontextmanager
    async def connection(self, **_: Any) -> "AsyncIterator[SimulatedConnection]":
        """Lend one for as long as the block lasts."""
        while self._idle and self._idle[-1].closed:
            self._idle.pop()
        connection = self._idle.pop() if self._idle else await self._process.connect(autocommit=True)
        try:
            yield connection
        except BaseException:
            # As psycopg does: what fails here must not hide what failed before it.
            with suppress(Exception):
                await connection.rollback()
            raise
        finally:
            if connection.info.transaction_status is TransactionStatus.IDLE:
                self._idle.append(connection)
            else:
                await connection.close()


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
