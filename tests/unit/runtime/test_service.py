"""A service's tasks live and die together: nothing half alive goes on looking healthy."""

import asyncio
import os
import select
import signal
import subprocess
import sys

import pytest

from runtime.service import run_together

SECONDS = 10.0


class _Task:
    """Runs until it is ended, and notes that it drained; fails once told to, as given."""

    def __init__(self, fails_with: Exception | None = None) -> None:
        self.started = asyncio.Event()
        self.fail = asyncio.Event()
        self.drained = False
        self._error = fails_with

    async def run(self) -> None:
        self.started.set()
        try:
            await self.fail.wait()
            if self._error is not None:
                raise self._error
        finally:
            await asyncio.sleep(0)  # draining may take its time
            self.drained = True


async def test_the_first_task_to_fail_ends_the_others_and_the_failure_is_raised() -> None:
    failing, faithful = _Task(OSError("the disk is full")), _Task()
    running = asyncio.create_task(run_together("gateway", session=failing.run(), ingest=faithful.run()))
    await faithful.started.wait()
    failing.fail.set()
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(running, SECONDS)
    assert [str(error) for error in raised.value.exceptions] == ["the disk is full"]
    assert faithful.drained


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_drains_every_task_and_ends_well(asked: signal.Signals) -> None:
    tasks = [_Task(), _Task()]
    running = asyncio.create_task(run_together("monitor", one=tasks[0].run(), two=tasks[1].run()))
    for task in tasks:
        await task.started.wait()
    os.kill(os.getpid(), asked)
    await asyncio.wait_for(running, SECONDS)
    assert all(task.drained for task in tasks)


async def test_a_task_that_fails_while_it_drains_is_not_hushed_up() -> None:
    async def breaks_while_draining() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("could not say goodbye")

    steady = _Task()
    running = asyncio.create_task(run_together("alerting", breaks=breaks_while_draining(), steady=steady.run()))
    await steady.started.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(running, SECONDS)
    assert [str(error) for error in raised.value.exceptions] == ["could not say goodbye"]
    assert steady.drained


_STUBBORN = """
import asyncio
from runtime.service import run_together

async def swallows_cancellation() -> None:
    print("up", flush=True)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

asyncio.run(run_together("stubborn", drain_seconds={seconds}, task=swallows_cancellation()))
"""


@pytest.mark.parametrize(
    ("patience", "signals"), [(0.2, 1), (600, 2)], ids=["after its patience", "at a second signal"]
)
def test_what_will_not_drain_is_named_and_ended_by_force(patience: float, signals: int) -> None:
    """Seen once: a task that swallowed its cancellation kept a service half alive after the database had gone."""
    stubborn = subprocess.Popen(
        [sys.executable, "-c", _STUBBORN.format(seconds=patience)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert stubborn.stdout
    while b"up" not in stubborn.stdout.readline():
        pass
    for _ in range(signals):
        stubborn.send_signal(signal.SIGTERM)
        select.select([stubborn.stdout], [], [], 0.5)  # signals sent together count as one
    assert stubborn.wait(SECONDS) == 1
    said = stubborn.stdout.read()
    assert b"ended by force" in said
    assert b"stubborn:task" in said
