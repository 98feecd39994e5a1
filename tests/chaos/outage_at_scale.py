"""`python -m tests.chaos.outage_at_scale`: ten thousand homes, and ten minutes without a gateway, a database, a broker.

Real processes throughout. Everybody moves every two to four minutes, as told by hubs that keep what the broker has
not acknowledged; the rule calls somebody inactive after four fifths of an outage. So in each outage the deadline of
every person passes, and whoever counted the outage as silence would raise ten thousand alarms. Fifty people a time
truly stop moving shortly before it, and must be found once sight is back.

A finding is false where the ledger of what was said shows that the person moved within the rule's time before it was
raised. Exits 1 where one is, or where somebody truly inactive is not found; prints the table of docs/guarantees.md.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from heapq import heapify, heapreplace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import AsyncConnection

from runtime.clock import SystemClock
from runtime.embedded import EmbeddedBroker, EmbeddedDatabase, embedded_broker, embedded_database
from runtime.migrate import migrate
from schema.instants import MINUTE, SECOND, Instant, instant, iso
from schema.people_load import load
from schema.people_records import PeopleFile
from telecare.rooms import Room
from tests.chaos.hub import Hub, Message

HUBS = 40
STILL = 50
MOVES = 0.2, 0.4  # of an outage's length, between somebody's signs of life
HUBS_RETURN_WITHIN = 60.0  # seconds after the broker is back, each at its own time
SHORTEST = 2.0  # minutes
STAGES = ("gateway", "database", "broker")

_FOUND = """
    select subject, (body ->> 'at')::bigint, (body -> 'finding' ->> 'late_by')::bigint,
           (body -> 'finding' ->> 'onset')::bigint
    from finding_changes where change = 'raised' and body -> 'finding' ->> 'rule' = 'inactivity'
"""
_GAPS = "select cause, began, ended from coverage_gaps where what in ('listening', 'watching') order by began"


class Stage(NamedTuple):
    """One outage: what was away, from when to when, and who stopped moving before it."""

    what: str
    began: Instant
    ended: Instant
    still: frozenset[int]


class Verdict(NamedTuple):
    """What became of one stage."""

    stage: Stage
    overdue: int  # people whose deadline passed in the outage, had its time counted as silence
    false: list[str]
    missed: list[int]
    late_by: list[float]  # seconds, of those truly inactive
    gap: tuple[str, float, float] | None  # cause, and how far its ends lie from the outage's, in seconds


class Street:
    """Homes whose people move, as their hubs tell it; `moves` is the ledger of what was said."""

    def __init__(self, homes: int, url: str, clock: SystemClock, moves: tuple[float, float], seed: int = 1) -> None:
        self.dice = Random(seed)  # noqa: S311 - a street, told again from its seed
        self.moves: list[list[Instant]] = [[] for _ in range(homes)]
        self.still = frozenset[int]()
        self.said = 0
        self._clock = clock
        self._moves_each = moves
        self._hubs = [Hub(url, f"street-{number}", lambda _: None) for number in range(HUBS)]
        self._running: list[asyncio.Task[None]] = []
        now = clock.now()
        self._next = [(now + int(self.dice.uniform(0, moves[1]) * SECOND), home) for home in range(homes)]
        heapify(self._next)

    def connect(self, within: float = 0.0) -> None:
        """Let every hub find the broker, each within so many seconds."""
        self._running = [asyncio.create_task(_later(self.dice.uniform(0, within), hub.run)) for hub in self._hubs]

    async def cut(self) -> None:
        """Let every hub lose the broker; what they are told meanwhile they keep."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    @property
    def owing(self) -> int:
        """How many messages no broker has acknowledged yet."""
        return sum(hub.owing for hub in self._hubs)

    async def live(self) -> None:
        """Let everybody move, each at their own pace, until cancelled."""
        while True:
            now = self._clock.now()
            while self._next[0][0] <= now:
                at, home = self._next[0]
                heapreplace(self._next, (at + int(self.dice.uniform(*self._moves_each) * SECOND), home))
                if home not in self.still:
                    self._moves(home, now)
            await asyncio.sleep(0.05)

    def _moves(self, home: int, now: Instant) -> None:
        self.said += 1
        self.moves[home].append(now)
        payload = json.dumps({"seq": self.said, "boot": 1, "at": iso(now), "kind": "motion", "value": "detected"})
        topic = f"homes/home-{home:05}/motion-1"
        self._hubs[home % HUBS].say(Message(topic.encode(), payload.encode(), None))


async def _later(seconds: float, run: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await run()


class Trial:
    """The service and the street before it."""

    def __init__(
        self, folder: Path, database: EmbeddedDatabase, broker: EmbeddedBroker, homes: int, minutes: float
    ) -> None:
        self.folder, self.database, self.broker = folder, database, broker
        self.homes, self.seconds = homes, minutes * 60
        self.limit = int(self.seconds * 0.8)
        self.clock = SystemClock()
        self.pace = MOVES[0] * self.seconds, MOVES[1] * self.seconds
        self.street = Street(homes, broker.hub_url, self.clock, self.pace)
        settings = {
            "TELECARE_DATABASE_URL": database.url,
            "TELECARE_MQTT_URL": broker.gateway_url,
            "TELECARE_DATA_DIR": str(folder),
        }
        self.rooms = {name: Room(name, [name], folder, settings) for name in ("gateway", "monitor")}

    async def open(self) -> None:
        """Migrate, load everybody, start gateway and monitor, and wait for the first live tick."""
        async with await AsyncConnection.connect(self.database.url, autocommit=True) as connection:
            await migrate(connection)
            say(f"loading {self.homes} homes")
            await load(connection, msgspec.convert(self._people(), PeopleFile), "outage", self.clock.now())
        for room in self.rooms.values():
            await room.start()
        await self._until("select exists (select from coverage_progress where seen_at is not null)", 180)
        self.street.connect()

    async def stage(self, what: str, tried: int) -> Verdict:
        """Take one part away for the length of an outage, bring it back, and judge what was said of people."""
        first = tried * STILL
        self.street.still = still = frozenset(range(first, first + STILL))
        await self.wait(60 if self.seconds >= 300 else 5, f"{STILL} people stop moving")
        began = self.clock.now()
        await self._take_away(what)
        await self.wait(self.seconds, f"without {'an' if what[0] in 'aeiou' else 'a'} {what}")
        await self._bring_back(what)
        ended = self.clock.now()
        await self.wait(180, f"the {what} is back")
        found = await self._verdict(Stage(what, began, ended, still))
        self.street.still = frozenset()
        return found

    async def close(self) -> None:
        """End what was started."""
        await self.street.cut()
        for room in self.rooms.values():
            await room.stop()

    # --- outages --------------------------------------------------------------------------------------------

    async def _take_away(self, what: str) -> None:
        match what:
            case "gateway":
                self.rooms["gateway"].process.kill()
            case "database":
                self.database.kill()
            case _:
                self.broker.kill()
                await self.street.cut()

    async def _bring_back(self, what: str) -> None:
        match what:
            case "gateway":
                await self.rooms["gateway"].process.stop()
                await self.rooms["gateway"].start()
            case "database":
                await self.database.restart()
            case _:
                await self.broker.restart()
                self.street.connect(HUBS_RETURN_WITHIN)

    # --- what was said --------------------------------------------------------------------------------------

    async def _verdict(self, stage: Stage) -> Verdict:
        async with await AsyncConnection.connect(self.database.url, autocommit=True) as connection:
            rows = await (await connection.execute(_FOUND)).fetchall()
            gaps = await (await connection.execute(_GAPS)).fetchall()
        limit = self.limit * SECOND
        false, found = [], dict[int, float]()
        for subject, at, late_by, _ in rows:
            home = int(subject.rpartition("-")[2])
            if at < stage.began:
                continue
            moved = [each for each in self.street.moves[home] if each <= at]
            if moved and at - moved[-1] < limit:
                ago = (at - moved[-1]) / SECOND
                false.append(f"{subject} moved {ago:.0f} s before it was called inactive at {iso(at)}")
            elif home in stage.still:
                found[home] = late_by / SECOND
        return Verdict(
            stage,
            overdue=sum(self._overdue(home, stage) for home in range(self.homes)),
            false=false,
            missed=sorted(stage.still - found.keys()),
            late_by=sorted(found.values()),
            gap=_nearest(gaps, stage),
        )

    def _overdue(self, home: int, stage: Stage) -> bool:
        """Tell whether the person's deadline would have passed, had nothing been heard since the outage began."""
        before = [each for each in self.street.moves[home] if each <= stage.began]
        return bool(before) and before[-1] + self.limit * SECOND <= stage.ended

    async def wait(self, seconds: float, why: str) -> None:
        """Let time pass, and show that it does."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            say(f"{why}: {left:4.0f} s to go; {self.street.said} said, {self.street.owing} kept by hubs", again=True)
            await asyncio.sleep(min(left, 1))
        say(f"{why}: done")

    async def _until(self, query: str, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while True:
                async with await AsyncConnection.connect(self.database.url, autocommit=True) as connection:
                    row = await (await connection.execute(query.encode())).fetchone()
                if row and row[0]:
                    return
                await asyncio.sleep(0.2)

    def _people(self) -> dict[str, Any]:
        devices = [{"id": "hub", "kind": "hub"}, {"id": "motion-1", "kind": "motion", "room": "hall"}]
        rules = [{"rule": "inactivity", "longer_than": f"{self.limit}s"}]
        ids = [f"{number:05}" for number in range(self.homes)]
        return {
            "homes": [{"id": f"home-{each}", "zone": "Europe/London", "devices": devices} for each in ids],
            "people": [
                {
                    "id": f"person-{each}",
                    "name": f"Resident {each}",
                    "home": f"home-{each}",
                    "consent": {"given_by": "person", "covers": ["hub", "motion"]},
                    "care_plan": {"rules": rules},
                }
                for each in ids
            ],
        }


def _nearest(gaps: list[tuple[Any, ...]], stage: Stage) -> tuple[str, float, float] | None:
    """Return the gap that overlaps the outage most, and by how many seconds its ends lie apart from the outage's."""
    spans = [(cause, instant(began), instant(ended)) for cause, began, ended in gaps if ended is not None]
    spans = [each for each in spans if each[1] < stage.ended and each[2] > stage.began]
    if not spans:
        return None
    cause, began, ended = max(spans, key=lambda each: min(each[2], stage.ended) - max(each[1], stage.began))
    return cause, (began - stage.began) / SECOND, (ended - stage.ended) / SECOND


def table(verdicts: list[Verdict]) -> str:
    """Return the table of the outages."""
    lines = [
        "| without | length | deadlines in it | false inactivity | truly inactive found | late by | coverage's gap |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in verdicts:
        length = (each.stage.ended - each.stage.began) / MINUTE
        late = f"{each.late_by[0]:.0f} to {each.late_by[-1]:.0f} s" if each.late_by else "-"
        gap = f"{each.gap[0]}, {each.gap[1]:+.1f} s and {each.gap[2]:+.1f} s" if each.gap else "none"
        found = f"{len(each.late_by)} of {len(each.stage.still)}"
        lines.append(
            f"| {each.stage.what} | {length:.1f} min | {each.overdue} | {len(each.false)} | {found} | {late} | {gap} |"
        )
    return "\n".join(lines)


_last = [0.0]


def say(text: str, *, again: bool = False) -> None:
    """Say how it stands; what is said again and again once a second at a terminal, twice a minute elsewhere."""
    terminal = sys.stdout.isatty()
    if again and not terminal and time.monotonic() - _last[0] < 30:
        return
    _last[0] = time.monotonic()
    sys.stdout.write(f"\r{text:<110}" if again and terminal else f"\r{text:<110}\n" if terminal else f"{text}\n")
    sys.stdout.flush()


async def run(homes: int, minutes: float, stages: list[str]) -> int:
    """Run the outages one after another; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="telecare-outage-") as name:
        folder = Path(name)
        async with embedded_database(folder) as database, embedded_broker(folder) as broker:
            trial = Trial(folder, database, broker, homes, minutes)
            living = None
            try:
                await trial.open()
                living = asyncio.create_task(trial.street.live())
                await trial.wait(trial.pace[1] + 30, "everybody moves")
                verdicts = []
                for number, what in enumerate(stages):
                    verdicts.append(await trial.stage(what, number))
                    say(table(verdicts[-1:]).splitlines()[-1])
            finally:
                if living is not None:
                    living.cancel()
                await trial.close()
    sys.stdout.write(table(verdicts) + "\n")
    for each in verdicts:
        for words in each.false[:5]:
            sys.stdout.write(f"FALSE without a {each.stage.what}: {words}\n")
        if each.missed:
            sys.stdout.write(f"MISSED without a {each.stage.what}: {len(each.missed)}, the first {each.missed[:5]}\n")
    broken = any(each.false or each.missed for each in verdicts)
    if broken:
        again = f"--homes {homes} --minutes {minutes:g} --only {' '.join(stages)}"
        sys.stdout.write(f"again: python -m tests.chaos.outage_at_scale {again}\n")
    return int(broken)


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.outage_at_scale", description=__doc__)
    parser.add_argument("--homes", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long each outage lasts (2 at the least)")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES))
    given = parser.parse_args()
    if given.homes < STILL * len(STAGES):
        parser.error(f"--homes must be at least {STILL * len(STAGES)}")
    if given.minutes < SHORTEST:
        parser.error(f"--minutes must be at least {SHORTEST:g}")
    return asyncio.run(run(given.homes, given.minutes, given.only))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (psycopg.Error, OSError) as error:
        sys.exit(f"the outage could not be tried: {error}")
