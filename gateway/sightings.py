"""When each device was last heard, for installers: gathered in memory, written once a second.

What is lost of it in a crash is made good by the next message; the history itself is in `readings`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection

from schema.entries import ReadingEntry
from schema.instants import Instant


class Sighting(NamedTuple):
    """What a device's newest message told of it."""

    received_at: Instant
    battery: float | None
    signal: int | None


_WRITE = """
    insert into device_sightings as known (device, last_seen_at, battery, signal)
    select device, 'epoch'::timestamptz + received_at * interval '1 microsecond', battery, signal
    from unnest(%s::integer[], %s::bigint[], %s::real[], %s::smallint[])
      as seen (device, received_at, battery, signal)
    where exists (select from devices where number = device)
    on conflict (device) do update
    set last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
        battery = coalesce(excluded.battery, known.battery),
        signal = coalesce(excluded.signal, known.signal)
"""


class Sightings:
    """The newest of each device since they were last taken."""

    def __init__(self) -> None:
        self._seen: dict[int, ReadingEntry] = {}

    def note(self, entries: Iterable[ReadingEntry]) -> None:
        """Note devices heard just now; a retained message was not said now."""
        seen = self._seen
        for entry in entries:
            if not entry.retained:
                told_all = entry.battery is not None and entry.signal is not None
                seen[entry.device] = entry if told_all else _with_levels(entry, seen.get(entry.device))

    def take(self) -> Mapping[int, Sighting]:
        """Give out what was gathered, and begin anew."""
        seen, self._seen = self._seen, {}
        return {device: Sighting(entry.received_at, entry.battery, entry.signal) for device, entry in seen.items()}


def _with_levels(entry: ReadingEntry, before: ReadingEntry | None) -> ReadingEntry:
    """Return the entry with the levels last heard in place of those it does not tell."""
    if before is None:
        return entry
    battery = before.battery if entry.battery is None else entry.battery
    signal = before.signal if entry.signal is None else entry.signal
    return msgspec.structs.replace(entry, battery=battery, signal=signal)


async def write(connection: AsyncConnection, seen: Mapping[int, Sighting]) -> None:
    """Write sightings, sorted by device, as two gateways may write at once."""
    if seen:
        rows = [(device, *seen[device]) for device in sorted(seen)]
        await connection.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
