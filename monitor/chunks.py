"""A checkpoint's chunk as bytes: 256 subjects in a tenth of a megabyte, packed and unpacked in a millisecond. Pure.

What many states share is written once. Words (see `monitor.record`) are nearly all nothing, or instants or sightings
(see `monitor.trail`) of the last weeks, to the millisecond: three bits tell which, and a time takes 32 bits, counted
from the chunk's own. What does not fit is written as it is, so that any words come back as they were.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.presence import Bed, Contact, Mat, Presence
from monitor.record import layout
from monitor.subjects import Kept, Packed
from monitor.trail import LOW_BITS
from schema.alarms import SubjectKind
from schema.instants import DAY, MILLISECOND, Instant

MAKE = [3, *(layout(each) for each in (Presence, Contact, Mat, Bed))]
"""Of a chunk's shape, and of the records in it, which lie there as they lie in memory: of another make, they would be
read as what they are not. The rest of a state carries none, as it unpacks or does not."""

_NOTHING, _INSTANT, _SIGHTING, _SMALL, _OTHER = range(5)  # what a word is
_TAG_BITS = np.arange(3, dtype=np.uint8)
_AHEAD = 14 * DAY  # so far after the chunk's time an instant (a deadline) still takes 32 bits, and 35 days before it
_Words = NDArray[np.int64]


class _Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A subject: its state's common and own part by number, and how many words are its."""

    kind: SubjectKind
    id: str
    common: int = 0
    own: int = 0
    words: int = -1  # -1: it has no state
    failed_at: Instant | None = None
    failure_said_at: Instant | None = None


class _Squeezed(NamedTuple):
    tags: bytes
    instants: bytes
    sightings: bytes
    lows: bytes
    small: bytes
    others: bytes


class _Chunk(msgspec.Struct, frozen=True, array_like=True):
    make: list[int]
    at: Instant
    blind_at: Instant | None
    rows: list[_Row]
    parts: list[bytes]  # common and own parts, each once
    words: _Squeezed


_decoder = msgspec.msgpack.Decoder(_Chunk)


class Chunk(msgspec.Struct, frozen=True):
    """Subjects as of one position, whose time is `at`; `blind_at` is the fold's."""

    at: Instant
    blind_at: Instant | None
    subjects: list[Kept]


def encode(chunk: Chunk) -> bytes:
    """Return the chunk as bytes."""
    parts: dict[bytes, int] = {}
    rows, words = [], []
    for kept in chunk.subjects:
        state = kept.state
        if state is None:
            rows.append(_Row(kept.kind, kept.id, 0, 0, -1, kept.failed_at, kept.failure_said_at))
            continue
        common, own = parts.setdefault(state.common, len(parts)), parts.setdefault(state.own, len(parts))
        rows.append(_Row(kept.kind, kept.id, common, own, len(state.words), kept.failed_at, kept.failure_said_at))
        words.append(state.words)
    squeezed = _squeeze(np.frombuffer(b"".join(words), "<i8"), chunk.at)
    return msgspec.msgpack.encode(_Chunk(MAKE, chunk.at, chunk.blind_at, rows, list(parts), squeezed))


def decode(packed: bytes) -> Chunk:
    """Return the chunk; msgspec.DecodeError, ValueError or LookupError where it is none, or of another make."""
    make = msgspec.msgpack.decode(packed, type=list[msgspec.Raw])[:1]
    if [bytes(each) for each in make] != [msgspec.msgpack.encode(MAKE)]:
        raise LookupError(f"it is of another make, and this is {MAKE}")
    chunk = _decoder.decode(packed)
    count = sum(row.words for row in chunk.rows if row.words > 0) // 8
    words = _unsqueeze(chunk.words, count, chunk.at).tobytes()
    return Chunk(chunk.at, chunk.blind_at, _kept(chunk.rows, chunk.parts, words))


def _kept(rows: Sequence[_Row], parts: list[bytes], words: bytes) -> list[Kept]:
    subjects, start = [], 0
    for row in rows:
        state = None
        if row.words >= 0:
            end = start + row.words
            state, start = Packed(parts[row.common], parts[row.own], words[start:end]), end
        subjects.append(Kept(row.kind, row.id, state, row.failed_at, row.failure_said_at))
    if start != len(words):
        raise ValueError("words are left over, or missing")
    return subjects


def _squeeze(words: _Words, at: Instant) -> _Squeezed:
    """Return the words' tags, and the words of each kind."""
    before, rest = np.divmod(_latest(at) - words, MILLISECOND)
    seen = words.view(np.uint64)
    seen_before = _latest(at) // MILLISECOND - (seen >> LOW_BITS).astype(np.int64)
    low = seen & np.uint64((1 << LOW_BITS) - 1)
    tags = np.full(len(words), _OTHER, np.uint8)
    tags[(words > 0) & (words < 1 << 32)] = _SMALL
    tags[(seen_before >= 0) & (seen_before < 1 << 32) & (low < 1 << 16)] = _SIGHTING
    tags[(rest == 0) & (before >= 0) & (before < 1 << 32)] = _INSTANT
    tags[words == 0] = _NOTHING
    return _Squeezed(
        np.packbits((tags[:, None] >> _TAG_BITS) & 1).tobytes(),
        before[tags == _INSTANT].astype("<u4").tobytes(),
        seen_before[tags == _SIGHTING].astype("<u4").tobytes(),
        low[tags == _SIGHTING].astype("<u2").tobytes(),
        words[tags == _SMALL].astype("<u4").tobytes(),
        words[tags == _OTHER].astype("<i8").tobytes(),
    )


def _unsqueeze(squeezed: _Squeezed, count: int, at: Instant) -> _Words:
    bits = np.unpackbits(np.frombuffer(squeezed.tags, np.uint8), count=3 * count).reshape(count, 3)
    tags = (bits << _TAG_BITS).sum(axis=1, dtype=np.uint8)
    words = np.zeros(count, "<i8")
    words[tags == _INSTANT] = _latest(at) - np.frombuffer(squeezed.instants, "<u4").astype(np.int64) * MILLISECOND
    seen = _latest(at) // MILLISECOND - np.frombuffer(squeezed.sightings, "<u4").astype(np.int64)
    words[tags == _SIGHTING] = seen << LOW_BITS | np.frombuffer(squeezed.lows, "<u2")
    words[tags == _SMALL] = np.frombuffer(squeezed.small, "<u4")
    words[tags == _OTHER] = np.frombuffer(squeezed.others, "<i8")
    return words


def _latest(at: Instant) -> Instant:
    """Return the latest whole millisecond that takes 32 bits in a chunk of `at`."""
    return at - at % MILLISECOND + _AHEAD
