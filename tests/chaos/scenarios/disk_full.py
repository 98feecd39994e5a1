"""The disk of the database, or of the broker, is full for a while: nothing acknowledged is lost, and it goes on.

Somebody else's file takes all the room there is on the engine's own small disk, stays, and goes. While it is there
hubs keep what is not acknowledged; the service says in words what is wrong; with room again, everything
goes on by itself, and everything a chaos run compares is compared.
"""

import asyncio
from functools import partial
from pathlib import Path
from typing import Literal

from tests.chaos import small_disk
from tests.chaos.house import House
from tests.chaos.run import Chaos, Trouble
from tests.chaos.scenarios import Scenario, Stage

LEAD_SECONDS = 8.0
BACK_WITHIN = 60.0
Engine = Literal["database", "broker"]
MEGABYTES = {"database": 192, "broker": 48}  # an empty cluster alone has some 90
_SAYS = {"database": ("its disk is full", ("gateway",)), "broker": ("no space left on device", ("broker",))}


def trouble(engine: Engine, stage: Stage, seconds: float) -> Trouble:
    """Fill the engine's disk for all but the first seconds and the last third of the run."""

    async def do(chaos: Chaos, house: House) -> None:
        await chaos.until(LEAD_SECONDS)
        ballast = small_disk.Ballast(small_disk.place())
        began = chaos.now()
        filling = asyncio.create_task(_keep_full(ballast))
        before = chaos.ledger.acknowledged_count
        await chaos.until(LEAD_SECONDS + (seconds - LEAD_SECONDS) * 2 / 3)
        filling.cancel()
        while_full = chaos.ledger.acknowledged_count - before
        ballast.clear()
        room = chaos.now()
        stage.measured(f"the disk of the {engine} full", f"{(room - began) / 1e6:.0f} s")
        stage.measured("acknowledged while it was full", f"{while_full:,}")
        words, who = _SAYS[engine]
        silent = [name for name in who if words not in house.said(name)]
        stage.expect(not silent, f"nothing is said of a full disk by {', '.join(silent)}")
        took = await _goes_on(chaos, house)
        house.away[engine].append((began, chaos.now()))
        stage.measured("with room again, a press is through after", "never" if took is None else f"{took:.1f} s")
        stage.expect(took is not None, f"with room again, a press was not through within {BACK_WITHIN:.0f} s")
        await chaos.until(seconds)

    return do


async def _keep_full(ballast: small_disk.Ballast) -> None:
    """Take what room there is, and what becomes free: a log that is rotated, a segment that is dropped."""
    while True:
        ballast.fill()
        await asyncio.sleep(0.2)


async def _goes_on(chaos: Chaos, house: House) -> float | None:
    pressed, began = chaos.press_somebody(), chaos.now()
    try:
        async with asyncio.timeout(BACK_WITHIN):
            return await chaos.through(house, pressed, began) / 1e6
    except TimeoutError:
        return None


def _elsewhere(engine: Engine, _: Path) -> dict[str, Path]:
    return {engine: small_disk.place() / "engine"}


def _scenario(engine: Engine) -> Scenario:
    return Scenario(
        f"the disk of the {engine} is full for a while",
        partial(trouble, engine),
        minutes=0.8,
        rate=200,
        engines=partial(_elsewhere, engine),
        disk=MEGABYTES[engine],
    )


DATABASE, BROKER = _scenario("database"), _scenario("broker")
