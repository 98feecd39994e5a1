"""One log, one truth: folded anew it says what was said, from its beginning and from a checkpoint."""

import asyncio
from collections import Counter
from collections.abc import Iterator

from monitor import checkpoint
from monitor.fold import Fold
from monitor.subjects import PARTITIONS, key_of, partition_of
from schema.findings import FindingChange
from tests.simulation.checks.record import Record
from tests.simulation.world import World

Key = tuple[int, str, str, str]


def from_the_beginning(world: World, record: Record) -> Iterator[str]:
    """Up to the cursor, the table holds what the fold says of the log: all of it and nothing else, to the id."""
    yield from _compared(record, Fold(), 0)


def from_the_checkpoint(world: World, record: Record) -> Iterator[str]:
    """Taken up from the last checkpoint, the fold says what was said."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        fold = runner.run(_restored(world))
    newest = world.database.rows("select max(position) from checkpoints")[0][0]
    if fold.position:  # subjects of chunks that were saved later sleep until there
        yield from _compared(record, fold, fold.position, newest)


async def _restored(world: World) -> Fold:
    async with await _connect(world) as connection:
        return await checkpoint.restore(connection, list(range(PARTITIONS)), Fold)


def _connect(world: World):  # noqa: ANN202 - psycopg's own
    from psycopg import AsyncConnection  # noqa: PLC0415

    return AsyncConnection.connect(world.database.url, autocommit=True)


def _compared(record: Record, fold: Fold, after: int, judged_after: int = 0) -> Iterator[str]:
    judged_after = max(after, judged_after)
    cursors = record.cursors
    expected: list[Key] = []
    for row in record.log:
        if row.position > after:
            said = fold.begin(row.position, row.at)
            for entry in row.entries:
                said += fold.step(row.position, row.at, entry)
            expected += [
                _key(row.position, change)
                for change in said
                if row.position > judged_after and _passed(cursors, row.position, change)
            ]
    found = [_key(said.position, said.change) for said in record.said if said.position > judged_after]
    yield from (f"the log says {_name(key)}, and it was not said" for key in Counter(expected) - Counter(found))
    yield from (f"{_name(key)} was said, and the log does not say it" for key in Counter(found) - Counter(expected))


def _passed(cursors: dict[int, int], position: int, change: FindingChange) -> bool:
    finding = change.finding
    return position <= cursors.get(partition_of(key_of(finding.subject_kind, finding.subject)), 0)


def _key(position: int, change: FindingChange) -> Key:
    return position, change.finding.subject, change.finding.id, change.change


def _name(key: Key) -> str:
    position, subject, finding, change = key
    return f"{subject}'s finding {finding} {change} at position {position}"
