"""A PostgreSQL server of the simulation's own, for its commands; tests use the run's."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from runtime.embedded import EmbeddedDatabase
from tests.scratch import scratch_folder


@contextmanager
def own_server() -> Iterator[str]:
    """Run one for as long as the block lasts, and give its URL; nothing of it outlives a power cut, or the block."""
    folder = scratch_folder("telecare-simulation-")
    server = EmbeddedDatabase(folder)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        try:
            runner.run(server.start())
            with psycopg.connect(server.url, autocommit=True) as connection:
                for setting in ("fsync = off", "full_page_writes = off", "autovacuum = off"):
                    connection.execute(f"alter system set {setting}".encode())
                connection.execute("select pg_reload_conf()")
            yield server.url
        finally:
            runner.run(server.stop())
            shutil.rmtree(folder, ignore_errors=True)
