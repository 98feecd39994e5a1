"""An event loop whose time is virtual: when nothing is ready it jumps to the next deadline, and never waits.

Promises: no second of real time passes in it for a virtual one; what runs when depends on nothing but what was
scheduled, in that order. Tasks hash by their number: asyncio keeps them in sets, whose order is otherwise that
of memory addresses. Nothing scheduled and nothing ready is an error, as nobody outside will ever wake it.
"""

import asyncio
import itertools
import selectors
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from schema.instants import SECOND, Instant


class NothingLeftError(Exception):
    """Every task waits for another: the world has come to a stand."""


class RoundAndRoundError(Exception):
    """Somebody is busy without end at one moment, and time does not go on."""


_TURNS = 200_000
"""Turns of the loop at one moment after which nobody is believed to be done soon."""


class NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set is the same in every run."""

    number = 0

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: time jumps by as much as it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Let the time pass at once."""
        if timeout is None:
            raise NothingLeftError("nothing is scheduled, and everybody waits")
        self._turns = 0 if timeout > 0 else self._turns + 1
        if self._turns > _TURNS:
            raise RoundAndRoundError(f"{_TURNS} turns, and it is still {self.now:.3f} s")
        self.now += max(timeout, 0.0)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """The loop; its time begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        self._numbers = itertools.count(1)
        super().__init__(self._jumping)
        self.set_task_factory(self._numbered)  # type: ignore[arg-type] # a Task of ours

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now

    def _numbered(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], context: Context | None = None
    ) -> NumberedTask:
        task = NumberedTask.__new__(NumberedTask)
        task.number = next(self._numbers)
        task.__init__(work, loop=loop, context=context)  # type: ignore[misc] # it is hashed while it is made
        return task


class SimulatedClock:
    """A clock that goes with the loop from where the world begins; it may be set wrong, as clocks are."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: Instant) -> None:
        self._loop = loop
        self._start = start
        self.wrong_by = 0

    def now(self) -> Instant:
        """Return the present instant, as this clock has it."""
        return self._start + round(self._loop.time() * SECOND) + self.wrong_by
