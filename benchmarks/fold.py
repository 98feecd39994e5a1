"""The monitor's fold: readings stepped a second, what a person takes in memory, checkpoints and taking them up again.

    python -m benchmarks fold

100,000 people with eight rules each (benchmarks.fold_world), in memory: no broker and no database, whose part is
measured in whole_path. Times are CPU seconds of this process, from the packed row to what is said of it. The floor is
decoding the same rows and setting one item of a dict for each reading, alternating with what it is the floor of. The
cost at 1,000 people is taken row by row beside that at 100,000, rows alone, as ticks come more often where rows are
rarer.

A reading that a fold taken up from a checkpoint steps otherwise than the one that never stopped breaks a promise.
"""

import gc
from asyncio import sleep
from collections.abc import Iterable
from pathlib import Path
from time import process_time

import psutil

from benchmarks.figure import RUNS, BrokenPromiseError, Figure, Progress, Run, Target
from benchmarks.fold_world import BEGINS, Lives, facts
from monitor import chunks
from monitor.chunks import Chunk
from monitor.facts import read_facts
from monitor.fold import Fold
from schema.entries import ReadingEntry, pack, unpack
from schema.findings import FindingChange
from schema.instants import Instant

PEOPLE = 100_000
FEW = 1_000
READINGS = 40_000
"""In each alternation, at either number of people."""
REPLAYED = 300_000
_LOADED_AT_ONCE = 10_000

Packed = list[tuple[Instant, bytes]]


class World:
    """A fold and the lives it follows."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.fold = Fold()
        self._lives = Lives(people)
        self.said = 0

    async def load(self) -> None:
        """Let everybody be known, every device heard, and life go on for a while."""
        for number, entries in enumerate(facts(self.people)):
            self.row(BEGINS, entries)
            if number % _LOADED_AT_ONCE == 0:
                await sleep(0)  # whoever shows the progress
        for row in self._lives.first_words():
            self.row(row.at, row.entries)
        for row in self._lives.rows(self.people):
            self.row(row.at, row.entries)

    def row(self, at: Instant, entries: Iterable[object]) -> list[FindingChange]:
        """Fold one more row."""
        return self.fold.row(self.fold.position + 1, at, entries)  # type: ignore[arg-type]

    def packed(self, readings: int) -> Packed:
        """Return so many readings to come, in rows as the log holds them."""
        return [(row.at, pack(row.entries)) for row in self._lives.rows(readings)]

    def step(self, rows: Packed) -> float:
        """Decode and fold the rows; return the CPU seconds it took."""
        began = process_time()
        for at, entries in rows:
            self.said += len(self.row(at, unpack(entries)))
        return process_time() - began

    def costs(self, rows: Packed) -> float:
        """Decode and fold the rows; return the CPU seconds of those with readings, ticks apart."""
        used = 0.0
        for at, entries in rows:
            took = self.step([(at, entries)])
            used += took if len(entries) > _A_TICK else 0.0
        return used

    def kept(self) -> tuple[list[bytes], list[float]]:
        """Return a whole checkpoint, and the CPU seconds each chunk took: nothing else runs meanwhile."""
        saved, took = list[bytes](), list[float]()
        for key in self.fold.chunks():
            began = process_time()
            saved.append(chunks.encode(Chunk(self.fold.at, self.fold.blind_at, self.fold.keep(*key))))
            took.append(process_time() - began)
        return saved, took


_A_TICK = 100  # bytes: no row of readings is as short


def floor(rows: Packed, seen: dict[int, Instant]) -> float:
    """Decode the rows and remember one thing of each reading; return the CPU seconds it took."""
    began = process_time()
    for _, entries in rows:
        for entry in unpack(entries):
            if type(entry) is ReadingEntry:
                seen[entry.device] = entry.observed_at
    return process_time() - began


async def measure(folder: Path, progress: Progress) -> dict[str, Figure]:  # noqa: ARG001 - all is in memory
    """Measure the fold; some two minutes."""
    progress.expect(2 + 3 * RUNS)
    progress.step(f"loading {FEW:,} people")
    few = World(FEW)
    await few.load()
    progress.step(f"loading {PEOPLE:,} people")
    before = _resident()
    many = World(PEOPLE)
    await many.load()
    gc.collect()
    figures = {"fold_memory": _memory((_resident() - before) / PEOPLE)}
    gc.freeze()
    try:
        figures |= await _speed(many, few, progress)
        saved, kept = await _checkpoints(many, progress)
        return figures | kept | await _taken_up(many, saved, progress)
    finally:
        gc.unfreeze()


def _resident() -> int:
    resident: int = psutil.Process().memory_info().rss
    return resident


def _memory(each: float) -> Figure:
    return Figure("bytes a person, resident", (Run(each),), Target(at_most=1_500))


async def _speed(many: World, few: World, progress: Progress) -> dict[str, Figure]:
    stepped, growth = list[Run](), list[Run]()
    for number in range(1, RUNS + 1):
        progress.step(f"stepping {READINGS:,} readings of {PEOPLE:,} people and of {FEW:,}, {number} of {RUNS}")
        await sleep(0)
        rows, seen = many.packed(READINGS), dict.fromkeys(range(PEOPLE * 9), 0)
        stepped.append(Run(READINGS / many.step(rows), READINGS / floor(rows, seen)))
        costs = (world.costs(world.packed(READINGS)) / READINGS * 1_000_000 for world in (many, few))
        growth.append(Run(*costs))
    return {
        "fold_readings_per_second": Figure("readings stepped a CPU second", tuple(stepped), Target(at_least=250_000)),
        "fold_growth": Figure(
            f"us a reading, beside that of {FEW:,} people", tuple(growth), Target(at_most=3, ratio=True)
        ),
    }


async def _checkpoints(many: World, progress: Progress) -> tuple[list[bytes], dict[str, Figure]]:
    whole, slices, saved = list[Run](), list[Run](), list[bytes]()
    for number in range(1, RUNS + 1):
        progress.step(f"a checkpoint of {PEOPLE:,} people, {number} of {RUNS}")
        await sleep(0)
        saved, took = many.kept()
        whole.append(Run(sum(took)))
        slices.append(Run(max(took) * 1_000))
    return saved, {
        "fold_checkpoint": Figure("CPU seconds", tuple(whole), Target(at_most=0.5)),
        "fold_checkpoint_slice": Figure("ms, the longest of a checkpoint", tuple(slices), Target(at_most=30)),
    }


async def _taken_up(many: World, saved: list[bytes], progress: Progress) -> dict[str, Figure]:
    """Take the checkpoint up again, and replay what came after it."""
    known = [pack(entries) for entries in facts(PEOPLE)]
    position, rows, runs = many.fold.position, many.packed(REPLAYED), list[Run]()
    said_before = many.said
    many.step(rows)
    for number in range(1, RUNS + 1):
        progress.step(f"taking up {PEOPLE:,} people and replaying {REPLAYED:,} readings, {number} of {RUNS}")
        await sleep(0)
        bare = _decoded(saved, known) + floor(rows, {})
        again = World(0)
        runs.append(Run(again_from(again, position, saved, known) + again.step(rows), bare))
        if again.said != many.said - said_before:
            raise BrokenPromiseError(
                f"taken up from a checkpoint it says {again.said} things, not {many.said - said_before}"
            )
        del again
    return {"fold_restore": Figure("CPU seconds", tuple(runs), Target(at_most=3))}


def again_from(world: World, position: int, saved: list[bytes], known: list[bytes]) -> float:
    """Take up what was saved at the position, from the facts there are; return the CPU seconds it took."""
    began = process_time()
    kept = [chunks.decode(each) for each in saved]
    subjects = ((subject, position) for chunk in kept for subject in chunk.subjects)
    told = (fact for entries in known for fact in read_facts(entries))
    world.fold.resume(position, kept[0].at, kept[0].blind_at, told, subjects)
    return process_time() - began


def _decoded(saved: list[bytes], known: list[bytes]) -> float:
    began = process_time()
    for each in saved:
        chunks.decode(each)
    for entries in known:
        list(read_facts(entries))
    return process_time() - began
