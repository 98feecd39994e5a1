"""Readings stepped a second on one core: our fold with eight rules a person, beside three of them on Bytewax.

Bytewax 0.21 is a stream processor with an engine in Rust, whose keyed operators are what such rules are written on.
Ours is the fold as the monitor runs it; theirs is `button`, `inactivity` and `bed_exit` on `stateful_map` and session
windows in the readings' own time, with no reasons, no consent, no clock changes, no cannot-see. Both step the same
readings in memory, in batches of the same size, one after the other, several times in the same run; what is made ready
before (packing, decoding) is in neither. Each run of Bytewax begins with nothing known, as its state cannot be handed
on in memory. Where it has no wheel for this Python, that is said and no figure given.
"""

import gc
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.figure import RUNS, Figure, Progress, Run, Target
from benchmarks.fold_world import DEVICES, ROW, Lives, Row, facts
from monitor.fold import Fold
from schema.entries import ReadingEntry
from schema.instants import moment

READINGS = 20_000
AT_LEAST = 10
_PEOPLE = (1_000, 10_000)
_LONGEST, _OUT = timedelta(hours=4), timedelta(minutes=20)
_Said = tuple[str, str, datetime]
_SIGNS = frozenset({"motion", "door", "bed", "pill"})


async def measure(folder: Path, progress: Progress) -> dict[str, Figure]:  # noqa: ARG001 - nothing is written
    """Measure at 1,000 and at 10,000 people."""
    if find_spec("bytewax") is None:
        progress.expect(1)
        progress.step("bytewax is not here: it has no wheel for this Python, and nothing is compared")
        return {}
    progress.expect(len(_PEOPLE) * RUNS)
    return {
        f"readings a second, {people:,} people, beside Bytewax": Figure(
            "readings/s a core", tuple(_runs(people, progress)), Target(at_least=AT_LEAST, ratio=True)
        )
        for people in _PEOPLE
    }


def _runs(people: int, progress: Progress) -> Iterator[Run]:
    lives = Lives(people)
    fold, position = Fold(), 0
    for position, each in enumerate(facts(people), 1):
        fold.row(position, lives.at - 1, each)
    for row in lives.first_words():
        position += 1
        fold.row(position, row.at, row.entries)
    for number in range(RUNS):
        progress.step(f"{people:,} people, {number + 1} of {RUNS}")
        rows = list(lives.rows(READINGS))
        gc.collect()
        began = process_time()
        for row in rows:
            position += 1
            fold.row(position, row.at, row.entries)
        ours = process_time() - began
        yield Run(READINGS / ours, READINGS / _keyed(rows))


def _keyed(rows: list[Row]) -> float:
    """Return the CPU seconds that Bytewax takes for the same readings, on one worker."""
    import bytewax.operators as op  # noqa: PLC0415 - it need not be here
    from bytewax.dataflow import Dataflow  # noqa: PLC0415
    from bytewax.testing import TestingSink, TestingSource, run_main  # noqa: PLC0415

    said = [
        (str((entry.device - 1) // DEVICES), (entry.kind, entry.value, moment(row.at)))
        for row in rows
        for entry in row.entries
        if isinstance(entry, ReadingEntry)
    ]
    flow, found = Dataflow("rules"), list[Any]()
    readings = op.input("readings", flow, TestingSource(said, batch_size=ROW))
    for name, findings in _rules(op, readings).items():
        op.output(f"{name}_found", findings, TestingSink(found))
    gc.collect()
    began = process_time()
    run_main(flow)
    return process_time() - began


def _rules(op: Any, readings: Any) -> dict[str, Any]:
    """Return what three rules find, each written as Bytewax's manual has it.

    A press is remembered by its key, so that it counts once. Who shows no sign of life for four hours, or leaves bed
    for twenty minutes, ends a session of readings: on the readings' own time, as only that fires at the same places
    when a day is played again.
    """
    import bytewax.operators.windowing as win  # noqa: PLC0415

    clock = win.EventClock(_told_at, wait_for_system_duration=timedelta(seconds=5))
    pressed = op.filter("presses", readings, lambda each: each[1][:2] == ("button", "pressed"))
    signs = op.filter("signs", readings, lambda each: each[1][0] in _SIGNS)
    beds = op.filter("beds", readings, lambda each: each[1][0] == "bed")
    sessions = {"inactivity": (signs, _LONGEST), "bed_exit": (beds, _OUT)}
    ends = {
        name: win.fold_window(name, kept, clock, win.SessionWindower(gap=gap), _nothing, _newest, _newest).down
        for name, (kept, gap) in sessions.items()
    }
    return {"button": op.stateful_map("button", pressed, _first_time), **ends}


def _told_at(said: _Said) -> datetime:
    return said[2]


def _nothing() -> _Said | None:
    return None


def _newest(_: _Said | None, said: _Said | None) -> _Said | None:
    return said


def _first_time(known: datetime | None, said: _Said) -> tuple[datetime, tuple[datetime, bool]]:
    return said[2], (said[2], known != said[2])
