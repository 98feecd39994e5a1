"""Time, as the log tells it: a tick a second while nothing that was published is missing from the log.

- Every second each lane publishes a mark to itself (`gateway.marks`). Once all marks have come back, the tick is
  appended, unless they took longer than 5 s: then there was a backlog, and another round must prove it gone.
- While a lane drains, ticks wait; after two minutes of that they come all the same, marked `behind`, and say up
  to when the marks that did come back prove everything stored: deadlines due by then fire, later ones wait on.
- A backlog of which no mark comes back for a quarter of an hour holds no deadline up any longer.
- Without a connection to the broker there are none: nothing could be seen, and the monitor says so.

One gateway ticks at a time, by an advisory lock, and none within 0.9 s of another's.
"""

import asyncio
from collections.abc import Sequence
from enum import Enum
from secrets import token_bytes
from time import monotonic
from typing import NamedTuple, Protocol

import structlog
from psycopg import AsyncConnection

from gateway.marks import Marks
from gateway.steady import SteadyConnection
from runtime.clock import Clock
from runtime.log import append
from schema.entries import Tick, pack
from schema.instants import MILLISECOND, MINUTE, SECOND, Duration, Instant

log = structlog.get_logger()

EVERY: Duration = SECOND
LONGEST_WAIT: Duration = 2 * MINUTE
PROMPT: Duration = 5 * SECOND
LONGEST_DOUBT: Duration = 15 * MINUTE
_MARKS_LOST: Duration = 30 * SECOND
_LOOK_SECONDS = 0.02
_LOCK = 20261124
_BEHIND = "behind", "a backlog has been draining for two minutes: ticks come marked behind"
_CAUGHT_UP = "caught_up", "the backlog is drained"

_TRY = "select pg_try_advisory_xact_lock(%s)"
# By the database's clock on both sides, in microseconds: another gateway's may differ from ours.
_SINCE_LAST = """
    select (extract(epoch from clock_timestamp() - committed_at) * 1000000)::bigint
    from log where kind = 'tick' order by position desc limit 1
"""


class Marking(Protocol):
    """What a lane's session does for a tick."""

    def mark(self, token: bytes) -> None:
        """Publish a mark to ourselves."""


class MarkedLane(NamedTuple):
    """What ticks know of a lane: its marks, and who sends them."""

    marks: Marks
    session: Marking


class Round(Enum):
    """How a round of marks stands."""

    UNDER_WAY = "under way"
    PROVED = "proved"  # all that was published before it is in the log
    NOTHING = "nothing"  # it proves nothing: nobody is there, it took too long, or redeliveries may wait


def standing(lanes: Sequence[Marks], began: Instant, now: Instant) -> Round:
    """Return how the round that began then stands now."""
    if not all(marks.connected for marks in lanes):
        return Round.NOTHING
    if not all(marks.back_since(began) for marks in lanes):
        return Round.NOTHING if now - began >= _MARKS_LOST else Round.UNDER_WAY
    settled = all(marks.settled(began) for marks in lanes)
    return Round.PROVED if settled and now - began <= PROMPT else Round.NOTHING


def behind(lanes: Sequence[Marks], last_proved: Instant, now: Instant) -> bool:
    """Tell whether a backlog has been draining for so long that time must go on all the same."""
    since = [marks.live_since for marks in lanes]
    return all(each is not None and now - max(each, last_proved) >= LONGEST_WAIT for each in since)


class Doubt:
    """Up to when a backlog that drains lets deadlines be judged."""

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._since: Instant = 0

    def stored_until(self, lanes: Sequence[Marks], now: Instant) -> Instant:
        """Return what the marks prove, less what clocks may differ by; `now` where nothing more came for long."""
        seen = tuple((marks.live_since, marks.came_back_last) for marks in lanes)
        if seen != self._seen:
            self._seen, self._since = seen, now
        if now - self._since >= LONGEST_DOUBT:
            return now
        return max(0, min(marks.proved for marks in lanes) - PROMPT)


class Ticks:
    """Appends ticks for as long as it runs."""

    def __init__(self, lanes: Sequence[MarkedLane], database: SteadyConnection, clock: Clock) -> None:
        self._lanes = lanes
        self._marks = [lane.marks for lane in lanes]
        self._database = database
        self._clock = clock
        self._last_proved: Instant = 0
        self._was_behind = False
        self._doubt = Doubt()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            began = monotonic()
            await self.run_once()
            await asyncio.sleep(max(_LOOK_SECONDS, min(EVERY / SECOND - (monotonic() - began), self._settles_in())))

    def _settles_in(self) -> float:
        """Return in how many seconds the last lane's marks begin to count, as deadlines wait for that; 1 if later."""
        settling = [marks.settles_at for marks in self._marks]
        last = max((at for at in settling if at is not None), default=0)
        now = self._clock.now()
        return (last - now) / SECOND if None not in settling and last >= now else EVERY / SECOND

    async def run_once(self) -> None:
        """Send the marks of one round and append the tick they prove; ticks marked behind where they take long."""
        began = last_behind = self._clock.now()
        if not all(marks.connected for marks in self._marks):
            return
        for lane in self._lanes:
            lane.session.mark(token_bytes(12))
        while (stands := standing(self._marks, began, now := self._clock.now())) is Round.UNDER_WAY:
            if now - last_behind >= EVERY and behind(self._marks, self._last_proved, now):
                last_behind = now
                await self._tick(self._behind(now))
            await asyncio.sleep(_LOOK_SECONDS)
        if stands is Round.PROVED:
            self._last_proved = now
            await self._tick(Tick(hearing_since=max(marks.live_since or 0 for marks in self._marks)))
        elif behind(self._marks, self._last_proved, now):
            await self._tick(self._behind(now))

    def _behind(self, now: Instant) -> Tick:
        return Tick(behind=True, stored_until=self._doubt.stored_until(self._marks, now))

    async def _tick(self, tick: Tick) -> None:
        if tick.behind != self._was_behind:
            self._was_behind = tick.behind
            action, text = _BEHIND if tick.behind else _CAUGHT_UP
            log.info(text, action=action)
        await self._database.once(lambda connection, _: self._append(connection, tick))

    async def _append(self, connection: AsyncConnection, tick: Tick) -> None:
        row = await (await connection.execute(_TRY, (_LOCK,))).fetchone()
        if row is None or not row[0]:
            return
        last = await (await connection.execute(_SINCE_LAST)).fetchone()
        since = EVERY if last is None else last[0]
        if since >= EVERY - 100 * MILLISECOND or since < 0:
            await append(connection, "tick", pack([tick]))
