"""Whoever kills us ends our servers too, and the next start finds everything again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from runtime.embedded import database_url, embedded_broker, embedded_database, gateway_url

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


def _live(folder: Path, **environment: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Start a process that runs both servers; return it, and all that it started."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    started = psutil.Process(parent.pid).children(recursive=True)
    assert {"postgres", "nats-server"} <= {process.name() for process in started}
    return parent, started


def _kill(parent: subprocess.Popen[str]) -> None:
    parent.kill()
    parent.wait()
    assert parent.stdout is not None
    parent.stdout.close()


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
    parent, started = _live(tmp_path, **by_watching)
    _kill(parent)
    assert _left(started) == []


async def test_started_again_at_once_after_kill_minus_9_it_has_everything_where_it_was(tmp_path: Path) -> None:
    addresses = set()
    for _ in range(3):
        parent, _ = _live(tmp_path)
        addresses.add((database_url(tmp_path), gateway_url(tmp_path)))
        _kill(parent)  # and no waiting: the servers of the last round may still be ending
    begun = time.monotonic()
    async with embedded_database(tmp_path) as database, embedded_broker(tmp_path) as broker:
        assert addresses == {(database.url, broker.gateway_url)}
        with psycopg.connect(database.url) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (3,)
    assert time.monotonic() - begun < SECONDS


async def test_after_everything_was_killed_at_once_the_next_start_has_everything(tmp_path: Path) -> None:
    parent, started = _live(tmp_path)
    for process in [psutil.Process(parent.pid), *started]:
        process.send_signal(signal.SIGKILL)
    _kill(parent)
    async with embedded_database(tmp_path) as database, embedded_broker(tmp_path):
        with psycopg.connect(database.url) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (1,)


def test_ctrl_c_at_the_terminal_reaches_us_and_not_the_servers(tmp_path: Path) -> None:
    parent, started = _live(tmp_path)
    ours = os.getpgid(parent.pid)
    assert all(os.getpgid(process.pid) != ours for process in started)
    parent.send_signal(signal.SIGINT)  # asyncio.run cancels, and the servers are stopped in order
    assert _left([*started, psutil.Process(parent.pid)]) == []
    _kill(parent)
    assert not (tmp_path / "database" / "cluster" / "postmaster.pid").exists()
