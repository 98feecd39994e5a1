"""A replay goes as fast as it can, or so many times as fast as it was."""

import asyncio

from schema.instants import HOUR, SECOND
from simulator.replay.pace import AtOnce, InRealTime


async def test_at_a_speed_an_instant_comes_at_its_share_of_the_time() -> None:
    loop = asyncio.get_running_loop()
    began, pace = loop.time(), InRealTime(HOUR, 100.0)
    await pace.until(HOUR)
    assert loop.time() - began < 0.1
    await pace.until(HOUR + 20 * SECOND)
    assert 0.19 < loop.time() - began < 2
    before = loop.time()
    await pace.until(HOUR + 10 * SECOND)  # long past
    assert loop.time() - before < 0.1


async def test_as_fast_as_it_can_nothing_is_waited_for_and_nobody_is_kept_out() -> None:
    turns = 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside, pace = asyncio.create_task(neighbour()), AtOnce()
    for hour in range(1000):
        await pace.until(hour * HOUR)
    beside.cancel()
    assert turns >= 3
