"""When the log ticked, packed by half hours: four weeks of ticks are ten megabytes, and no log is read for them.

Ticks are packed once their half hour is over, and the log's own rows pruned only after that. What came behind or
blind is told apart, with how far it was behind.
"""

from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np
from psycopg import AsyncConnection

from schema.entries import Tick, unpack
from schema.instants import DAY, MINUTE, Duration, Instant, instant, moment

HALF_HOUR: Duration = 30 * MINUTE
KEEP: Duration = 35 * DAY
_AT_ONCE = 4

_NEXT = """
    select coalesce(
        (select max(half_hour) + interval '30 minutes' from tick_times),
        (select min(committed_at) from log where kind = 'tick'))
"""
_TICKS = "select committed_at, entries from log where kind = 'tick' and committed_at >= %s and committed_at < %s"
_WRITE = "insert into tick_times (half_hour, ticks, marked) values (%s, %s, %s) on conflict do nothing"
_FORGET = "delete from tick_times where half_hour < %s"
_PACKED = "select half_hour, ticks, marked from tick_times where half_hour > %s order by half_hour"


class Ticks(NamedTuple):
    """When the log ticked, in order, and which of these ticks were behind or blind."""

    at: Any  # numpy int64
    marked: dict[Instant, Tick]


async def pack_ticks(connection: AsyncConnection, now: Instant) -> Instant:
    """Pack some half hours that are over; return up to when all are packed."""
    row = await (await connection.execute(_NEXT)).fetchone()
    if row is None or row[0] is None:
        return now - now % HALF_HOUR
    begins = instant(row[0]) - instant(row[0]) % HALF_HOUR
    for _ in range(_AT_ONCE):
        if begins + HALF_HOUR > now - MINUTE:
            break
        await connection.execute(_WRITE, (moment(begins), *_packed(begins, await _read(connection, begins, HALF_HOUR))))
        begins += HALF_HOUR
    await connection.execute(_FORGET, (moment(now - KEEP),))
    return begins


async def read_ticks(connection: AsyncConnection, since: Instant, until: Instant) -> Ticks:
    """Return the ticks between the two; there may be none before they were kept."""
    rows = await (await connection.execute(_PACKED, (moment(since - HALF_HOUR),), binary=True)).fetchall()
    parts, marked, ends = [np.empty(0, np.int64)], dict[Instant, Tick](), since
    for half_hour, ticks, strange in rows:
        begins = instant(half_hour)
        parts.append(np.frombuffer(ticks, ">u4").astype(np.int64) + begins)
        marked |= {
            begins + offset: tick for offset, tick in msgspec.msgpack.decode(strange, type=list[tuple[int, Tick]])
        }
        ends = begins + HALF_HOUR
    newest = await _read(connection, ends, until + 1 - ends)
    parts.append(np.array([at for at, _ in newest], np.int64))
    marked |= {at: tick for at, tick in newest if tick.behind or tick.blind}
    at = np.concatenate(parts)
    return Ticks(at[(at >= since) & (at <= until)], marked)


async def _read(connection: AsyncConnection, begins: Instant, lasting: Duration) -> list[tuple[Instant, Tick]]:
    span = (moment(begins), moment(begins + max(lasting, 0)))
    rows = await (await connection.execute(_TICKS, span, binary=True)).fetchall()
    ticks = ((instant(at), unpack(entries)) for at, entries in rows)
    return sorted(((at, tick) for at, found in ticks for tick in found if isinstance(tick, Tick)), key=itemgetter(0))


def _packed(begins: Instant, ticks: list[tuple[Instant, Tick]]) -> tuple[bytes, bytes]:
    offsets = np.array([at - begins for at, _ in ticks], ">u4").tobytes()
    strange = [(at - begins, tick) for at, tick in ticks if tick.behind or tick.blind]
    return offsets, msgspec.msgpack.encode(strange)
