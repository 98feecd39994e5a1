"""A reading is given the time it counts at and the identity it is known by, purely.

The device's own time counts, to the millisecond, where it lies within 30 days before and 2 minutes after the
message was received; else the moment of receiving stands in, and the reading says so (`clock_doubted`).
A reading without a sequence number gets a hash in its place: of the message, what it says and, where its time
is no help to tell two apart, of the moment it was received.
"""

from hashlib import blake2b

from schema.entries import ReadingEntry
from schema.instants import DAY, MINUTE, Instant, to_millisecond
from schema.readings import Reading

OLDEST = 30 * DAY
NEWEST = 2 * MINUTE


def stamp(
    reading: Reading, number: int, received_at: Instant, payload: bytes, *, retained: bool = False
) -> ReadingEntry:
    """Return the reading as the log holds it; `number` is its device's, `payload` the whole message."""
    dated = dated_at(reading, received_at)
    seq = reading.seq
    if seq is None:
        seq = fingerprint(reading, payload, None if dated is not None else received_at)
    return ReadingEntry(
        device=number,
        kind=reading.kind,
        value=reading.value,
        observed_at=to_millisecond(received_at) if dated is None else dated,
        received_at=received_at,
        seq=seq,
        boot=reading.boot,
        retained=retained,
        clock_doubted=dated is None,
        battery=reading.battery,
        signal=reading.signal,
        samples=reading.samples,
    )


def dated_at(reading: Reading, received_at: Instant) -> Instant | None:
    """Return the device's own time to the millisecond, or None where it gives none that can be believed."""
    at = reading.at
    if at is None or not received_at - OLDEST <= at <= received_at + NEWEST:
        return None
    return to_millisecond(at)


def fingerprint(reading: Reading, payload: bytes, received_at: Instant | None = None) -> int:
    """Return 63 bits that stand for a sequence number: equal only for the same words of the same message."""
    digest = blake2b(payload, digest_size=8, person=b"reading")
    digest.update(f"\x1f{reading.kind}\x1f{reading.value}\x1f{'' if received_at is None else received_at}".encode())
    return int.from_bytes(digest.digest()) >> 1
