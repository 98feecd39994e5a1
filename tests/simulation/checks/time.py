"""Time in the log: it goes on while all is well, and waits for what was published before it."""

from collections.abc import Iterator

from gateway.ticks import PROMPT
from schema.entries import ReadingEntry, Tick
from schema.instants import SECOND, Instant, iso
from tests.simulation.checks.record import Record, Row
from tests.simulation.world import World

_ON_THE_WAY = 20 * SECOND
"""How long the four statements of a tick itself may take where statements are slow."""


def _live(row: Row) -> bool:
    return any(isinstance(entry, Tick) and not entry.behind and not entry.blind for entry in row.entries)


def ticks_wait_for_the_backlog(world: World, record: Record) -> Iterator[str]:
    """No live tick stands before a reading that the broker had long before that tick."""
    places = {
        (entry.device, entry.kind, entry.seq): row
        for row in record.log
        for entry in row.entries
        if isinstance(entry, ReadingEntry)
    }
    ticks = [row for row in record.log if _live(row)]
    bound = PROMPT + (_ON_THE_WAY if world.weather.slow else SECOND)
    for hub in world.hubs.values():
        for told, taken_at in hub.taken_at.items():
            row = places.get((record.devices.get((told.home, told.device), 0), told.kind, told.seq or -1))
            if row is None:
                continue
            before = [tick for tick in ticks if tick.position < row.position]
            if before and before[-1].at - taken_at > bound:
                yield (
                    f"the tick at {iso(before[-1].at)} did not wait for {told.home}/{told.device} {told.kind},"
                    f" which the broker had since {iso(taken_at)}"
                )


def goes_on(world: World, record: Record) -> Iterator[str]:
    """Once all is well, live ticks come again, and the monitor has read all but the last of them."""
    last = max((row.at for row in record.log if _live(row)), default=0)
    bound = slack(world)
    if world.ended_at - last > bound:
        yield f"the last live tick is of {iso(last)}"
    old = max((row.position for row in record.log if world.ended_at - row.at > bound), default=0)
    behind = {part: at for part, at in record.cursors.items() if at < old}
    if not record.cursors:
        yield "the monitor never came to read anything"
    if behind:
        yield f"the monitor's cursors stand at {sorted(set(behind.values()))}, and {old} was long there"


def slack(world: World) -> Instant:
    """Return how late anything may be once all is well: a few ticks and polls, and a minute for a hub's backlog."""
    return 3 * world.pace.tick_every + round(2 * world.pace.poll_seconds * SECOND) + 60 * SECOND
