"""Finding changes on their way into the table: numbered, written at once, none lost for another's fault."""

from collections.abc import Sequence
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

# The cursor keeps a change from being written twice; what conflicts all the same is logged by write().
_WRITE = """
    insert into finding_changes (position, subject, ordinal, finding, change, body)
    select * from unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[], %s::jsonb[])
    on conflict do nothing
    returning finding
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


async def write(connection: AsyncConnection, changes: Sequence[Numbered]) -> None:
    """Write all, in the caller's transaction; raises one of REFUSED, and the transaction is void, if one is refused."""
    columns = (
        [each.position for each in changes],
        [each.subject for each in changes],
        [each.ordinal for each in changes],
        [each.change.finding.id for each in changes],
        [each.change.change for each in changes],
        [_body(each.change) for each in changes],
    )
    written = await (await connection.execute(_WRITE, columns)).fetchall()
    await connection.execute("notify findings")
    if len(written) != len(changes):
        again = {each.change.finding.id for each in changes} - {row[0] for row in written}
        log.error("findings were raised that had been raised before", action="raised_twice", findings=sorted(again))


async def write_one_by_one(connection: AsyncConnection, changes: Sequence[Numbered]) -> None:
    """Write each on its own; in place of one that is refused, write that it was."""
    for index, each in enumerate(changes):
        try:
            async with connection.transaction():
                await write(connection, [each])
        except REFUSED as error:
            finding, why = each.change.finding, str(error).partition("\n")[0]
            log.warning("a finding was refused", action="set_aside", finding=finding.id, reason=why)
            said = faults.finding_refused(each.position, each.change.at, finding.kind, finding.id)
            await write(connection, [Numbered(each.position, faults.LOG_KEY, _ASIDE + index, said)])


def _body(change: FindingChange) -> str:
    """Return the change as JSON that jsonb takes: it has no place for U+0000."""
    return msgspec.json.encode(change).decode().replace("\\u0000", "\\ufffd")
