"""A batch of readings as PostgreSQL's binary COPY takes it: the cheapest way in, for the server and for us.

Purely bytes. What does not fit its column (a number too large) is a ValueError, as the database would refuse it.
"""

from collections.abc import Sequence
from struct import Struct, error, pack

import msgspec

from schema.entries import ReadingEntry
from schema.instants import Instant, parse_instant

COPY = """
    copy readings (device, observed_at, boot, seq, kind, value, received_at, batch,
                   retained, clock_doubted, battery, signal, samples) from stdin (format binary)
"""

_EPOCH: Instant = parse_instant("2000-01-01T00:00:00Z")  # PostgreSQL's
_BEGIN = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
# Each field stands behind its length; a row begins with the number of its fields.
_IDENTITY = Struct(">hiiiqiqiq")
_ARRIVAL = Struct(">iqiqi?i?")
_LEVELS = Struct(">ifih")
_BATTERY = Struct(">if")
_SIGNAL = Struct(">ih")


def copied(entries: Sequence[ReadingEntry], batch: int) -> bytes:
    """Return the rows of `readings` that these entries of one batch are, in their order."""
    words: dict[tuple[str, str], bytes] = {}  # kind and value: few, and said again and again
    rows = [_BEGIN]
    try:
        for entry in entries:
            battery, signal = entry.battery, entry.signal
            said = words.get((entry.kind, entry.value))
            if said is None:
                said = words[entry.kind, entry.value] = _field(entry.kind.encode()) + _field(entry.value.encode())
            rows += (
                _IDENTITY.pack(13, 4, entry.device, 8, entry.observed_at - _EPOCH, 8, entry.boot, 8, entry.seq),
                said,
                _ARRIVAL.pack(8, entry.received_at - _EPOCH, 8, batch, 1, entry.retained, 1, entry.clock_doubted),
                _levels(battery, signal) if battery is None or signal is None else _LEVELS.pack(4, battery, 2, signal),
                _NULL if entry.samples is None else _field(msgspec.msgpack.encode(entry.samples)),
            )
    except error as fault:
        raise ValueError(f"a number does not fit its column: {fault}") from fault
    rows.append(_END)
    return b"".join(rows)


def _field(content: bytes) -> bytes:
    return pack(">i", len(content)) + content


def _levels(battery: float | None, signal: int | None) -> bytes:
    return (_NULL if battery is None else _BATTERY.pack(4, battery)) + (
        _NULL if signal is None else _SIGNAL.pack(2, signal)
    )
