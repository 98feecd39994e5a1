"""The monitor as a service: woken by the log, at the latest each second; outlives the database's absence.

With the database gone it tries again every half second, saying so once; memory goes with the connection and
is taken up again from the checkpoint. Asked to stop, it finishes the batch under way and saves a checkpoint.
"""

import asyncio
import gc
from contextlib import suppress

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from monitor.coverage_keeper import keep
from monitor.engine import Counts, Monitor
from monitor.pruning import prune_log
from monitor.rehearsal_answers import answer_all
from monitor.vitals import Vitals
from runtime.clock import Clock, SystemClock
from runtime.database import PATIENCE, Connection, Listener, in_words
from runtime.probes import Probe, serve_probes
from runtime.service import run_together
from runtime.settings import Settings
from schema.instants import HOUR, Instant
from schema.rehearsals import CHANNEL

log = structlog.get_logger()

_POLL = 1.0  # s: a notification may be lost, and a blind tick is due each second
_RETRY = 0.5  # s, with the database gone
_RIVAL = 0.2  # s, where another monitor was first
_OBJECTS_BETWEEN_COLLECTIONS = 20_000  # a batch is some thousands of them, none in a cycle


async def serve(settings: Settings) -> None:
    """Run until stopped, over all partitions."""
    gc.freeze()  # what is imported stays
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    listener = Listener(settings.database_url, ["log", CHANNEL])
    vitals = Vitals(settings.database_url, SystemClock())
    await run_together(
        "monitor",
        listen=listener.run(),
        watch=watch(settings.database_url, listener, SystemClock(), vitals),
        probes=serve_probes(settings.http_host, settings.metrics_port, Probe(vitals.reasons)),
        coverage=keep(settings.database_url, SystemClock()),
        rehearsals=answer_all(settings.database_url, listener),
    )


async def watch(url: str, listener: Listener, clock: Clock, vitals: Vitals | None = None) -> None:
    """Watch until cancelled, through every loss of the database."""
    address = make_conninfo(url, application_name="monitor", **PATIENCE)
    away = False
    while True:
        try:
            async with await Connection.connect(address, autocommit=True) as connection:
                if away:
                    log.info("the database is back", action="reconnect")
                away = False
                await _watch_on(connection, listener, clock, vitals)
        except psycopg.Error as error:
            if not away:
                reason = in_words(error)
                log.warning("the database is away; trying until it is back", action="reconnect", reason=reason)
            away = True
            await asyncio.sleep(_RETRY)


async def _watch_on(connection: AsyncConnection, listener: Listener, clock: Clock, vitals: Vitals | None) -> None:
    monitor = Monitor(connection)
    if vitals:
        vitals.monitor = monitor
    pruned_at = clock.now() - HOUR
    try:
        while True:
            now = clock.now()
            counts = await _uninterrupted(monitor, now)
            if counts.lost:
                await asyncio.sleep(_RIVAL)
            elif not counts.busy:
                pruned_at = await _prune(connection, now, pruned_at)
                await listener.wait("log", _POLL)
    finally:
        with suppress(psycopg.Error):
            if chunks := await monitor.save():
                log.info("checkpoint saved", action="checkpoint", chunks=chunks)


async def _uninterrupted(monitor: Monitor, now: Instant) -> Counts:
    """Run one batch to its end though we are asked to stop meanwhile: what it found is said, and kept."""
    batch = asyncio.ensure_future(monitor.run_once(now))
    try:
        return await asyncio.shield(batch)
    except asyncio.CancelledError:
        with suppress(psycopg.Error):
            await batch
        raise


async def _prune(connection: AsyncConnection, now: Instant, pruned_at: Instant) -> Instant:
    """Prune a bounded part of the log each hour, and again at the next chance while there is more."""
    if now - pruned_at < HOUR and now >= pruned_at:
        return pruned_at
    limit = 5_000
    return now if await prune_log(connection, now, limit=limit) < limit else pruned_at
