"""Finding changes on their way into the table: each once, together with the cursor, none lost for another's fault."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import psycopg
import structlog
from psycopg import AsyncConnection

from monitor import faults
from monitor.subjects import key_of
from schema.findings import FindingChange

log = structlog.get_logger()

REFUSED = (psycopg.DataError, psycopg.IntegrityError)
"""What psycopg raises when the database is there and will not have a row: the row's fault."""

# One statement, and so one transaction and one round trip. Cursors are compared and set: all are where this
# worker believes them to be and move, locked in order; or none moves and nothing is written. The cursor keeps
# a change from being written twice; what conflicts all the same is logged by commit().
_COMMIT = """
    with held as (
        select c.partition from monitor_cursors c
        join unnest(%(partitions)s::int[], %(believed)s::bigint[]) as believed (partition, position)
            using (partition, position)
        order by c.partition for update of c
    ), moved as (
        update monitor_cursors c set position = %(position)s from held
        where c.partition = held.partition and (select count(*) from held) = cardinality(%(partitions)s::int[])
        returning c.partition
    ), written as (
        insert into finding_changes (position, subject, ordinal, finding, change, body)
        select changes.* from unnest(%(positions)s::bigint[], %(subjects)s::text[], %(ordinals)s::int[],
                                     %(findings)s::text[], %(changes)s::text[], %(bodies)s::jsonb[]) as changes
        where exists (select from moved)
        on conflict do nothing
        returning finding
    )
    select exists (select from moved), array(select finding from written),
           (select pg_notify('findings', '') where exists (select from written))
"""
_WRITE = """
    insert into finding_changes (position, subject, ordinal, finding, change, body)
    values (%s, %s, %s, %s, %s, %s::jsonb) on conflict do nothing
"""
_ASIDE = 1000  # ordinals of what stands for refused changes: clear of the log's own


class Numbered(NamedTuple):
    """A change, and its key in finding_changes."""

    position: int
    subject: str
    ordinal: int
    change: FindingChange


def number(position: int, changes: list[FindingChange]) -> list[Numbered]:
    """Return the changes of one row of the log with their keys, each subject's numbered from 0."""
    ordinals = dict[str, int]()
    numbered = []
    for change in changes:
        subject = key_of(change.finding.subject_kind, change.finding.subject)
        ordinals[subject] = ordinals.get(subject, -1) + 1
        numbered.append(Numbered(position, subject, ordinals[subject], change))
    return numbered


async def commit(
    connection: AsyncConnection, cursors: Mapping[int, int], position: int, changes: Sequence[Numbered]
) -> bool:
    """Move these partitions' cursors from where they are believed to be to `position`, and write the changes.

    False: a cursor stood elsewhere, and nothing was done. Raises one of REFUSED, with nothing done, where the
    database will not have one of the changes.
    """
    rows = await connection.execute(
        _COMMIT,
        {
            "partitions": list(cursors),
            "believed": list(cursors.values()),
            "position": position,
            "positions": [each.position for each in changes],
            "subjects": [each.subject for each in changes],
            "ordinals": [each.ordinal for each in changes],
            "findings": [each.change.finding.id for each in changes],
            "changes": [each.change.change for each in changes],
            "bodies": [_body(each.change) for each in changes],
        },
    )
    row = await rows.fetchone()
    assert row is not None
    moved, written = row[0], row[1]
    if moved and len(written) != len(changes):
        again = {each.change.finding.id for each in changes} - set(written)
        log.error("findings were raised that had been raised before", action="raised_twice", findings=sorted(again))
    return bool(moved)


async def commit_one_by_one(
    connection: AsyncConnection, cursors: Mapping[int, int], position: int, changes: Sequence[Numbered]
) -> bool:
    """Do as `commit` does, in one transaction; in place of a change that is refused, write that it was."""
    async with connection.transaction():
        if not await commit(connection, cursors, position, ()):
            return False
        for index, each in enumerate(changes):
            try:
                async with connection.transaction():
                    await _write(connection, each)
            except REFUSED as error:
                finding, why = each.change.finding, str(error).partition("\n")[0]
                log.warning("a finding was refused", action="set_aside", finding=finding.id, reason=why)
                said = faults.finding_refused(each.position, each.change.at, finding.kind, finding.id)
                await _write(connection, Numbered(each.position, faults.LOG_KEY, _ASIDE + index, said))
        await connection.execute("notify findings")
    return True


async def _write(connection: AsyncConnection, each: Numbered) -> None:
    change = each.change
    key = (each.position, each.subject, each.ordinal)
    await connection.execute(_WRITE, (*key, change.finding.id, change.change, _body(change)))


def _body(change: FindingChange) -> str:
    """Return the change as JSON that jsonb takes: it has no place for U+0000."""
    return msgspec.json.encode(change).decode().replace("\\u0000", "\\ufffd")
