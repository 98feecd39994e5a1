"""One replay from beginning to end: read and judged whole, then played, then reported.

Nothing is started before the capture and the people file have both been read without a fault.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple, Protocol

from schema.findings import FindingChange
from schema.instants import SECOND, Instant
from schema.people_entries import entries
from schema.people_file import PeopleFile
from schema.people_file import read as read_people
from simulator.capture.lines import Line
from simulator.capture.lines import read as read_capture
from simulator.replay.closings import Closings
from simulator.replay.course import Course, World
from simulator.replay.memory import Memory, directory
from simulator.replay.pace import AtOnce, InRealTime
from simulator.replay.report import Report, occurrences


class Ready(NamedTuple):
    """A capture and the people it is played for, both read."""

    lines: Sequence[Line]
    people: PeopleFile

    @property
    def begins(self) -> Instant:
        """When the log begins: the facts are known a second before the first message."""
        return self.lines[0].at - SECOND


class Played(NamedTuple):
    """What a replay came to; `refused` counts the reasons why messages were, `said` is all the monitor said."""

    report: Report
    refused: Counter[str]
    said: Sequence[FindingChange]


class Playable(World, Protocol):
    """A world that a capture can be played in."""

    async def told(self) -> tuple[int, Counter[str]]:
        """Return the readings stored, and the messages refused by reason."""
        ...


def ready(capture: Path, people: Path) -> Ready:
    """Read both files; CaptureError or PeopleFileError says in one line what is wrong with which."""
    return Ready(read_capture(capture), read_people(people))


async def in_memory(what: Ready, played: Callable[[], None] = lambda: None) -> Played:
    """Play without broker or database, as fast as it can."""
    return await _run(what, nullcontext(Memory(what.people, what.begins)), None, played)


async def for_real(what: Ready, speed: float | None = None, played: Callable[[], None] = lambda: None) -> Played:
    """Play through the real gateway, broker, database and monitor; `speed` None is as fast as it can."""
    from simulator.replay.real import scratch_house  # noqa: PLC0415 - the engines are only needed here

    return await _run(what, scratch_house(what.people, what.lines), speed, played)


async def _run(
    what: Ready,
    world: AbstractAsyncContextManager[Playable],
    speed: float | None,
    played: Callable[[], None],
) -> Played:
    closings = Closings(directory(what.people, entries(what.people).numbers))
    async with world as playable:
        pace = AtOnce() if speed is None else InRealTime(what.lines[0].at, speed)
        course = Course(playable, closings, pace)
        await course.play(what.lines, played)
        readings, refused = await playable.told()
    report = Report(readings=readings, rejected=refused.total(), alarms=occurrences(course.said))
    return Played(report, refused, course.said)
