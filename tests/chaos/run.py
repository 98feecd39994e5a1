"""One chaos run: the house opens, hubs speak and pendants are pressed while parts die; then the tables are judged.

opening     everything starts, and is waited for
the storm   so many kills and faults over so many minutes (`storm`), the load going on all the while
the calm    everything is brought back and healed; hubs have everything acknowledged, everything is stored and
            stepped, deadlines that came due have fired: waited for, at most `SETTLING` seconds in which nothing more
            is stored
the verdict the tables are read and compared with what the hubs know (`verdict`)
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random

import psycopg

from runtime.clock import SystemClock
from schema.entries import Entry, Tick, unpack
from schema.instants import MILLISECOND, SECOND, Duration, Instant, iso, moment
from tests.chaos import storm, street, tables, verdict
from tests.chaos.desk import Desk
from tests.chaos.house import SERVICES, House, house
from tests.chaos.hub import Hub, Message
from tests.chaos.ledger import Ledger, Said, is_dated
from tests.chaos.twilio import Twilio

HOMES = 200
HUBS = 4
OPENING = 60.0
SETTLING = 90.0
_BEAT_SECONDS = 0.02
_REDELIVERED_SECONDS = 4.0  # past the broker's ack_wait: what is to come again has come
_DOUBLED_EVERY = 50  # a reading that its hub says twice, being in doubt
_ORDINARY_EVERY = 10  # a press on the ordinary lane

# What alerting has before it at this moment: findings not taken, steps that are due, messages that may go.
_TO_DO = """
    select (select count(*) from finding_changes where taken_at is null)
         + (select count(*) from alarms where closed_at is null and due_at <= clock_timestamp())
         + (select count(*) from notifications
            where state in ('waiting', 'sending') and not_before <= clock_timestamp())
"""
_ALARM = "select id from alarms where person = %s and kind = 'button' and onset = %s"
_STEPPED_TICKS = """
    select entries from log
    where kind = 'tick' and committed_at > %s and position <= (select min(position) from monitor_cursors)
"""

Say = Callable[[str], None]
Trouble = Callable[["Chaos", House], Awaitable[None]]


class NotOpenError(Exception):
    """The service did not come up at all; the message says so, with the last words of its parts."""


class Figures:
    """What the run has come to so far, for the line that shows it."""

    def __init__(self) -> None:
        self.stored = 0
        self.alarms = 0
        self._batch = 0

    def look(self, url: str) -> None:
        """Ask the database, where it answers at once."""
        with suppress(psycopg.Error), psycopg.connect(url, autocommit=True, connect_timeout=1) as connection:
            more, self._batch = tables.stored(connection, self._batch)
            self.stored += more
            row = connection.execute("select count(*) from alarms").fetchone()
            self.alarms = row[0] if row else 0


class Chaos:
    """One run over an open house; `trouble` takes the place of the kills and faults of the seed's storm."""

    def __init__(
        self,
        seed: int,
        kills: int,
        minutes: float,
        rate: int,
        *,
        latest: Duration = verdict.LATEST,
        trouble: Trouble | None = None,
    ) -> None:
        self.seed, self.kills, self.seconds, self.rate = seed, kills, minutes * 60, rate
        self.latest = latest
        self.settings: dict[str, str] = {}  # of the services, beside the usual
        self.refusals = set[str]()  # topics of which a refusal is expected
        self._trouble = trouble
        self.pace = street.pace(minutes)
        self.lives = street.lives(minutes)
        self.ledger = Ledger(HOMES)
        self.twilio = Twilio(seed)
        self.figures = Figures()
        self.began: Instant = 0
        self.starved = 0.0  # s in which some process of the machine wanted a CPU and had none
        self.blows = storm.plan(seed, kills, self.seconds) if kills else []
        self._random = Random(seed + 1)  # noqa: S311 - repeatable is what it is for
        self._clock = SystemClock()
        self._free = list(range(HOMES))  # homes without an open press
        self.hubs: list[Hub] = []

    async def run(self, folder: Path, say: Say, engines: Mapping[str, Path] | None = None) -> verdict.Verdict:
        """Run all of it, and return the verdict."""
        async with self.twilio.served(), house(folder, engines) as house_:
            say("opening the house")
            await house_.open(street.people(HOMES, self.lives, self.pace), self.twilio.settings | self.settings)
            self.hubs = [Hub(house_.broker.hub_url, f"hub-{each}", self.ledger.note) for each in range(HUBS)]
            self.desk = Desk(house_.http, self.twilio.pages, self._closed)
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(hub.run()) for hub in self.hubs]
                beating = group.create_task(self._beat())
                await open_(house_, self._clock.now())
                beating.cancel()
                background += [
                    group.create_task(house_.supervise()),
                    group.create_task(self.desk.run()),
                    group.create_task(self._show(house_, say)),
                ]
                self.began = self._clock.now()
                background.append(group.create_task(self._hear_on()))
                starved = _starved()
                await self._storm(house_)
                self.seconds = self.seconds_since_began
                self.starved = _starved() - starved
                await self._calm(house_, say)
                for task in background:
                    task.cancel()
            ended = self._clock.now()
            say("reading the tables")
            found = await asyncio.to_thread(tables.read, house_.database.url)
            self.house = house_
            outside = verdict.Run(
                self.began,
                ended,
                self.ledger,
                self.lives,
                self.pace,
                self.twilio.pages,
                house_.away,
                self.latest,
                self.refusals,
            )
            return verdict.judge(outside, found)

    # --- the storm -----------------------------------------------------------------------------------

    async def _storm(self, house_: House) -> None:
        async with asyncio.TaskGroup() as group:
            speaking = [
                group.create_task(self._load()),
                group.create_task(self._press()),
                *(group.create_task(self._live(life)) for life in self.lives),
            ]
            await (self._trouble or _blow)(self, house_)
            await self.until(self.seconds)
            for task in speaking:
                task.cancel()

    @property
    def seconds_since_began(self) -> float:
        """How long the run has been going on."""
        return (self._clock.now() - self.began) / SECOND

    def now(self) -> Instant:
        """Return the present instant."""
        return self._clock.now()

    async def until(self, seconds: float) -> None:
        """Return so many seconds after the beginning."""
        await asyncio.sleep(max(0.0, seconds - self.seconds_since_began))

    async def _load(self) -> None:
        """Make so many readings a second, whatever happens: a hub with nobody to tell keeps them."""
        while True:
            now = self._clock.now()
            owed = (now - self.began) * self.rate // SECOND - self.ledger.made
            for nth in range(owed):
                self._reading(now - (owed - nth) * MILLISECOND // 100)
            await asyncio.sleep(_BEAT_SECONDS)

    def _reading(self, at: Instant) -> None:
        number, home, seq = self.ledger.next()
        time = f'"at":"{iso(at)}",' if is_dated(home) else ""
        value = "detected" if seq % 2 else "clear"
        payload = f'{{"seq":{seq},"boot":1,{time}"kind":"motion","value":"{value}"}}'
        message = Message(b"homes/home-%03d/motion-1" % home, payload.encode(), number)
        hub = self.hubs[home % HUBS]
        hub.say(message)
        if number % _DOUBLED_EVERY == 0:
            hub.say(message)

    async def _hear_on(self) -> None:
        """Let devices that are never silent be heard to the very end."""
        while True:
            for life in self.lives:
                if life.is_heard_on and self.seconds_since_began * SECOND >= life.starts:
                    self.say(life.home, life.lines[0].device, life.lines[0].kind, life.lines[0].value)
            await asyncio.sleep(self.pace.rule / 3 / SECOND)

    async def _beat(self) -> None:
        """Let devices that must not be silent be heard while the house opens.

        The broker keeps nothing before a gateway's session is there, so these are not counted on.
        """
        while True:
            for life in self.lives:
                if life.kind == "silence":
                    self.say(life.home, life.lines[0].device, life.lines[0].kind, life.lines[0].value, counted=False)
            await asyncio.sleep(1)

    async def _press(self) -> None:
        """Press a pendant about every second."""
        while True:
            await asyncio.sleep(self._random.uniform(0.5, 1.5))
            if self._free:
                self.press_somebody()

    def press_somebody(self) -> Said:
        """Press the pendant of somebody whose last press has been dealt with."""
        home = self._free.pop(self._random.randrange(len(self._free)))
        ordinary = len(self.ledger.presses) % _ORDINARY_EVERY == 0
        lane = "homes" if ordinary else "urgent"
        return self.say(f"home-{home:03}", "pendant-1", "button", "pressed", lane=lane)

    def _closed(self, person: str) -> None:
        home = person.removeprefix("person-home-")
        if home != person:
            self._free.append(int(home))

    async def _live(self, life: street.Life) -> None:
        for line in life.lines:
            at = life.starts + line.after
            await self.until(at / SECOND)
            self.say(life.home, line.device, line.kind, line.value, at=self.began + at)

    def say(
        self,
        home: str,
        device: str,
        kind: str,
        value: str,
        *,
        lane: str = "homes",
        at: Instant | None = None,
        counted: bool = True,
    ) -> Said:
        """Let a device say something by hand, now or as of then."""
        now = self._clock.now() if at is None else at
        said = self.ledger.say(home, device, kind, value, now - now % MILLISECOND)
        payload = f'{{"seq":{said.seq},"boot":1,"at":"{iso(said.at)}","kind":"{kind}","value":"{value}"}}'
        mark = said if counted else None
        self.hubs[hash(said.at) % HUBS].say(Message(f"{lane}/{home}/{device}".encode(), payload.encode(), mark))
        return said

    async def through(self, house_: House, press: Said, since: Instant) -> Duration:
        """Return how long it took, from then on, until the press was an alarm and its SMS had left; wait for it."""
        while True:
            with suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(house_.database.url, autocommit=True) as connection:
                    asked = (f"person-{press.home}", moment(press.at))
                    found = await (await connection.execute(_ALARM, asked)).fetchone()
                    if found and self.twilio.pages[found[0]]:
                        return self.now() - since
            await asyncio.sleep(0.1)

    # --- the calm ------------------------------------------------------------------------------------

    async def _calm(self, house_: House, say: Say) -> None:
        """Wait until all that can be expected has happened, for a bounded time; what is missing then is judged."""
        try:
            async with asyncio.timeout(SETTLING) as patience:
                waiting = asyncio.create_task(self._be_patient(patience))
                try:
                    await self.drained(house_)
                    while await _to_do(house_):  # noqa: ASYNC110 - likewise
                        await asyncio.sleep(0.1)
                finally:
                    waiting.cancel()
        except TimeoutError:
            say(f"not settled within {SETTLING:.0f} s in which nothing more was stored")
        await asyncio.sleep(_REDELIVERED_SECONDS)

    async def _be_patient(self, patience: asyncio.Timeout) -> None:
        """Put the end off for as long as a backlog is being stored, which takes what the machine has to give."""
        stored = self.figures.stored
        while True:
            await asyncio.sleep(1)
            if self.figures.stored > stored:
                stored = self.figures.stored
                patience.reschedule(asyncio.get_running_loop().time() + SETTLING)

    async def drained(self, house_: House) -> None:
        """Return once everything runs, the broker has everything, and the monitor has stepped it."""
        while not house_.whole or any(hub.owing for hub in self.hubs):  # noqa: ASYNC110 - processes set no event
            await asyncio.sleep(0.1)
        await ticking(house_, self._clock.now())

    async def _show(self, house_: House, say: Say) -> None:
        while True:
            await asyncio.sleep(1)
            await asyncio.to_thread(self.figures.look, house_.database.url)
            seconds = self.seconds_since_began
            say(
                f"{seconds:4.0f} s  kills {house_.kills.total()}/{self.kills}  faults {house_.faults.total()}"
                f"  made {self.ledger.all_count} ({self.ledger.all_count / max(seconds, 1):.0f}/s)"
                f"  acknowledged {self.ledger.acknowledged_count}  stored {self.figures.stored}"
                f"  presses {len(self.ledger.presses)}  alarms {self.figures.alarms}  pages {self.twilio.pages.total()}"
                f"  {'whole' if house_.whole else 'broken'}"
            )


async def _blow(chaos: Chaos, house_: House) -> None:
    """Do what the seed's plan says, each at its time."""
    async with asyncio.TaskGroup() as faults:
        for blow in chaos.blows:
            await chaos.until(blow.at)
            if blow.deed == "kill":
                await _kill(house_, blow)
            else:
                faults.create_task(house_.fault(blow.target, blow.deed, blow.lasts))


async def _kill(house_: House, blow: storm.Blow) -> None:
    """Kill the part, or where it lies dead already, the next that runs: so many kills are promised."""
    first = storm.PARTS.index(blow.target)
    while True:
        for name in (*storm.PARTS[first:], *storm.PARTS[:first]):
            if house_.kill(name, blow.lasts):
                return
        await asyncio.sleep(0.1)


async def open_(house_: House, since: Instant) -> None:
    """Wait for a house that has just been started; NotOpenError, with its parts' last words, where it does not open."""
    try:
        async with asyncio.timeout(OPENING):
            await ticking(house_, since)
    except TimeoutError as error:
        words = "\n".join(f"{name}: {house_.said(name)[-1500:]}" for name in SERVICES)
        raise NotOpenError(f"the service did not open within {OPENING:.0f} s\n{words}") from error


def _starved() -> float:
    """Return the kernel's count of seconds in which somebody waited for a CPU; 0 where it keeps none."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/pressure/cpu").read_text().splitlines()[0].rpartition("total=")[2]) / 1e6
    return 0.0


async def _to_do(house_: House) -> int:
    async with await psycopg.AsyncConnection.connect(house_.database.url, autocommit=True) as connection:
        row = await (await connection.execute(_TO_DO)).fetchone()
        return int(row[0]) if row else 0


async def ticking(house_: House, since: Instant) -> None:
    """Return once a tick, neither blind nor behind, was appended after `since` and stepped: nothing waits any more."""
    while True:
        with suppress(psycopg.Error):
            async with await psycopg.AsyncConnection.connect(house_.database.url, autocommit=True) as connection:
                ticks = await (await connection.execute(_STEPPED_TICKS, (moment(since),))).fetchall()
                if any(_is_live(entry) for (packed,) in ticks for entry in unpack(packed)):
                    return
        await asyncio.sleep(0.2)


def _is_live(entry: Entry) -> bool:
    return isinstance(entry, Tick) and not entry.blind and not entry.behind
