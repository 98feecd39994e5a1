"""When is a reading whose time is no help the same as one already stored? Purely: by what, and for how long.

Readings with a believable time are told apart by their key alone. The others are remembered in
`undated_readings` by (device, boot, seq, kind), and:

- with a sequence number, a second one within 7 days is the same reading;
- without one, MQTT's DUP decides: not set, it is always a reading of its own (two people walk past a sensor
  that says the same words twice); set, it is the same where it was stored in the last 10 minutes;
- a press or a fall in doubt is kept: only the same sequence number within 10 minutes is the same press, as
  a pendant whose battery was changed counts anew from nothing.
"""

from typing import NamedTuple

from gateway.stamp import fingerprint
from schema.entries import ReadingEntry
from schema.instants import DAY, MINUTE, Duration
from schema.readings import Reading

REMEMBERED = 7 * DAY
RECENT = 10 * MINUTE
ALWAYS_NEW: Duration = 0

CALLS = frozenset({("button", "pressed"), ("fall", "fallen"), ("fall", "maybe")})
"""What asks for help, by kind and value."""


class Undated(NamedTuple):
    """The identity of a reading without a believable time, and for how long an equal one is the same."""

    device: int
    boot: int
    seq: int
    kind: str
    same_for: Duration


def undated(reading: Reading, entry: ReadingEntry, payload: bytes, *, redelivered: bool) -> Undated | None:
    """Return what tells the reading apart, or None where its time and key do."""
    if not entry.clock_doubted:
        return None
    call = (entry.kind, entry.value) in CALLS and not entry.retained
    if reading.seq is not None:
        return Undated(entry.device, entry.boot, entry.seq, entry.kind, RECENT if call else REMEMBERED)
    same_for = RECENT if redelivered and not call else ALWAYS_NEW
    return Undated(entry.device, entry.boot, fingerprint(reading, payload), entry.kind, same_for)
