"""The monitor's shell: tail the log, fold, and say each finding exactly once.

The guarantee, and how it is kept
- A batch is one transaction that first moves the cursors of its partitions from exactly where this worker
  believes them to be, then writes the findings. If a single cursor stood elsewhere, another worker has
  written this batch: nothing of ours is committed. So a finding is in the table if and only if the cursor
  has passed it, whoever did it, and however often it was tried.
- Whenever that transaction is lost or its outcome unknown, memory is dropped and taken up again from the
  last checkpoint and the log. Findings up to the cursor are then found again, and not said again.
- Correctness needs no lease. A worker that lost a batch follows quietly behind the cursor, and takes over
  when it stands still though rows wait: so a second monitor is a warm standby and not a rival.
- While no gateway lives, ticks marked blind take the place of its own: time passes, and nobody is called
  inactive for a silence that is ours.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import structlog
from psycopg import AsyncConnection

from monitor import changes, checkpoint
from monitor.changes import Numbered
from monitor.fold import Fold
from monitor.rows import read_row
from monitor.subjects import PARTITIONS, partition_of
from runtime.log import LogRow, append, head, tail
from schema.entries import Tick, pack
from schema.instants import MINUTE, SECOND, Duration, Instant

log = structlog.get_logger()

ROWS = 32
BYTES = 100_000  # some two thousand readings
"""Rows, and bytes of them, that a batch takes at most: a press waits for no more to be folded and committed."""
BLIND_AFTER: Duration = 5 * SECOND
"""How long nothing was heard of a gateway before the monitor's own ticks take the place of its."""
_TICK_EVERY: Duration = SECOND * 9 // 10  # of polls a second apart, each is to find one due
_PATIENCE: Duration = 2 * SECOND  # how long a cursor must stand still before a standby takes over
CHECKPOINT_EVERY: Duration = MINUTE
CHECKPOINT_ENTRIES = 50_000
_CHUNKS_AT_ONCE = 4
_BLIND_LOCK = 20261124
_BLIND_TICK = pack([Tick(blind=True)])

_MAKE_CURSORS = """
    insert into monitor_cursors (partition, position) select unnest(%s::int[]), 0 on conflict do nothing
"""
_CURSORS = "select partition, position from monitor_cursors where partition = any(%s)"


class LostRaceError(Exception):
    """Another worker moved a cursor of this batch first."""


class Counts(NamedTuple):
    """What one `run_once` did."""

    rows: int = 0
    entries: int = 0
    changes: int = 0  # written
    blind_ticks: int = 0  # appended
    chunks: int = 0  # saved
    lost: bool = False  # another worker was first
    busy: bool = False  # there is more to do at once


class Monitor:
    """One worker over some partitions, on one connection in autocommit that nobody else uses meanwhile.

    `blind_after` None appends no ticks of its own (a replay, whose clock is the recording's).
    """

    def __init__(
        self,
        connection: AsyncConnection,
        partitions: Iterable[int] = range(PARTITIONS),
        *,
        blind_after: Duration | None = BLIND_AFTER,
        patience: Duration = _PATIENCE,
        new_fold: Callable[[Callable[[str], bool]], Fold] = Fold,
    ) -> None:
        self._connection = connection
        self._partitions = sorted(partitions)
        self._blind_after = blind_after
        self._patience = patience
        self._new_fold = new_fold
        self._fold: Fold | None = None
        self._cursors: dict[int, int] = {}
        self._heard_at: Instant | None = None  # by our clock, so that no two clocks are ever compared
        self._ticked_at: Instant | None = None
        self._behind_since: tuple[int, Instant] | None = None  # a standby: (the cursor seen, when it moved)
        self._limit = ROWS
        self._to_save: list[tuple[int, int]] = []  # chunks of the checkpoint under way
        self._in_table: set[tuple[int, int]] = set()  # chunks of which there is an older one, at least
        self._saved_at: Instant | None = None
        self._entries_since = 0

    async def run_once(self, now: Instant) -> Counts:
        """Fold and commit what there is, a bounded amount; anything raised leaves nothing half done."""
        try:
            return await self._run_once(now)
        except LostRaceError:
            log.info("another monitor was first; following behind it", action="lost_race")
            self._drop()
            self._behind_since = (-1, now)
            return Counts(lost=True)
        except BaseException:
            self._drop()
            raise

    @property
    def next_due(self) -> Instant | None:
        """When the next deadline is due; None where none is, or while nothing can be seen."""
        return self._fold.next_due() if self._fold else None

    async def save(self) -> int:
        """Save a whole checkpoint, for a clean stop; returns its chunks. Nothing to save before the first batch."""
        if self._fold is None or not self._caught_up_with_cursors(self._fold):
            return 0
        self._to_save = self._chunks(self._fold)
        saved = 0
        while self._to_save:
            saved += await self._save_some(self._fold)
        return saved

    # --- one batch -----------------------------------------------------------------------------------

    async def _run_once(self, now: Instant) -> Counts:
        fold = self._fold = self._fold or await self._restore(now)
        rows, more = await self._tail(fold)
        if self._behind_since:
            rows = await self._behind(rows, now)
        if not rows:
            ticks, chunks = await self._tick_blind(fold, now), await self._checkpoint(fold, now)
            return Counts(blind_ticks=ticks, chunks=chunks, busy=bool(chunks and self._to_save))
        said, entries = await self._step(fold, rows, now)
        written = await self._commit(fold, said)
        self._entries_since += entries
        chunks = await self._checkpoint(fold, now)
        return Counts(len(rows), entries, written, chunks=chunks, busy=more or bool(self._to_save))

    async def _tail(self, fold: Fold) -> tuple[Sequence[LogRow], bool]:
        """Return the next rows, as many as a batch should take, and whether there may be more."""
        asked = self._limit
        rows = await tail(self._connection, fold.position, asked)
        taken, size = 0, 0
        while taken < len(rows) and size < BYTES:
            size += len(rows[taken].entries)
            taken += 1
        full = taken < len(rows) or size >= BYTES
        self._limit = max(taken, 1) if full else min(2 * asked, ROWS)  # learnt, so as not to fetch rows twice
        return rows[:taken], full or len(rows) == asked

    async def _step(self, fold: Fold, rows: Sequence[LogRow], now: Instant) -> tuple[list[Numbered], int]:
        said, count = list[Numbered](), 0
        for row in rows:
            entries, fault = read_row(row.entries)
            found = fold.begin(row.position, row.committed_at)
            if fault:
                log.error("a row cannot be read", action="set_aside", position=row.position, fault=fault)
                found += fold.unreadable(row.position, row.committed_at, fault)
            found += fold.row(row.position, row.committed_at, entries)
            if row.entries == _BLIND_TICK:
                self._ticked_at = now  # another monitor's counts as ours
            elif row.kind != "facts":
                self._heard_at = now
            said += changes.number(row.position, found)
            count += len(entries)
            await asyncio.sleep(0)  # what shares our loop must not wait for a backlog
        return said, count

    async def _commit(self, fold: Fold, said: list[Numbered]) -> int:
        """Move the cursors, write what they had not passed yet; LostRaceError where another worker was first."""
        behind = {part: at for part, at in self._cursors.items() if at < fold.position}
        if not behind:
            return 0
        new = [each for each in said if each.position > self._cursors[partition_of(each.subject)]]
        try:
            moved = await changes.commit(self._connection, behind, fold.position, new)
        except changes.REFUSED:
            moved = await changes.commit_one_by_one(self._connection, behind, fold.position, new)
        if not moved:
            raise LostRaceError
        self._cursors.update(dict.fromkeys(behind, fold.position))
        return len(new)

    # --- start, standby, checkpoints -----------------------------------------------------------------

    async def _restore(self, now: Instant) -> Fold:
        held = set(self._partitions)
        await self._connection.execute(_MAKE_CURSORS, (self._partitions,))
        fold = await checkpoint.restore(
            self._connection, self._partitions, lambda: self._new_fold(lambda key: partition_of(key) in held)
        )
        self._in_table = await checkpoint.in_table(self._connection, self._partitions)
        self._cursors = await self._read_cursors()
        self._heard_at = self._heard_at or now
        self._saved_at = now
        log.info("restored", action="restore", position=fold.position, cursor=max(self._cursors.values(), default=0))
        return fold

    async def _read_cursors(self) -> dict[int, int]:
        rows = await (await self._connection.execute(_CURSORS, (self._partitions,))).fetchall()
        return {row[0]: row[1] for row in rows}

    async def _behind(self, rows: Sequence[LogRow], now: Instant) -> Sequence[LogRow]:
        """As a standby, return only the rows the other has committed; all, once its cursor stands still."""
        assert self._behind_since is not None
        self._cursors = await self._read_cursors()
        cursor, (seen, since) = min(self._cursors.values()), self._behind_since
        waiting = bool(rows) and rows[-1].position > cursor
        if cursor != seen or not waiting or now < since:
            self._behind_since = (cursor, now)
        elif now - since >= self._patience:
            log.info("the other monitor stands still; taking over", action="take_over", cursor=cursor)
            self._behind_since = None
            return rows
        return [row for row in rows if row.position <= cursor]

    async def _checkpoint(self, fold: Fold, now: Instant) -> int:
        """Save a few chunks where a checkpoint is due or under way; returns how many."""
        saved_at = self._saved_at = min(self._saved_at or now, now)  # the clock may have been put back
        due = now - saved_at >= CHECKPOINT_EVERY or self._entries_since >= CHECKPOINT_ENTRIES
        if due and not self._to_save and self._behind_since is None:
            self._to_save = self._chunks(fold)
            self._saved_at, self._entries_since = now, 0
        return await self._save_some(fold) if self._to_save and self._caught_up_with_cursors(fold) else 0

    async def _save_some(self, fold: Fold) -> int:
        # New chunks first: no other may stand past where a missing one begins, or neither could be taken up.
        chunks = self._chunks(fold)
        new = [key for key in chunks if key not in self._in_table]
        some = [*new, *(key for key in self._to_save if key in self._in_table)][:_CHUNKS_AT_ONCE]
        for key in some:
            await checkpoint.save(self._connection, fold, *key)
            self._in_table.add(key)
        self._to_save = [key for key in self._to_save if key not in some]
        return len(some)

    def _chunks(self, fold: Fold) -> list[tuple[int, int]]:
        """Return what there is to save, also what is empty by now: else it would stand in the table as it was."""
        return sorted(self._in_table.union(checkpoint.chunks_of(fold, self._partitions)))

    def _caught_up_with_cursors(self, fold: Fold) -> bool:
        """Tell whether chunks may be saved: one past a cursor would hide what was found in between."""
        return fold.position <= min(self._cursors.values(), default=0)

    def _drop(self) -> None:
        self._fold = None
        self._cursors = {}
        self._to_save = []

    # --- while no gateway lives ----------------------------------------------------------------------

    async def _tick_blind(self, fold: Fold, now: Instant) -> int:
        """Append a blind tick where nothing was heard of a gateway and this worker has read all there is."""
        if self._blind_after is None:
            return 0
        self._heard_at = min(self._heard_at or now, now)  # the clock may have been put back
        ticked_at = min(self._ticked_at or 0, now)
        if now - self._heard_at < self._blind_after or now - ticked_at < _TICK_EVERY:
            return 0
        async with self._connection.transaction():
            locked = await self._connection.execute("select pg_try_advisory_xact_lock(%s)", (_BLIND_LOCK,))
            newest = await head(self._connection)
            if (await locked.fetchone()) != (True,) or (newest.position if newest else 0) != fold.position:
                return 0
            await append(self._connection, "tick", _BLIND_TICK)
        self._ticked_at = now
        return 1
