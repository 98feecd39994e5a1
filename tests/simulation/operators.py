"""Two operators at the desk, who look at the queue now and then and do what operators do; at times both at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from alerting import desk
from alerting.alarms import ListedAlarm, open_alarms
from tests.simulation.weather import draws

if TYPE_CHECKING:
    from tests.simulation.world import World

Act = Callable[..., Awaitable[None]]
ACTS: dict[str, tuple[Act, tuple[str, ...]]] = {
    "acknowledges": (desk.acknowledge, ()),
    "takes over": (desk.take_over, ("it is mine",)),
    "gives back": (desk.release, ("somebody else should",)),
    "sends somebody for": (desk.dispatch, ("on the way",)),
    "wants the next step for": (desk.escalate, ("quickly",)),
    "closes": (desk.close, ("attended", "all is well")),
}
_NOBODYS = ["acknowledges", "acknowledges", "acknowledges", "takes over", "sends somebody for", "closes"]
_OWNED = ["closes", "closes", "gives back", "takes over", "wants the next step for"]


class Operators:
    """Olga and Sam. In some worlds they go home when the world heals: what is open then is the telephones' business."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._draw = draws(world.seed, "operators")
        self._every = self._draw.choice([15, 40, 120])
        self._goes_home = self._draw.random() < 0.5

    async def work(self, name: str) -> None:
        """Look at the queue for ever, or until it is time to go home."""
        while not (self._world.healed_at and self._goes_home):
            await asyncio.sleep(self._every * self._draw.uniform(0.3, 1.7))
            self._world.processes["alerting"].serve(f"{name}'s screen", self._look(name))

    async def _look(self, name: str) -> None:
        async with self._world.pool.connection() as connection:
            listed = await open_alarms(connection)
        if not listed:
            return
        seen = self._draw.choice(listed[:3])
        both = self._draw.random() < 0.3
        await asyncio.sleep(self._draw.uniform(0.1, 3))
        act = self._draw.choice(_OWNED if seen.owner else _NOBODYS)
        others = [self._do(other, seen, act) for other in ("olga", "sam") if both and other != name]
        await asyncio.gather(self._do(name, seen, act), *others)

    async def _do(self, name: str, seen: ListedAlarm, act: str) -> None:
        do, more = ACTS[act]
        told = f"{act} alarm {seen.id} ({seen.kind} of {seen.subject})"
        try:
            async with self._world.pool.connection() as connection:
                await do(connection, seen.id, name, self._world.clock.now(), *more)
        except desk.DeskError as error:
            told += f", in vain: {error}"
        self._world.story.tell(name, told)
