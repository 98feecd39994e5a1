"""What keeps the simulation honest: one seed, one story; real locks in virtual time; nothing outlives a kill."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from schema.instants import SECOND, instant
from tests.simulation.__main__ import main, seeds_of
from tests.simulation.database import Database
from tests.simulation.process import Process
from tests.simulation.run import run
from tests.simulation.weather import CALM
from tests.simulation.world import World

HOUSE = Path(__file__).parents[2]
_APPEND = "select position, committed_at from log_append('tick', null, %s)"


def test_the_same_seed_tells_the_same_story(simulated: Database) -> None:
    first, again = run(3, simulated), run(3, simulated)
    assert first.digest == again.digest
    assert first.statements == again.statements > 100


def test_a_story_depends_neither_on_hash_seeds_nor_on_what_ran_before(simulated: Database) -> None:
    run(4, simulated)
    here = run(5, simulated, keep_story=True)
    command = [sys.executable, "-m", "tests.simulation", "5", "--story"]
    elsewhere = subprocess.run(
        command, cwd=HOUSE, env={**os.environ, "PYTHONHASHSEED": "77"}, capture_output=True, text=True, check=True
    )
    assert "\n".join(map(str, here.story)) in elsewhere.stdout


def test_sql_is_told_the_virtual_time(simulated: Database) -> None:
    world = World(1, simulated)

    async def appended() -> int:
        await asyncio.sleep(1000)
        connection = await _process(world, "one").connect(autocommit=True)
        row = await (await connection.execute(_APPEND, (b"",))).fetchone()
        assert row is not None
        return instant(row[1])

    at = _live(world, appended())
    assert world.began + 1000 * SECOND <= at <= world.began + 1001 * SECOND


def test_who_meets_a_lock_waits_in_virtual_time_until_it_is_free(simulated: Database) -> None:
    world = World(1, simulated)

    async def first() -> None:
        connection = await _process(world, "first").connect()
        await connection.execute(_APPEND, (b"first",))
        await asyncio.sleep(50)
        await connection.commit()

    async def second() -> float:
        await asyncio.sleep(5)
        connection = await _process(world, "second").connect(autocommit=True)
        await connection.execute(_APPEND, (b"second",))
        return world.loop.time()

    async def both() -> float:
        return (await asyncio.gather(second(), first()))[0]

    assert 50 < _live(world, both()) < 52
    assert [row[0] for row in simulated.rows("select entries from log order by position")] == [b"first", b"second"]


def test_of_a_circle_of_locks_one_is_the_victim_and_it_is_told(simulated: Database) -> None:
    world = World(1, simulated)

    async def locks(name: str, *keys: int) -> str:
        connection = await _process(world, name).connect()
        try:
            for key in keys:
                await connection.execute("select pg_advisory_xact_lock(%s)", (key,))
                await asyncio.sleep(1)
        except errors.DeadlockDetected:
            return "victim"
        finally:
            await connection.close()
        return "has both"

    async def both() -> list[str]:
        return list(await asyncio.gather(locks("one", 1, 2), locks("other", 2, 1)))

    assert sorted(_live(world, both())) == ["has both", "victim"]
    assert world.server.deadlocks == 1


def test_of_a_killed_process_nothing_is_left_that_was_not_committed(simulated: Database) -> None:
    world = World(1, simulated)

    async def killed() -> None:
        process = _process(world, "one")
        connection = await process.connect()
        await connection.execute(_APPEND, (b"",))
        process.kill()
        with pytest.raises(psycopg.OperationalError):
            await connection.commit()
        with pytest.raises(psycopg.OperationalError):
            await process.connect()

    _live(world, killed())
    assert simulated.rows("select from log") == []


def test_the_command_says_which_seeds_it_does_not_understand(capsys: pytest.CaptureFixture[str]) -> None:
    assert seeds_of("3,7,20-22") == [3, 7, 20, 21, 22]
    with pytest.raises(SystemExit) as ended:
        main(["from-here-to-there"])
    assert ended.value.code == 2
    assert "names no seeds" in capsys.readouterr().err


def _process(world: World, name: str) -> Process:
    process = Process(world, name, lambda _: {})
    process.start()
    return process


def _live(world: World, work: Coroutine[Any, Any, Any]) -> Any:
    """Do this one thing in an emptied world in which nothing goes wrong."""
    world.weather.chances = CALM
    world.database.set_now(world.began)
    world.database.empty()
    try:
        return world.loop.run_until_complete(work)
    finally:
        world.server.stop()
        world.loop.close()
