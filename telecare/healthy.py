"""`telecare healthy ROOM`: is the room at work? Judged by what it leaves in the database, not by its being there.

A process can be alive and stuck; its newest tick, cursor or answered request cannot lie about that.
"""

import asyncio
import urllib.error
import urllib.request
from typing import Literal

import psycopg
from psycopg import AsyncConnection

from runtime.clock import SystemClock
from runtime.settings import Settings
from schema.entries import Tick, pack
from schema.instants import SECOND
from telecare.watcher.judgement import standing_still
from telecare.watcher.memory import file_of, recalled

_BLIND = pack([Tick(blind=True)])
Room = Literal["gateway", "monitor", "alerting", "watcher"]

# The newest tick of a live gateway is about a second old; while it drains a backlog ticks wait, rows do not. The
# monitor's own ticks, marked blind, take the place of a dead gateway's, and facts may come from anybody.
_GATEWAY = """
    select exists (select from log where committed_at > clock_timestamp() - interval '15 seconds'
                   and (kind = 'readings' or kind = 'tick' and entries <> %(blind)s))
"""
# A monitor at work is never far behind the log; an empty log leaves nothing to read.
_MONITOR = """
    select coalesce((select committed_at > clock_timestamp() - interval '15 seconds' from log
                     where position > (select min(position) from monitor_cursors)
                     order by position limit 1), true)
           and exists (select from monitor_cursors)
"""


async def ill(room: Room, settings: Settings) -> str | None:
    """Return what is wrong with the room in a sentence, or None when it is at work."""
    if room == "alerting":
        return _console_ill(settings.http_port)
    if room == "watcher":
        return _watcher_ill(settings)
    question, fault = {
        "gateway": (_GATEWAY, "nothing has been appended to the log for 15 s"),
        "monitor": (_MONITOR, "the monitor is more than 15 s behind the log"),
    }[room]
    try:
        async with await AsyncConnection.connect(settings.database_url, connect_timeout=5) as connection:
            row = await (await connection.execute(question.encode(), {"blind": _BLIND})).fetchone()
    except psycopg.OperationalError as error:
        return f"the database cannot be reached ({str(error).splitlines()[0]})"
    return None if row and row[0] else fault


def _console_ill(port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return None if answer.status == 200 else f"the console answers {answer.status}"
    except (urllib.error.URLError, TimeoutError) as error:
        return f"the console does not answer on port {port} ({error})"


def _watcher_ill(settings: Settings) -> str | None:
    """Ask its file alone: a watcher that tells of an outage is at work."""
    known = recalled(file_of(settings.data_dir))
    return standing_still(known, round(settings.watch_every * SECOND), SystemClock().now())


def check(room: Room, settings: Settings) -> str | None:
    """Ask once, synchronously, for the command."""
    return asyncio.run(ill(room, settings))
