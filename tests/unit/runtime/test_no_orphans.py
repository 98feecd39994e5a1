"""Whoever kills us ends our servers too, and the next start finds everything again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
import pytest

from runtime import embedded_process
from runtime.embedded import (
    EmbeddedDatabase,
    EmbeddedError,
    database_url,
    embedded_broker,
    embedded_database,
    gateway_url,
)

SECONDS = 20.0

PARENT = """
import asyncio, sys
from pathlib import Path
from psycopg import AsyncConnection
from runtime.embedded import embedded_broker, embedded_database

async def live() -> None:
    async with embedded_database(Path(sys.argv[1])) as database, embedded_broker(Path(sys.argv[1])):
        async with await AsyncConnection.connect(database.url, autocommit=True) as connection:
            await connection.execute("create table if not exists kept (at timestamptz default now())")
            await connection.execute("insert into kept default values")
            print("ready", flush=True)
            await asyncio.sleep(600)

asyncio.run(live())
"""


class _Household(NamedTuple):
    """A process that runs both servers, and all that it started."""

    parent: subprocess.Popen[str]
    started: list[psutil.Process]

    def kill_parent(self) -> None:
        self.parent.kill()
        self.parent.wait()


@contextmanager
def _living(folder: Path, **environment: str) -> Iterator[_Household]:
    """Have a process run both servers, and leave none of it behind, whatever the test finds."""
    command = [sys.executable, "-c", PARENT, str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "ready\n"
    started = psutil.Process(parent.pid).children(recursive=True)
    household = _Household(parent, started)
    try:
        assert {"postgres", "nats-server"} <= {process.name() for process in started}
        yield household
    finally:
        household.kill_parent()
        for process in _left(started):
            process.kill()


def _left(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Wait for the processes to end, and return those that do not; who is dead but not yet collected has ended."""
    until = time.monotonic() + SECONDS
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("way", ["by the kernel", "by watching"])
def test_kill_minus_9_of_the_parent_leaves_no_server_behind(tmp_path: Path, way: str) -> None:
    by_watching = {"TELECARE_LAUNCH_BY_WATCHING": "1"} if way == "by watching" else {}
    with _living(tmp_path, **by_watching) as household:
        household.kill_parent()
        assert _left(household.started) == []


async def test_started_again_at_once_after_kill_minus_9_it_has_everything_where_it_was(tmp_path: Path) -> None:
    with _living(tmp_path) as household:
        addresses = (database_url(tmp_path), gateway_url(tmp_path))
        household.kill_parent()  # and no waiting: its servers may still be ending
        begun = time.monotonic()
        async with embedded_database(tmp_path) as database, embedded_broker(tmp_path) as broker:
            assert (database.url, broker.gateway_url) == addresses
            assert _kept(database) == 1
        assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("server", ["postgres", "nats-server"])
async def test_a_server_that_is_still_ending_is_waited_for_so_that_two_never_share_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    with _living(tmp_path) as household:
        slow = next(process for process in household.started if process.name() == server)
        slow.suspend()
        household.kill_parent()
        with monkeypatch.context() as impatient:
            impatient.setattr(embedded_process, "_SILENT_SECONDS", 0.3)
            impatient.setattr(embedded_process, "_PREDECESSOR_SECONDS", 0.3)
            with pytest.raises(EmbeddedError, match="An earlier server still works in"):
                async with embedded_database(tmp_path), embedded_broker(tmp_path):
                    pass
        slow.resume()
        async with embedded_database(tmp_path) as database, embedded_broker(tmp_path):
            assert _kept(database) == 1


async def test_after_everything_was_killed_at_once_the_next_start_has_everything(tmp_path: Path) -> None:
    with _living(tmp_path) as household:
        for process in [psutil.Process(household.parent.pid), *household.started]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        async with embedded_database(tmp_path) as database, embedded_broker(tmp_path):
            assert _kept(database) == 1


def test_ctrl_c_at_the_terminal_reaches_us_and_not_the_servers(tmp_path: Path) -> None:
    with _living(tmp_path) as household:
        ours = os.getpgid(household.parent.pid)
        assert all(os.getpgid(process.pid) != ours for process in household.started)
        household.parent.send_signal(signal.SIGINT)  # asyncio.run cancels, and the servers are stopped in order
        household.parent.wait(SECONDS)
        assert _left(household.started) == []
        assert not (tmp_path / "database" / "cluster" / "postmaster.pid").exists()


def _kept(database: EmbeddedDatabase) -> int:
    with psycopg.connect(database.url) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
        assert row is not None
        return int(row[0])
