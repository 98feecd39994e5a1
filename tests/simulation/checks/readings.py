"""Stored, then acknowledged: what the broker acknowledged to a hub is stored once and told once."""

from collections import Counter
from collections.abc import Iterator

from schema.entries import ReadingEntry, UnregisteredPress
from schema.instants import SECOND, iso, to_millisecond
from tests.simulation.checks.record import Record
from tests.simulation.hub import Told
from tests.simulation.world import World

_STILL_ON_ITS_WAY = 60 * SECOND
Key = tuple[int, int, int, int, str]


def each_counts_once(world: World, record: Record) -> Iterator[str]:
    """Each reading that was acknowledged to a hub stands in the history once, and in the log once."""
    log = [entry for row in record.log for entry in row.entries if isinstance(entry, ReadingEntry)]
    twice = [key for key, times in Counter(_key(entry) for entry in log).items() if times > 1]
    stored = {_key(entry) for entry in record.readings}
    yield from (f"the log tells {_name(record, key)} twice" for key in twice)
    yield from (f"{_name(record, key)} is stored, and the log does not tell it" for key in stored - set(map(_key, log)))
    yield from (f"the log tells {_name(record, key)}, which is not stored" for key in set(map(_key, log)) - stored)
    for hub in world.hubs.values():
        for told in (each for each in hub.told if world.ended_at - hub.taken_at[each] > _STILL_ON_ITS_WAY):
            yield from _once(world, record, told, hub.given[told])


def _once(world: World, record: Record, told: Told, given: int) -> Iterator[str]:
    if told.poison:  # kept as bytes, and nothing waits behind it
        if not world.database.rows("select from rejected_messages where reason like 'the database refused%%' limit 1"):
            yield f"{told.home}/{told.device} told what the database refuses, and nothing of it was kept"
        return
    number = record.devices.get((told.home, told.device))
    if number is None:
        if not any(isinstance(entry, UnregisteredPress) for row in record.log for entry in row.entries):
            yield f"the press of {told.home}/{told.device}, which nobody registered, is nowhere in the log"
        return
    found = [entry for entry in record.readings if entry.device == number and _is(entry, told)]
    name = f"{told.home}/{told.device}: {told.kind} {told.value} of {iso(told.happened_at)} (seq {told.seq})"
    if told.seq is None and told.said_at is None:
        if not found:
            yield f"{name} was acknowledged and is not stored"
    elif not found:
        yield f"{name} was acknowledged and is not stored"
    elif len(found) > 1:
        yield f"{name} is stored {len(found)} times; the broker took it {given} times"


def _is(entry: ReadingEntry, told: Told) -> bool:
    """Tell whether a stored reading is the one told."""
    if (entry.kind, entry.value) != (told.kind, told.value):
        return False
    if told.seq is not None:
        return (entry.seq, entry.boot) == (told.seq, told.boot)
    if told.said_at is None or entry.clock_doubted:
        return entry.received_at >= told.happened_at
    return entry.observed_at == to_millisecond(told.said_at)


def the_broker_is_told(world: World, record: Record) -> Iterator[str]:
    """Once all is well again nothing waits at the broker, and no hub has anything left to tell."""
    oldest = world.broker.oldest
    if oldest is not None and world.whole - oldest.taken_at > _STILL_ON_ITS_WAY / SECOND:
        held = world.whole - oldest.taken_at
        yield f"the broker has held {oldest.topic} for {held:.0f} s, and nobody acknowledges it"
    for hub in world.hubs.values():
        left = [told for told in hub.left if world.ended_at - told.happened_at > _STILL_ON_ITS_WAY]
        if left:
            yield f"the hub of {hub.home} could not tell {left[0].kind} {left[0].value} of {iso(left[0].happened_at)}"


def _key(entry: ReadingEntry) -> Key:
    return entry.device, entry.observed_at, entry.boot, entry.seq, entry.kind


def _name(record: Record, key: Key) -> str:
    home, device = record.names[key[0]]
    return f"{home}/{device} {key[4]} of {iso(key[1])} (seq {key[3]})"
