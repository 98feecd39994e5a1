"""The real PostgreSQL under virtual time: one database, made once and emptied for each world.

- `clock_timestamp()` in our SQL is a function of this database that reads the virtual time from a file, which is
  written before every statement. `public` stands before `pg_catalog` in the search path, so it is found first.
- Backends are lent to simulated connections and come back clean: starting one costs more than a world's share.
- Nothing in it happens by itself: no autovacuum, no deadlock timer. What one statement decides is decided when
  it is sent, and one is sent at a time, so that the seed alone says who came first.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, TransactionStatus

from runtime.migrate import migrate
from schema.instants import Instant

_DIGITS = 20
POISON = -6666
"""A signal strength that this database refuses, as a real one will refuse what nobody thought of."""
_MAKE = """
    alter database {name} set search_path = public, pg_catalog;
    alter database {name} set synchronous_commit = off;
    alter database {name} set jit = off;
    alter database {name} set deadlock_timeout = '1h';
    alter database {name} set plan_cache_mode = force_generic_plan;
"""
_CLOCK = """
    create function public.clock_timestamp() returns timestamptz language sql volatile as $$
        select 'epoch'::timestamptz + pg_catalog.pg_read_file('{file}')::bigint * interval '1 microsecond'
    $$
"""
# What statistics would change between two runs of a seed must not change.
_QUIET = """
    do $$ declare one regclass; begin
        for one in select c.oid from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace loop
            execute format('alter table %s set (autovacuum_enabled = off)', one);
        end loop;
    end $$
"""
_TABLES = """
    select string_agg(c.oid::regclass::text, ', ' order by c.relname) from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and not c.relispartition
      and c.relname not in ('migrations')
"""


class Backend:
    """One of the server's processes, and what psycopg has prepared in it."""

    def __init__(self, pgconn: PGconn, prepared: Any) -> None:
        self.pgconn = pgconn
        self.prepared = prepared
        self.pid = pgconn.backend_pid


class Database:
    """One database of a running server, made under this name; `close` drops it."""

    def __init__(self, server_url: str, name: str) -> None:
        self._server_url = server_url
        self._name = name
        self.url = make_conninfo(server_url, dbname=name)
        folder = Path(tempfile.mkdtemp(prefix="telecare-now-"))
        folder.chmod(0o755)  # the server may run as somebody else
        self._file = folder / "now"
        self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
        self._written: Instant = -1
        self.set_now(0)
        self._idle: list[Backend] = []
        self._lent: set[int] = set()
        with psycopg.connect(server_url, autocommit=True) as server:
            server.execute(f"drop database if exists {name} with (force)".encode())
            server.execute(f"create database {name}".encode())
            for setting in filter(str.strip, _MAKE.format(name=name).split(";")):
                server.execute(setting.encode())
        self.control: Connection[Any] = psycopg.connect(self.url, autocommit=True)
        self.control.execute(_CLOCK.format(file=self._file).encode())
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(_migrated(self.url))
        self.control.execute(_QUIET)
        self.control.execute(f"alter table readings add check (signal is distinct from {POISON})".encode())

    def close(self) -> None:
        """End every backend and drop the database."""
        for backend in self._idle:
            backend.pgconn.finish()
        self.control.close()
        with psycopg.connect(self._server_url, autocommit=True) as server:
            server.execute(f"drop database if exists {self._name} with (force)".encode())
        os.close(self._descriptor)
        self._file.unlink(missing_ok=True)
        self._file.parent.rmdir()

    def set_now(self, now: Instant) -> None:
        """Make this the time that SQL is told."""
        if now != self._written:
            os.pwrite(self._descriptor, str(now).rjust(_DIGITS, "0").encode(), 0)
            self._written = now

    def empty(self) -> None:
        """Empty every table and begin every number anew; backends must all have come back."""
        row = self.control.execute(_TABLES).fetchone()
        assert row is not None
        kept = {"readings"}  # dozens of partitions, of which a world uses two or three
        tables = ", ".join(name for name in row[0].split(", ") if name not in kept)
        self.control.execute("delete from readings")
        self.control.execute(f"truncate {tables} restart identity cascade".encode())
        self.control.execute("select setval('batches', 1, false)")

    def lend(self) -> Backend:
        """Give a clean backend."""
        if self._idle:
            backend = self._idle.pop()
            self._lent.add(backend.pid)
            return backend
        connection = psycopg.connect(self.url, autocommit=True, prepare_threshold=0)
        pgconn = connection.pgconn
        connection.pgconn = PGconn.connect_start(b"host=/nowhere")  # it is ours now, and outlives the wrapper
        self._lent.add(pgconn.backend_pid)
        return Backend(pgconn, connection._prepared)

    def take_back(self, backend: Backend) -> None:
        """Undo what was under way and keep the backend for the next; one in the midst of anything is ended."""
        pgconn = backend.pgconn
        if pgconn.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            pgconn.exec_(b"rollback")
        if pgconn.transaction_status == TransactionStatus.IDLE and not pgconn.pipeline_status:
            self._idle.append(backend)
        else:
            pgconn.finish()
            self.control.execute("select pg_terminate_backend(%s, 10000)", (backend.pid,))
        self._lent.discard(backend.pid)

    def blocked_by(self, pid: int) -> list[int]:
        """Return whose locks, of this world's, this backend waits for at this very moment.

        Whoever commits a NOTIFY holds a lock of the whole server for that moment: another database's world may
        stand in our way, and is none of our story's business.
        """
        row = self.control.execute("select pg_blocking_pids(%s)", (pid,)).fetchone()
        return [each for each in row[0] if each in self._lent] if row else []

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Ask, outside every simulated process: for the checks."""
        return self.control.execute(query.encode(), arguments).fetchall()


def opened(server_url: str) -> Iterator[Database]:
    """Give a database named by this process, closed in the end; `yield from` it in a fixture."""
    database = Database(server_url, f"simulation_{os.getpid()}")
    try:
        yield database
    finally:
        database.close()


async def _migrated(url: str) -> None:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await migrate(connection)
