"""The migrations build exactly schema/tables.sql, each once, however many processes start at once."""

import asyncio
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection, Connection

from runtime import migrate as module
from runtime.embedded import EmbeddedDatabase
from runtime.migrate import Migration, MigrationChangedError, migrate, migrations
from tests.conftest import fresh_database

TABLES = (files("schema") / "tables.sql").read_bytes()
CATALOG = Path(__file__).with_name("catalog.sql").read_bytes()

Catalog = set[tuple[str, str, str]]


@pytest.fixture
def other_empty_database_url(server: EmbeddedDatabase) -> Iterator[str]:
    yield from fresh_database(server, "template1")


async def _migrate(url: str) -> list[str]:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await migrate(connection)


def _catalog(connection: Connection) -> Catalog:
    return set(connection.execute(CATALOG).fetchall())


def _catalog_of(url: str, *scripts: bytes) -> Catalog:
    with psycopg.connect(url, autocommit=True) as connection:
        for script in scripts:
            connection.execute(script)
        return _catalog(connection)


def test_the_migrations_build_exactly_the_schema_that_is_read(
    empty_database_url: str, other_empty_database_url: str
) -> None:
    by_migrations = _catalog_of(empty_database_url, *(migration.sql.encode() for migration in migrations()))
    as_read = _catalog_of(other_empty_database_url, TABLES)
    assert len(as_read) > 300
    assert by_migrations - as_read == set()
    assert as_read - by_migrations == set()


@pytest.mark.parametrize(
    "change",
    [
        "alter table homes add column colour text",
        "alter table homes alter column zone drop not null",
        "alter table homes alter column address set default '?'",
        "alter table people alter column born type timestamptz",
        "alter table alarms drop constraint no_dead_end",
        "alter table alarms alter constraint alarms_person_fkey deferrable",
        "drop index one_open_alarm",
        "drop index one_open_alarm; create unique index one_open_alarm on alarms (subject_kind, subject, kind)",
        "create or replace function storage_mode() returns text language sql stable as $$ select 'plain' $$",
        "alter sequence batches as integer",
        "create view everybody as select * from people",
        "create table readings_default partition of readings default",
        "alter table people drop constraint people_home_fkey",
        'alter table users alter column id type text collate "C"',
    ],
)
def test_no_difference_between_them_could_go_unseen(empty_database_url: str, change: str) -> None:
    as_read = _catalog_of(empty_database_url, TABLES)
    assert _catalog_of(empty_database_url, change.encode()) != as_read


async def test_a_second_run_applies_nothing_and_keeps_what_is_there(empty_database_url: str) -> None:
    assert await _migrate(empty_database_url) == [migration.name for migration in migrations()]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("insert into homes (id, zone) values ('home-0001', 'Europe/London')")
        before = _catalog(connection)
        assert await _migrate(empty_database_url) == []
        assert _catalog(connection) == before
        assert connection.execute("select id from homes").fetchall() == [("home-0001",)]


async def test_processes_that_start_at_once_wait_for_each_other(empty_database_url: str) -> None:
    applied = await asyncio.gather(*(_migrate(empty_database_url) for _ in range(5)))
    assert sorted(applied) == [[], [], [], [], [migration.name for migration in migrations()]]


async def test_a_migration_changed_after_it_was_applied_is_refused_by_name_and_nothing_is_applied(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _migrate(empty_database_url)
    first, *others = migrations()
    changed = [
        Migration("0000_earlier.sql", "create table earlier ()"),
        Migration(first.name, first.sql + " "),
        *others,
    ]
    monkeypatch.setattr(module, "migrations", lambda: changed)
    with pytest.raises(MigrationChangedError, match=first.name):
        await _migrate(empty_database_url)
    assert not {name for _, name, _ in _catalog_of(empty_database_url)} & {"earlier"}


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_can_be_tried_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _migrate(empty_database_url)
    known = migrations()
    monkeypatch.setattr(
        module, "migrations", lambda: [*known, Migration("9999.sql", "create table half (); select 1/0")]
    )
    with pytest.raises(psycopg.errors.DivisionByZero):
        await _migrate(empty_database_url)
    assert "half" not in {name for _, name, _ in _catalog_of(empty_database_url)}
    monkeypatch.setattr(module, "migrations", lambda: [*known, Migration("9999.sql", "create table whole ()")])
    assert await _migrate(empty_database_url) == ["9999.sql"]


async def test_a_migrated_database_has_room_for_the_days_a_reading_may_name(empty_database_url: str) -> None:
    await _migrate(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        for days in (-31, 0, 3):
            connection.execute(
                "insert into readings (device, observed_at, boot, seq, kind, value, received_at, batch)"
                " values (1, now() + %s * interval '1 day', 0, 1, 'bed', 'out', now(), 1)",
                (days,),
            )
        mode = connection.execute("select storage_mode()").fetchone()
    assert mode == ("plain",)
