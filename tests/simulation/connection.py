"""A connection to the real database on virtual time, with psycopg's own interface and a seeded network before it.

`SimulatedConnection` is psycopg's `AsyncConnection`, which waits for the server in one place: `wait`. Here that
place lets a seeded latency pass, sends, takes the answer at once, and lets another latency pass. In between
the seed may break the connection: before the server got the statement, or after it took effect.

A statement that meets a lock held by another simulated connection suspends its task until that lock is gone:
after every end of a transaction those who waited are given their answers, in order, before anything else is sent.
"""

import asyncio
import re
import select
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Literal, Protocol

import psycopg
from psycopg import AsyncConnection, AsyncCursor, errors
from psycopg.abc import PQGen
from psycopg.pq import PGconn, TransactionStatus
from psycopg.waiting import Ready, Wait

from tests.simulation.database import Backend, Database

Strike = Literal["", "before", "after", "dies"]
"""Whether the connection breaks at a statement: before it took effect, or after; or its whole process dies of it."""

_OPEN = {TransactionStatus.INTRANS, TransactionStatus.INERROR}
_NOWHERE = PGconn.connect_start(b"host=/nowhere")
_NOWHERE.finish()
_POLLED = {Wait.R: select.POLLIN, Wait.W: select.POLLOUT, Wait.RW: select.POLLIN | select.POLLOUT}
_LOOK_MS = 8


class Wire(Protocol):
    """What lies between one of our processes and the database: chosen by the seed."""

    name: str

    def latency(self) -> float:
        """Return how many seconds a message takes now."""

    def way_back(self) -> float:
        """Return how many seconds an answer takes; 0: no turn of the loop."""

    def strike(self, what: str) -> Strike:
        """Tell whether the connection breaks at this; `what` is psycopg's name of it."""

    def die(self, what: str) -> None:
        """Be killed now that the statement has taken effect."""

    def heard(self, channels: frozenset[str]) -> None:
        """Learn that these channels were notified by a transaction that is over."""


class Server:
    """The server as simulated connections meet it: here or away, and who waits for whom."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self.database = database
        self.away = False
        self.deadlocks = 0
        self.statements = 0
        self._now = now
        self._waiting: list[_Waiting] = []
        self._open: list[SimulatedConnection] = []

    async def connect(self, wire: Wire, *, autocommit: bool = False, **_: Any) -> "SimulatedConnection":
        """Open a connection; OperationalError while the server is away."""
        await asyncio.sleep(wire.latency())
        if self.away or wire.strike("connect"):
            raise psycopg.OperationalError("connection failed: the server cannot be reached")
        made = SimulatedConnection.on(self, wire, autocommit=autocommit)
        self._open.append(made)
        await asyncio.sleep(wire.latency())
        return made

    def stop(self) -> None:
        """Be away from now on; what was not committed is undone."""
        self.away = True
        for connection in list(self._open):
            connection.sever()

    def start(self) -> None:
        """Be there again."""
        self.away = False

    def tell_the_time(self) -> None:
        """Let SQL know what time it is."""
        self.database.set_now(self._now())

    def forget(self, connection: "SimulatedConnection", backend: Backend) -> None:
        """Take back what a connection had; whoever waited for it goes on."""
        self.tell_the_time()
        self._open.remove(connection)
        self._waiting = [each for each in self._waiting if each.connection is not connection]
        self.database.take_back(backend)
        self.settle()

    def drive(self, connection: "SimulatedConnection", gen: PQGen[Any], step: "_Step") -> "_Waiting | None":
        """Go on with a statement until it is done, which StopIteration tells, or it waits for a lock."""
        while True:
            ready = step.poll(_LOOK_MS)
            if ready:
                step.wants = gen.send(ready)
                step.watch()
            elif self.database.blocked_by(connection.pid):
                return _Waiting(connection, step)

    def enqueue(self, waiting: "_Waiting") -> None:
        """Let it wait for its lock; of a circle the last to come is the victim, as a server would have it."""
        self._waiting.append(waiting)
        seen: set[int] = set()
        todo = [waiting.connection.pid]
        while todo:
            for pid in self.database.blocked_by(todo.pop()):
                if pid == waiting.connection.pid:
                    self.deadlocks += 1
                    waiting.victim = True
                    self.database.control.execute("select pg_cancel_backend(%s)", (pid,))
                    waiting.go_on.set()
                    self._waiting.remove(waiting)
                    return
                if pid not in seen:
                    seen.add(pid)
                    todo.append(pid)

    def settle(self) -> None:
        """Let everybody whose lock is free now have it, before anything else happens."""
        if not self._waiting:
            return
        for waiting in list(self._waiting):
            while not waiting.step.poll(_LOOK_MS):
                if self.database.blocked_by(waiting.connection.pid):
                    break
            else:
                self._waiting.remove(waiting)
                waiting.go_on.set()


class _Step:
    """What a statement under way waits for on its socket."""

    def __init__(self, descriptor: int, wants: Wait) -> None:
        self.wants = wants
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, _POLLED[wants])

    def watch(self) -> None:
        self._poll.modify(self._descriptor, _POLLED[self.wants])

    def poll(self, milliseconds: int) -> Ready:
        found = self._poll.poll(milliseconds)
        if not found:
            return Ready.NONE
        flags = found[0][1]
        ready = (Ready.R if flags & (select.POLLIN | select.POLLHUP | select.POLLERR) else 0) | (
            Ready.W if flags & select.POLLOUT else 0
        )
        return Ready(ready)


class _Waiting:
    """A statement that waits for a lock."""

    def __init__(self, connection: "SimulatedConnection", step: _Step) -> None:
        self.connection = connection
        self.step = step
        self.go_on = asyncio.Event()
        self.victim = False


class SimulatedCursor(AsyncCursor[Any]):
    """A cursor that tells its connection which channels its statements notify."""

    async def execute(self, query: Any, *arguments: Any, **named: Any) -> Any:
        """Execute, as psycopg does."""
        assert isinstance(self._conn, SimulatedConnection)
        text = query if isinstance(query, str | bytes) else str(query)
        self._conn.notified |= channels_in(text)
        self._conn.writes = writes(text)
        return await super().execute(query, *arguments, **named)


class SimulatedConnection(AsyncConnection[Any]):
    """psycopg's connection, whose waiting is ours."""

    server: Server
    wire: Wire
    pid = 0
    name = ""  # what it is for, where its process has several
    notified: frozenset[str] = frozenset()
    writes = False
    crawls = 0.0  # seconds by which each statement is late: one connection of many may be slow
    _backend: Backend | None = None

    @classmethod
    def on(cls, server: Server, wire: Wire, *, autocommit: bool) -> "SimulatedConnection":
        """Make a connection of a backend that was lent."""
        backend = server.database.lend()
        made = cls(backend.pgconn)
        made.server, made.wire, made.pid = server, wire, backend.pid
        made._backend = backend
        made._autocommit = autocommit
        made._prepared = backend.prepared
        made.prepare_threshold = 0
        made.cursor_factory = SimulatedCursor
        return made

    def sever(self) -> None:
        """Break: whatever is done with it from now on fails, and what was not committed is undone."""
        backend, self._backend = self._backend, None
        if backend is not None:
            self.pgconn = _NOWHERE
            self.server.forget(self, backend)

    async def close(self) -> None:
        """Close it, as psycopg does."""
        self._closed = True
        self.sever()

    async def wait(self, gen: PQGen[Any], *_: Any, **__: Any) -> Any:
        """Let the statement go its way: there, through the database, and back."""
        what = self._name(gen)
        strike = self.wire.strike(what)
        rolls_back = _rolls_back(gen)
        try:
            await asyncio.sleep(self.wire.latency() + self.crawls)
            if strike == "before":
                self.sever()
            done, error = await self._carry_out(gen)
        finally:
            with suppress(Exception):
                gen.close()
        if strike == "after":
            self.sever()
        elif strike == "dies":
            self.wire.die(what)
        if back := self.wire.way_back():
            await asyncio.sleep(back)
        if error is not None:
            raise error
        if strike in {"after", "dies"} and not rolls_back:
            self._alive()
        return done

    def _name(self, gen: PQGen[Any]) -> str:
        """Say what this is; a statement that writes outside a transaction commits at once."""
        alone = self._backend is not None and self._autocommit and self.pgconn.transaction_status not in _OPEN
        return "commit" if alone and self.writes else getattr(gen, "__name__", "")

    def _alive(self) -> None:
        if self._backend is None:
            raise psycopg.OperationalError("the connection is lost")

    async def _carry_out(self, gen: PQGen[Any]) -> tuple[Any, Exception | None]:
        """Return what the statement gave, or the error the server answered it with."""
        backend = self._backend
        if backend is None:
            return self._refused(gen)
        self.server.statements += 1
        victim = False
        try:
            self.server.tell_the_time()  # before anything is sent: the server may be quick
            step = _Step(self.pgconn.socket, next(gen))
            while (waiting := self.server.drive(self, gen, step)) is not None:
                self.server.enqueue(waiting)
                try:
                    await waiting.go_on.wait()
                except asyncio.CancelledError:
                    self.sever()
                    raise
                victim = waiting.victim
                self._alive()
        except StopIteration as end:
            self._over(backend)
            return end.value, None
        except psycopg.Error as error:
            self._over(backend)
            if victim and isinstance(error, errors.QueryCanceled):
                return None, errors.DeadlockDetected("deadlock detected")
            return None, error

    def _refused(self, gen: PQGen[Any]) -> tuple[Any, Exception | None]:
        """Fail as psycopg would; the end of a transaction that rolls back passes over it, and lets what ended it go on.

        The generator must not run: its cursor still holds the backend, which is somebody else's by now.
        """
        if _rolls_back(gen):
            return False, None
        return None, psycopg.OperationalError("the connection is lost")

    def _over(self, backend: Backend) -> None:
        """Tell that a statement is done: where that ended a transaction, locks are free and notifications are heard."""
        if backend.pgconn.transaction_status in _OPEN:
            return
        self.server.settle()
        if self.notified:
            heard, self.notified = self.notified, frozenset()
            self.wire.heard(heard)


def _rolls_back(gen: PQGen[Any]) -> bool:
    """Tell whether this is the end of a transaction's block that an exception left."""
    frame = getattr(gen, "gi_frame", None)
    return frame is not None and gen.__name__ == "_exit_gen" and frame.f_locals.get("exc_val") is not None


_WRITES = re.compile(r"\b(insert|update|delete|log_append|setval)\b", re.IGNORECASE)
_NOTIFIES = re.compile(r"\bnotify (\w+)|pg_notify\('(\w+)'", re.IGNORECASE)


@cache
def channels_in(query: str | bytes) -> frozenset[str]:
    """Return the channels a statement notifies: read in its text, as what the server sends comes when it likes."""
    text = query.decode() if isinstance(query, bytes) else query
    found = frozenset(name for names in _NOTIFIES.findall(text) for name in names if name)
    return found | {"log"} if "log_append(" in text else found


@cache
def writes(query: str | bytes) -> bool:
    """Tell whether a statement changes anything, read in its text."""
    return _WRITES.search(query.decode() if isinstance(query, bytes) else query) is not None
