"""Numbered migrations, each applied once and whole, under an advisory lock.

`schema/migrations/NNNN_*.sql` are applied in order of their numbers, each in a transaction that also
notes it in `migrations`. Two processes that start at once wait for each other. Afterwards
`schema/timescale.sql` is applied where the extension is there. A migration that has been applied and
whose text changed since is refused by name: history is not rewritten.
"""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from psycopg import AsyncConnection

_LOCK = 20261121


class Migration(NamedTuple):
    """One numbered file."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """A hash of the text, to notice a file that was changed after it had been applied."""
        return sha256(self.sql.encode()).hexdigest()


class MigrationChangedError(Exception):
    """A migration's file differs from what was applied to this database."""


def migrations() -> list[Migration]:
    """Return the project's migrations in order."""
    folder = files("schema") / "migrations"
    found = [Migration(file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(found)


async def migrate(connection: AsyncConnection) -> list[str]:
    """Bring the database up to date on an autocommit connection; return the names of what was applied."""
    await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
    try:
        await connection.execute(
            "create table if not exists migrations"
            " (name text primary key, digest text not null, applied_at timestamptz not null default now())"
        )
        applied = await _apply_missing(connection)
        await connection.execute((files("schema") / "timescale.sql").read_bytes())
        await connection.execute("select readings_ensure_days(current_date - 31, current_date + 3)")
    finally:
        await connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))
    return applied


async def _apply_missing(connection: AsyncConnection) -> list[str]:
    known: dict[str, str] = dict(await (await connection.execute("select name, digest from migrations")).fetchall())
    _refuse_changed(known)
    missing = [migration for migration in migrations() if migration.name not in known]
    for migration in missing:
        async with connection.transaction():
            await connection.execute(migration.sql.encode())
            await connection.execute(
                "insert into migrations (name, digest) values (%s, %s)",
                (migration.name, migration.digest),
            )
    return [migration.name for migration in missing]


def _refuse_changed(known: dict[str, str]) -> None:
    for migration in migrations():
        if known.get(migration.name, migration.digest) != migration.digest:
            raise MigrationChangedError(
                f"{migration.name} was changed after it had been applied to this database;"
                " write a new migration instead. Nothing was applied."
            )
