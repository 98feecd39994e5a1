"""How long a rehearsal of four weeks takes: one person's, and a thousand people's on all processors.

A history as it is after weeks (`lived_history`): the log pruned, each reading in a batch of its own. The draft differs
from what is set, so that each rehearsal folds twice. A thousand people's is measured on a few dozen and said as so
many a minute: their days are alike, and nothing of one serves another. What is measured is the time somebody waits.
"""

from pathlib import Path
from time import perf_counter

import psycopg

from benchmarks.figure import RUNS, BrokenPromiseError, Figure, Progress, Run, Target
from benchmarks.lived_history import BEGINS, lived, store
from runtime.embedded import EmbeddedDatabase
from runtime.migrate import migrate
from schema.instants import DAY
from schema.plans import InactivityRule
from schema.rehearsals import MOST_DAYS, WARM_UP, Draft
from telecare.rehearsing import everybody, one

PEOPLE = 32
_UNTIL = BEGINS + MOST_DAYS * DAY + WARM_UP
_DRAFT = Draft(rule=InactivityRule(id="quiet-by-day", longer_than="2h"))


async def measure(folder: Path, progress: Progress) -> dict[str, Figure]:
    """Measure on a database of our own."""
    progress.expect(3 + 2 * RUNS)
    progress.step("four weeks are lived")
    life = lived(_UNTIL)
    database = EmbeddedDatabase(folder)
    await database.start()
    try:
        progress.step(f"stored for {PEOPLE} people, {life.readings:,} readings each")
        async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
            await migrate(connection)
            people = await store(connection, life, PEOPLE)
        alone = [await _one(database.url, people[number], progress) for number in range(RUNS)]
        together = [_all(database.url, progress) for _ in range(RUNS)]
    finally:
        progress.step("the database ends")
        await database.stop()
    return {
        "rehearsal of one person's 28 days": Figure("s", tuple(alone), Target(at_most=1)),
        "rehearsals of 28 days a minute": Figure("people", tuple(together), Target(at_least=500)),
    }


async def _one(url: str, person: str, progress: Progress) -> Run:
    progress.step("one person's days")
    began = perf_counter()
    found = await one(url, person, _DRAFT, MOST_DAYS, "benchmark", _UNTIL)
    if not found.readings:
        raise BrokenPromiseError("a rehearsal read nothing")
    return Run(perf_counter() - began)


def _all(url: str, progress: Progress) -> Run:
    progress.step("everybody's days")
    began = perf_counter()
    found = list(everybody(url, _DRAFT, MOST_DAYS, "benchmark", _UNTIL))
    if len(found) != PEOPLE:
        raise BrokenPromiseError(f"{len(found)} of {PEOPLE} people were rehearsed")
    return Run(PEOPLE / (perf_counter() - began) * 60)
