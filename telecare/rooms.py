"""The rooms of the all-in-one: each a process of its own, started again whenever it ends.

A room that dies, by its own fault or by `kill -9`, is back within a second or two, and has lost nothing: what it
knew is in the database. A room that cannot start is tried again, more and more slowly, and its last words
are logged. Database and broker are watched the same way.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from runtime.embedded_process import EmbeddedError, OwnedProcess, private_folder

log = structlog.get_logger()

_LOOK_SECONDS = 0.2
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_SETTLED_SECONDS = 30.0


class Room:
    """One service of ours, `telecare COMMAND`, with its log in `data_dir/rooms/NAME`."""

    def __init__(self, name: str, arguments: list[str], data_dir: Path, settings: dict[str, str]) -> None:
        self.name = name
        folder = private_folder(private_folder(data_dir, "rooms"), name)
        self.process = OwnedProcess(
            [sys.executable, "-m", "telecare", *arguments],
            log=folder / "log",
            stop_signal=signal.SIGTERM,
            environment={**os.environ, **settings},
        )

    @property
    def running(self) -> bool:
        """Whether the room's process lives."""
        return self.process.running

    async def start(self) -> None:
        """Start the room's process."""
        await self.process.start()

    async def stop(self) -> None:
        """Ask the room to end, and wait."""
        await self.process.stop(15)


class Startable(Protocol):
    """Something that runs, may end without being asked, and can be started again."""

    name: str

    @property
    def running(self) -> bool:
        """Whether it lives."""
        ...

    async def start(self) -> None:
        """Start it (again)."""
        ...


async def keep_alive(room: Startable, seconds: Callable[[], float]) -> None:
    """Start the room whenever it does not run, until cancelled; `seconds` is a monotonic clock."""
    pause, started = _FIRST_PAUSE, seconds()
    while True:
        if not room.running:
            pause = _FIRST_PAUSE if seconds() - started > _SETTLED_SECONDS else min(pause * 2, _LONGEST_PAUSE)
            log.warning("ended, is started again", action="restart", room=room.name)
            started = seconds()
            try:
                await room.start()
            except EmbeddedError as error:
                log.warning("does not start", action="restart", room=room.name, reason=str(error))
                await asyncio.sleep(pause)
        await asyncio.sleep(_LOOK_SECONDS)
