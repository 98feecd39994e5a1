"""Checkpoints: what the fold knows, kept in chunks, so that a restart replays minutes and not days.

Promises
- A chunk holds its subjects exactly as of its own position, which is never past the committed cursor: what
  was found up to there is in `finding_changes`, what comes after is found again from the log.
- Chunks are saved one at a time between batches, so that nobody's press waits for a checkpoint. An older
  one never replaces a newer.
- What cannot be taken up again (saved by another make of the software) is said, and replayed from the log
  instead: never guessed at.
"""

from collections.abc import AsyncIterator, Callable, Iterable

import msgspec
import structlog
from psycopg import AsyncConnection

from monitor import chunks
from monitor.chunks import Chunk
from monitor.facts import Fact, RawFact, read_facts
from monitor.fold import Fold

log = structlog.get_logger()

_SAVE = """
    insert into checkpoints (partition, chunk, position, people) values (%s, %s, %s, %s)
    on conflict (partition, chunk) do update set position = excluded.position, people = excluded.people
    where checkpoints.position < excluded.position
"""
_SAVED = "select partition, position, people from checkpoints where partition = any(%s)"
# By pages: the facts of a hundred thousand people are not held twice.
_FACTS = """
    select position, entries from log
    where kind = 'facts' and position > %s and position <= %s order by position limit 500
"""


class Saved(msgspec.Struct, frozen=True):
    """A chunk and where it stands."""

    partition: int
    position: int
    chunk: Chunk


async def save(connection: AsyncConnection, fold: Fold, partition: int, chunk: int) -> None:
    """Save one chunk as of the fold's position, which must be committed."""
    kept = Chunk(fold.at, fold.blind_at, fold.keep(partition, chunk))
    await connection.execute(_SAVE, (partition, chunk, fold.position, chunks.encode(kept)))


def chunks_of(fold: Fold, partitions: Iterable[int]) -> list[tuple[int, int]]:
    """Return (partition, chunk) of all a checkpoint saves: one for an empty partition too, to mark how far it is."""
    return sorted({(partition, 0) for partition in partitions} | set(fold.chunks()))


async def in_table(connection: AsyncConnection, partitions: list[int]) -> set[tuple[int, int]]:
    """Return (partition, chunk) of what has been saved of these partitions."""
    rows = await connection.execute("select partition, chunk from checkpoints where partition = any(%s)", (partitions,))
    return {(row[0], row[1]) for row in await rows.fetchall()}


async def restore(connection: AsyncConnection, partitions: list[int], new_fold: Callable[[], Fold]) -> Fold:
    """Return a fold as of the oldest chunk of these partitions, each subject asleep up to its own chunk's position.

    Where there is no checkpoint, or it cannot be taken up, the fold is new and stands before the log's beginning.
    """
    try:
        saved = await _saved(connection, partitions)
        if {each.partition for each in saved} == set(partitions):
            return await _resume(connection, new_fold(), saved)
    except (msgspec.DecodeError, ValueError, LookupError) as error:
        log.warning(
            "the checkpoint cannot be taken up; the log is replayed from its beginning",
            action="restore",
            error=str(error),
        )
    return new_fold()


async def _saved(connection: AsyncConnection, partitions: list[int]) -> list[Saved]:
    rows = await (await connection.execute(_SAVED, (partitions,), binary=True)).fetchall()
    return [Saved(row[0], row[1], chunks.decode(row[2])) for row in rows]


async def _resume(connection: AsyncConnection, fold: Fold, saved: list[Saved]) -> Fold:
    oldest = min(saved, key=lambda each: each.position)
    facts = [fact async for fact in _facts(connection, oldest.position)]
    kept = ((subject, each.position) for each in saved for subject in each.chunk.subjects)
    fold.resume(oldest.position, oldest.chunk.at, oldest.chunk.blind_at, facts, kept)
    return fold


async def _facts(connection: AsyncConnection, until: int) -> AsyncIterator[Fact | RawFact]:
    """Give the facts up to the position, in order; what could not be read was said when its row was stepped."""
    after = 0
    while True:
        rows = await (await connection.execute(_FACTS, (after, until), binary=True)).fetchall()
        if not rows:
            return
        for position, entries in rows:
            after = position
            for fact in read_facts(entries):
                yield fact
