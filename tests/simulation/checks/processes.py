"""A process ends when it is killed or asked to, and at no other time."""

from collections.abc import Iterator

from tests.simulation.checks.record import Record
from tests.simulation.world import World


def none_failed(world: World, record: Record) -> Iterator[str]:
    """No process ended by itself, and no two statements waited for each other in a circle."""
    for failure in world.failures:
        yield f"{failure.process} ended by itself: its task {failure.task} raised {failure.error!r}"
    if world.server.deadlocks:
        yield f"{world.server.deadlocks} times two transactions waited for each other"
