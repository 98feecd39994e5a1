"""Our services as they live in the world: the real engines and their real loops, their surroundings replaced.

What is replaced is what a process meets at its edge: connections, the listener, the broker's session, clocks and
chance. Each by its name in the one module that uses it, for as long as the world lasts.
"""

from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from psycopg.conninfo import conninfo_to_dict

import alerting.codes
import alerting.delivery
import gateway.housekeeping
import gateway.service
import gateway.steady
import gateway.ticks
import monitor.engine
import monitor.service
from alerting.delivery import Delivery
from alerting.engine import Engine
from monitor.engine import Monitor
from schema.instants import DAY, MINUTE, SECOND
from tests.simulation.hints import SimulatedListener
from tests.simulation.process import Process, SimulatedPool
from tests.simulation.session import SimulatedSession
from tests.simulation.weather import draws

if TYPE_CHECKING:
    from tests.simulation.world import World

Tasks = dict[str, Coroutine[Any, Any, None]]
PUBLIC_URL = "https://telecare.example"


def start_gateway(process: Process) -> Tasks:
    """Give the gateway's tasks, wired as in earnest; gateways of one name share their sessions with the broker."""
    tasks = gateway.service.tasks(f"host={process.name}", "mqtt://world", "1", process.world.clock)
    for probes in {"probes"} & tasks.keys():
        tasks.pop(probes).close()  # nobody asks it how it is
    return tasks


def start_monitor(process: Process) -> Tasks:
    """Give the monitor's tasks."""
    url = f"host={process.name}"
    listener: Any = SimulatedListener(process.world.hints, ["log"])
    return {"listen": listener.run(), "watch": monitor.service.watch(url, listener, process.world.clock)}


def start_alerting(process: Process) -> Tasks:
    """Give alerting's tasks: all but the console, whose requests the world makes itself."""
    world = process.world
    world.pool = SimulatedPool(process)
    pool: Any = world.pool
    listener: Any = SimulatedListener(world.hints, ("findings", "outbox", "alarms"))
    return {
        "listener": listener.run(),
        "engine": Engine(pool, world.clock).run(listener),
        "delivery": Delivery(pool, {"sms": world.telephones}, world.clock, PUBLIC_URL).run(listener),
    }


@contextmanager
def surroundings(world: "World") -> Iterator[None]:
    """Let our modules meet this world instead of the machine."""
    chance = draws(world.seed, "chance")
    replaced: list[tuple[Any, str, Any]] = [
        (gateway.service, "Listener", lambda _, channels: SimulatedListener(world.hints, channels, deaf=True)),
        (gateway.service, "Session", lambda _, __, **wiring: SimulatedSession(world.broker, world.story, **wiring)),
        (gateway.service, "connector", lambda url, name: partial(world.process_of(url).connect, name)),
        (gateway.ticks, "EVERY", world.pace.tick_every),
        (gateway.ticks, "monotonic", world.loop.time),
        (gateway.ticks, "token_bytes", chance.randbytes),
        (gateway.steady, "monotonic", world.loop.time),
        (gateway.housekeeping, "_BACK", 1 * DAY),
        (gateway.housekeeping, "ADOPT_EVERY_SECONDS", 60.0),
        (monitor.engine, "CHECKPOINT_EVERY", 3 * MINUTE),
        (monitor.service, "Connection", _Connector(world)),
        (monitor.service, "Monitor", partial(Monitor, blind_after=2 * world.pace.tick_every + 5 * SECOND)),
        (alerting.delivery, "_LOOK_EVERY", world.pace.poll_seconds),
        (alerting.codes, "choose", partial(alerting.codes.choose, draw=chance.randrange)),
    ]
    with ExitStack() as stack:
        for module, name, instead in replaced:
            stack.enter_context(patch.object(module, name, instead))
        yield


class _Connector:
    """Stands where a module says `Connection.connect(url)`."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def connect(self, url: str, *, autocommit: bool = False) -> Any:
        """Connect the process that the address names."""
        return await self._world.process_of(url).connect(autocommit=autocommit)


def named(url: str) -> str:
    """Return the process that an address of this world names."""
    return str(conninfo_to_dict(url)["host"])
