"""Rehearsals run from the command line: one person's in this process, everybody's divided among all processors."""

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from monitor.rehearsal_answers import rehearse
from runtime.clock import SystemClock
from schema.instants import Instant, moment
from schema.rehearsals import Draft, Rehearsed

_AUDIT = "insert into audit (at, actor, action, person, detail) values (%s, %s, 'rehearsed', %s, %s)"
_PEOPLE = "select id from people order by id"


class _Share(NamedTuple):
    """What one process needs to know."""

    url: str
    draft: Draft
    days: int
    by: str
    until: Instant


async def one(  # noqa: PLR0917 - whom, what and when, as everybody() takes them
    url: str, person: str, draft: Draft, days: int, by: str, until: Instant | None = None
) -> Rehearsed:
    """Rehearse for one person, up to now; NobodyError where there is no such person."""
    until = SystemClock().now() if until is None else until
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=10) as connection:
        return await _audited(connection, person, _Share(url, draft, days, by, until))


async def _audited(connection: psycopg.AsyncConnection, person: str, share: _Share) -> Rehearsed:
    found = await rehearse(connection, person, share.draft, share.days, share.until)
    detail = Jsonb({"days": share.days})
    await connection.execute(_AUDIT, (moment(SystemClock().now()), share.by, person, detail))
    return found


def everybody(
    url: str, draft: Draft, days: int, by: str, until: Instant | None = None
) -> Iterator[tuple[Rehearsed, int]]:
    """Rehearse for all; gives each with how many there are, in no order, as soon as it is done."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        people = [row[0] for row in connection.execute(_PEOPLE).fetchall()]
    share = _Share(url, draft, days, by, SystemClock().now() if until is None else until)
    if not people:
        return
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(min(os.cpu_count() or 1, len(people)), _begin, (share,)) as processes:
        for found in processes.imap_unordered(_next, people):
            yield found, len(people)


class _Process:
    """What a process of the pool keeps between people: an event loop, and a connection of its own."""

    runner: asyncio.Runner
    connection: psycopg.AsyncConnection
    share: _Share


def _begin(share: _Share) -> None:
    _Process.runner, _Process.share = asyncio.Runner(), share
    _Process.connection = _Process.runner.run(
        psycopg.AsyncConnection.connect(share.url, autocommit=True, connect_timeout=10)
    )


def _next(person: str) -> Rehearsed:
    return _Process.runner.run(_audited(_Process.connection, person, _Process.share))
