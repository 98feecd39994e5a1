"""Each link in turn: stalled, cut, and half-open; and how long until a press comes through again.

- stall: bytes neither pass nor close for 20 s (less where the whole run is short), then go on;
- cut: both ends are told by a reset;
- half-open: the connections of that moment swallow everything for ever and tell neither end, while new ones pass:
  nobody heals them, and the service must find out by itself. TCP's own keepalive cannot help, as the proxy's end is
  alive: so it goes with a peer or a middlebox that hangs, too.

A pendant is pressed in the moment of each fault; the time until its alarm is there and its SMS has left is measured.
"""

import asyncio
from contextlib import suppress

from schema.instants import SECOND
from tests.chaos.house import House
from tests.chaos.run import Chaos, Trouble
from tests.chaos.scenarios import Scenario, Stage
from tests.chaos.storm import LINKS

STALL_SECONDS = 20.0
AFTER_STALL, AFTER_CUT, AFTER_DROP = 12.0, 12.0, 60.0  # s within which a press must be through
_EACH_SECONDS = 45.0  # of the whole run, for each link, where all three are done whole


def trouble(stage: Stage, seconds: float) -> Trouble:
    """Do all three to each link."""
    stall = min(STALL_SECONDS, STALL_SECONDS * seconds / (_EACH_SECONDS * len(LINKS)))

    async def do(chaos: Chaos, house: House) -> None:
        await chaos.until(2)
        for name in LINKS:
            for deed, within in (("stall", stall + AFTER_STALL), ("cut", AFTER_CUT), ("drop", AFTER_DROP)):
                await _once(stage, chaos, house, name, deed, within, stall)

    return do


async def _once(  # noqa: PLR0917 - one fault of one link
    stage: Stage, chaos: Chaos, house: House, name: str, deed: str, within: float, stall: float
) -> None:
    link, began = house.links[name], chaos.now()
    getattr(link, deed)()
    healing = asyncio.get_running_loop().call_later(stall, link.heal) if deed == "stall" else None
    pressed = chaos.press_somebody()
    took = None
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            took = await chaos.through(house, pressed, began)
    what = {"stall": f"stalled for {stall:.0f} s", "cut": "cut", "drop": "half-open"}[deed]
    said = "never" if took is None else f"{took / SECOND:.1f} s"
    stage.measured(f"{name} {what}: a press is through after", said)
    stage.expect(took is not None, f"{name} {what}: a press was not through within {within:.0f} s")
    if healing is not None:
        healing.cancel()
    link.heal()
    house.away[name].append((began, chaos.now()))


SCENARIO = Scenario("each link stalled, cut and half-open", trouble, minutes=3, rate=200)
