"""A small stage on which stories of a house are told: who did what at what time, and what was said of it.

`Story` keeps the log's time. `at("02:14", "bed-1 out")` lets time pass second by second, as ticks do, up to
then and brings the reading; `until("02:35")` only lets time pass. What was said stands in `said`; `expect`
names it shortly. Times are the wall clock in the home's zone, and go forward only.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from monitor import person as core
from monitor.person_state import PersonState
from monitor.quiet import taken_quietly
from monitor.stimuli import AlarmWasClosed, PersonHasAnswered, ReadingArrived, Stimulus, TimePassed, WatchChanged
from monitor.watch import Watch, compile_watch
from schema.entries import HomeSet, NumberedDevice, PersonSet, PlanSet, ReadingEntry
from schema.findings import FindingChange
from schema.instants import SECOND, Instant, instant
from schema.localtime import clock_text, zone_named
from schema.people import Absence, Consent, Device
from schema.plans import CarePlan

ZONE = "Europe/London"
DAY = date(2026, 11, 22)

DEVICES = (
    Device(id="hub", kind="hub"),
    Device(id="pendant-1", kind="button"),
    Device(id="bed-1", kind="bed", room="bedroom"),
    Device(id="door-1", kind="door", room="hall", exit=True),
    Device(id="motion-1", kind="motion", room="hall"),
    Device(id="motion-2", kind="motion", room="bathroom"),
    Device(id="fall-1", kind="fall", room="bathroom"),
    Device(id="pills-1", kind="pill", room="kitchen"),
    Device(id="fridge", kind="door", room="kitchen"),
    Device(id="motion-3", kind="motion", room="bedroom"),
)
NUMBERS = {device.id: number for number, device in enumerate(DEVICES, 1)}


def plan(*rules: dict[str, Any], starts: date | None = None, version: int = 1) -> PlanSet:
    """Return a plan of rules written as in people.yaml."""
    made = msgspec.convert({"rules": list(rules), "starts": starts}, CarePlan)
    return PlanSet("ada", version, made)


def watch_of(
    *rules: dict[str, Any],
    devices: tuple[Device, ...] = DEVICES,
    zone: str = ZONE,
    absences: tuple[tuple[str, str], ...] = (),
    consent: Consent | None = None,
    test_until: Instant | None = None,
    residents: tuple[str, ...] = ("ada",),
    planned: PlanSet | None = None,
    before: PlanSet | None = None,
) -> Watch:
    """Compile Ada's watch in a home with these devices."""
    home = HomeSet("home-1", zone, None, tuple(NumberedDevice(n, d) for n, d in enumerate(devices, 1)))
    away = tuple(Absence(starts=leaves, ends=returns) for leaves, returns in absences)
    person = PersonSet("ada", "home-1", consent, away)
    chosen = planned or (plan(*rules) if rules else None)
    return compile_watch(home, person, chosen, test_until, residents, before=before)


@dataclass
class Story:
    """Ada's night, as it goes on."""

    watch: Watch
    start: str = "12:00"
    day: date = DAY
    state: PersonState = field(init=False)
    said: list[FindingChange] = field(default_factory=list)
    stimuli: list[Stimulus] = field(default_factory=list)
    now: Instant = 0
    seq: int = 0

    def __post_init__(self) -> None:
        self.state = core.new_state(self.watch)
        self.now = self.time(self.start)
        self.give(WatchChanged(self.now))

    def time(self, text: str, *, fold: int = 0) -> Instant:
        """Read `02:14`, `02:14:30` or `2026-11-23 02:14`: the next such time, where no day is named."""
        if " " in text:
            day, _, clock = text.partition(" ")
            shown = datetime.combine(date.fromisoformat(day), _clock(clock))
        else:
            shown = datetime.combine(self.day, _clock(text))
        zone = zone_named(self.watch.zone)
        at = instant(shown.replace(tzinfo=zone, fold=fold))
        while " " not in text and at < self.now:
            shown += timedelta(days=1)
            at = instant(shown.replace(tzinfo=zone, fold=fold))
        return at

    def give(self, stimulus: Stimulus) -> tuple[FindingChange, ...]:
        """Step once."""
        self.stimuli.append(stimulus)
        self.now = stimulus.at
        if isinstance(stimulus, ReadingArrived):  # as the fold gives them: the short way where it is open
            place = stimulus.place or stimulus.entry.device
            if taken_quietly(self.state, stimulus.entry, place, self.now, self.watch):
                return ()
        self.state, said = core.step(self.state, stimulus, self.watch)
        self.said.extend(said)
        return said

    def until(self, text: str, *, blind: bool = False, behind: bool = False, fold: int = 0) -> "Story":
        """Let time pass, with a tick each second at which anything is due, as the fold gives them."""
        return self.until_instant(self.time(text, fold=fold), blind=blind, behind=behind)

    def until_instant(self, end: Instant, *, blind: bool = False, behind: bool = False) -> "Story":
        """Let time pass up to an instant."""
        if blind:
            self.give(TimePassed(self.now, blind=True))
        while not blind and (due := self._next_tick(end)) is not None:
            self.give(TimePassed(due, behind=behind, stored_until=due))
        self.give(TimePassed(end, blind=blind, behind=behind, stored_until=end))
        return self

    def _next_tick(self, end: Instant) -> Instant | None:
        due = self.state.wake_at
        if due is None:
            return None
        tick = max(self.now + SECOND, -(-due // SECOND) * SECOND)
        return tick if tick < end else None

    def at(self, text: str, *facts: str, fold: int = 0, **more: Any) -> "Story":
        """Let time pass up to then, and bring readings: `bed-1 out`, `pendant-1 pressed`."""
        self.until(text, fold=fold)
        for fact in facts:
            self.bring(fact, **more)
        return self

    def bring(self, fact: str, *, seen: str | Instant | None = None, kind: str | None = None, **more: Any) -> "Story":
        """Bring a reading now; `seen` is when it was observed, if earlier."""
        name, _, value = fact.partition(" ")
        number = next(n for n, each in self.watch.devices.items() if each.id == name)
        observed = self.now if seen is None else seen if isinstance(seen, int) else self._past(seen)
        self.seq += 1
        kind = kind or ("heartbeat" if value == "alive" else self.watch.devices[number].device.kind)
        entry = ReadingEntry(number, kind, value, observed, self.now, more.pop("seq", self.seq), **more)
        self.give(ReadingArrived(entry, self.now))
        return self

    def _past(self, text: str) -> Instant:
        at = self.time(text)
        return at if at <= self.now else at - 24 * 3600 * SECOND

    def closes(self, text: str, *findings: str) -> "Story":
        """Let somebody close the alarm of what runs (or of these findings)."""
        self.until(text)
        self.give(AlarmWasClosed(findings or tuple(self.running()), self.now))
        return self

    def answers(self, text: str) -> "Story":
        """Let the person say that they are well."""
        self.until(text)
        self.give(PersonHasAnswered(tuple(self.running()), self.now))
        return self

    def goes_by(self, watch: Watch) -> "Story":
        """Change the watch."""
        self.watch = watch
        self.give(WatchChanged(self.now))
        return self

    def running(self) -> list[str]:
        """Return the ids of what runs."""
        return [kept.running.id for kept in self.state.own.rules.values() if kept.running is not None]

    @property
    def told(self) -> list[str]:
        """What was said, shortly: `02:34 raised bed-night`."""
        return [f"{clock_text(each.at, self.watch.zone)} {each.change} {each.finding.rule}" for each in self.said]

    @property
    def last(self) -> FindingChange:
        """The last that was said."""
        return self.said[-1]


def _clock(text: str) -> Any:
    return datetime.strptime(text, "%H:%M:%S" if text.count(":") == 2 else "%H:%M").time()  # noqa: DTZ007
