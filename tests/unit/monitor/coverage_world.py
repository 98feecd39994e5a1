"""Homes whose devices tell that they live, a service that hears them, and faults planted in both: seeded.

The world writes the log as gateway and monitor would, and knows of itself what could not be seen: `unseen` holds the
spans as they truly were, made from the faults and from what was said, without asking any code under test.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from monitor.coverage import Change, Look, Sight
from monitor.coverage_devices import Fitted, Hearing, Span
from schema.entries import ReadingEntry, Tick
from schema.instants import MINUTE, SECOND, Instant

START: Instant = 1_795_305_600 * SECOND
HOMES, KINDS = ("h1", "h2"), ("hub", "bed", "motion", "motion")
BEAT = MINUTE
SLOT = 20 * MINUTE
LEARNING = 30 * MINUTE
SETTLING = 4 * SECOND


class Fault(NamedTuple):
    """One fault: what fails from when to when; `home` and `device` where it is of one."""

    what: str  # device, offline, silent, gateway, broker, database, monitor
    began: Instant
    ended: Instant
    home: str = ""
    device: int = 0
    keeps: bool = True  # the hub keeps what its devices say, and tells it afterwards


class Word(NamedTuple):
    """A word of a device, and when it was received; None: never."""

    entry: ReadingEntry
    received_at: Instant


@dataclass
class World:
    """A seeded day."""

    seed: int
    slots: int = 8
    faults: list[Fault] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    _asked: dict[Any, Any] = field(default_factory=dict)  # faults by kind, looked up a hundred thousand times

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)  # noqa: S311 - a test's world, told again from its seed
        self.end = START + LEARNING + self.slots * SLOT
        self.devices = {
            home: [Fitted(10 * h + n, home, kind) for n, kind in enumerate(KINDS, 1)] for h, home in enumerate(HOMES)
        }
        for slot in range(self.slots):
            self.faults += self._faults(START + LEARNING + slot * SLOT)
        for home, devices in self.devices.items():
            for device in devices:
                self.words += self._words(home, device)
        self.words.sort(key=lambda word: (word.received_at, word.entry.observed_at, word.entry.device))

    # --- what fails ---------------------------------------------------------------------------------------

    def _faults(self, slot: Instant) -> Iterator[Fault]:
        """One fault of the service in a slot, or one of each home's own; a device's may outlast its slot."""
        dice = self.dice
        began = slot + dice.randrange(MINUTE, 4 * MINUTE)
        if dice.random() < 0.4:
            what = dice.choice(("gateway", "broker", "database", "monitor"))
            yield Fault(what, began, began + dice.randrange(10 * SECOND, 12 * MINUTE))
            return
        for home in HOMES:
            what = dice.choice(("device", "device", "offline", "silent", "none"))
            length = dice.randrange(5 * MINUTE, 12 * MINUTE)
            if what == "device":
                device = dice.choice(self.devices[home][1:]).number
                yield Fault(what, began, began + dice.choice((length, length + SLOT)), home, device)
            elif what != "none":
                yield Fault(what, began, began + length, home, keeps=dice.random() < 0.5)

    def _of(self, *what: str) -> list[Fault]:
        if what not in self._asked:
            self._asked[what] = [fault for fault in self.faults if fault.what in what]
        found: list[Fault] = self._asked[what]
        return found

    def _during(self, at: Instant, *what: str, home: str = "", device: int = 0) -> Fault | None:
        return next(
            (
                fault
                for fault in self._of(*what)
                if fault.began <= at < fault.ended and home in ("", fault.home) and device in (0, fault.device)
            ),
            None,
        )

    # --- what is said -------------------------------------------------------------------------------------

    def _words(self, home: str, device: Fitted) -> Iterator[Word]:
        """Yield a heartbeat a minute, now and then something else; what is kept arrives when the way is free again."""
        phase = self.dice.randrange(SECOND, BEAT)
        for beat in range(START + phase, self.end, BEAT):
            for at, kind, value in ((beat, "heartbeat", "alive"), (beat + 20 * SECOND, device.kind, "detected")):
                if kind != "heartbeat" and (kind == "hub" or self.dice.random() < 0.7):
                    continue
                word = self._sent(home, device, at, kind, value)
                if word is not None:
                    yield word
        if device.kind == "hub":
            for fault in self._of("offline"):
                if fault.home == home:
                    yield self._arrives(ReadingEntry(device.number, "hub", "offline", fault.began, fault.began))
                    yield self._arrives(ReadingEntry(device.number, "hub", "online", fault.ended, fault.ended))

    def _sent(self, home: str, device: Fitted, at: Instant, kind: str, value: str) -> Word | None:
        if self._during(at, "device", home=home, device=device.number):
            return None
        cut_off = self._during(at, "offline", "silent", home=home)
        if cut_off and not cut_off.keeps:
            return None
        leaves = cut_off.ended if cut_off else at
        return self._arrives(ReadingEntry(device.number, kind, value, at, leaves))

    def _arrives(self, entry: ReadingEntry) -> Word:
        """Broker, gateway and database keep what they cannot pass on."""
        held = self._during(entry.received_at, "gateway", "broker", "database")
        received = held.ended + 100_000 if held else entry.received_at
        made = ReadingEntry(entry.device, entry.kind, entry.value, min(entry.observed_at, received), received)
        return Word(made, received)

    # --- what the log says of it --------------------------------------------------------------------------

    def rows(self) -> Iterator[tuple[Instant, ReadingEntry | Tick]]:
        """Yield the log: words as they are stored, ticks while a gateway hears, blind ones of the monitor's."""
        ticks = [(at, tick) for at in range(START, self.end, SECOND) if (tick := self._tick(at)) is not None]
        yield from sorted([*ticks, *((word.received_at, word.entry) for word in self.words)], key=lambda row: row[0])

    def _tick(self, at: Instant) -> Tick | None:
        if self._during(at, "database"):
            return None
        fault = self._during(at, "gateway", "broker")
        if fault:
            monitor_ticks = at - fault.began > 5 * SECOND
            return Tick(blind=True) if monitor_ticks else None
        heard = max((each.ended for each in self._of("gateway", "broker", "database") if each.ended <= at), default=0)
        return Tick(hearing_since=heard or START) if at - heard > SETTLING else None

    # --- what could not be seen ---------------------------------------------------------------------------

    def unseen(self, home: str, devices: list[int]) -> list[Span]:
        """Return what a rule that rests on each of these devices truly could not see."""
        spans = [(each.began, each.ended) for each in self._of("gateway", "broker", "database", "monitor")]
        hub = self.devices[home][0].number
        arrived = sorted(word.received_at for word in self.words if word.entry.device // 10 == hub // 10)
        for fault in self._of("offline", "silent"):
            if fault.home == home:
                began = fault.began
                if fault.what == "silent":
                    began = max(at for at in arrived if at < fault.began)
                spans.append((began, min((at for at in arrived if at >= fault.ended), default=self.end)))
        for number in devices:
            said = sorted(word.entry.observed_at for word in self.words if word.entry.device == number)
            for fault in self._of("device"):
                if fault.device == number:
                    last = max(at for at in said if at < fault.began)
                    spans.append((last, min((at for at in said if at >= fault.ended), default=self.end)))
        return joined(spans)


def joined(spans: list[Span]) -> list[Span]:
    """Return the spans in order, those that touch made one."""
    found: list[Span] = []
    for began, ended in sorted(spans):
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def apart(one: list[Span], other: list[Span]) -> int:
    """Return how much time lies in one of the two and not in both."""
    both = [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]
    length = sum(b - a for a, b in one) + sum(b - a for a, b in other)
    return length - 2 * sum(b - a for a, b in both)


class Kept:
    """The gaps as the table would hold them, fed as the keeper feeds the pure parts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sight, self.hearing = Sight(), Hearing()
        self.gaps: dict[tuple[str, str | None, int | None, Instant], Change] = {}
        for home, devices in world.devices.items():
            self.note(self.hearing.fit(home, devices, START))

    def note(self, changes: list[Change]) -> None:
        """Write as the keeper does: the newest word counts, what was none is taken away."""
        for each in changes:
            key = each.what, each.home, each.device, each.began
            if each.ended is not None and each.ended <= each.began:
                self.gaps.pop(key, None)
            else:
                self.gaps[key] = each

    def watch(self) -> "Kept":
        """Live through the world: a look a second, whatever rows there are, a scan every five seconds."""
        rows = iter([*self.world.rows(), (self.world.end, Tick(blind=True))])
        at, entry = next(rows)
        looked = START
        for now in range(START, self.world.end, SECOND // 2):
            if self.world._during(now, "database", "monitor"):
                continue
            if now - looked > 3 * SECOND:
                self._came_back(looked, now)
            looked = now
            self.sight.suspect(self._look(now))
            while at <= now:
                self._take(at, entry)
                at, entry = next(rows)
            self.note(self.sight.look(self._look(now)))
            if self.sight.lost_since is None and now % (5 * SECOND) == 0:
                self.note(self.hearing.silent(min(now, self.sight.seen), self.sight.gaps))
        return self

    def _came_back(self, looked: Instant, now: Instant) -> None:
        if self.world._during(looked, "database") or self.world._during(looked + SECOND, "database"):
            self.sight.away(looked + SECOND, now)
        else:
            self.note(self.sight.resume(self.sight.seen, looked, now, []))

    def _take(self, at: Instant, entry: ReadingEntry | Tick) -> None:
        if isinstance(entry, Tick):
            self.note(self.sight.tick(at, entry))
        else:
            self.note(self.hearing.words([entry], self.sight.spans(at)))

    def _look(self, now: Instant) -> Look:
        absent = [fault.ended for fault in self.world._of("gateway", "database") if fault.began <= now]
        gateway = None if self.world._during(now, "gateway") else max(absent, default=START)
        began = max((fault.ended for fault in self.world._of("database") if fault.ended <= now), default=START)
        return Look(now, None, gateway, began)
