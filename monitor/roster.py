"""Who is watched, by what, and whom each device's readings reach: subjects made from the log's facts. Pure.

People are numbered, and laid into a checkpoint's chunks, in the order in which the log's facts first name them.
Facts are never pruned, so that order is the same after every restart. A home is a subject only once something can
be said of it, as most never are; its chunk follows from its id.

Watches are compiled once for all people who are watched alike.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from heapq import heappop, heappush
from zlib import crc32

from monitor import faults
from monitor.facts import Fact, Facts, Home, RawFact, Version
from monitor.home import HomeWatch, compile_home_watch, is_nobodys
from monitor.routes import Routes
from monitor.subjects import Core, Kept, Subject, key_of, partition_of
from monitor.watch import Outlook, Watch, compile_outlook
from schema.alarms import SubjectKind
from schema.entries import HomeSet, PersonSet, PlanSet
from schema.instants import Instant

CHUNK = 256
"""People a checkpoint keeps in one row."""
_OF_HOMES = 1_000_000
"""Chunks of homes are numbered from here on, so that nobody's place hangs on them."""
_CHUNKS_OF_HOMES = 16

Key = tuple[SubjectKind, str]
Failed = list[tuple[Subject, Exception]]


class Roster:
    """The subjects one monitor owns, and the facts of all."""

    def __init__(self, owns: Callable[[str], bool], cores: dict[SubjectKind, Core]) -> None:
        self.facts = Facts()
        self._in_order: list[Subject | None] = []  # by serial; None: a home of which there was nothing to say
        self.chunks: dict[tuple[int, int], list[Subject]] = {}  # by (partition, chunk)
        self.routes = Routes()
        self._owns = owns
        self._cores = cores
        self._subjects: dict[SubjectKind, dict[str, Subject]] = {"person": {}, "home": {}, "service": {}}
        self._in_partition: dict[int, int] = {}  # people
        self._starts: list[tuple[Instant, str]] = []  # when a plan will start, and whose
        self._outlooks: dict[tuple[object, ...], Outlook] = {}
        self._kept: dict[Key, tuple[Kept, int]] = {}
        self._asleep: list[tuple[int, int]] = []  # (position up to which, serial) of restored subjects
        self.gateways = self._subject("service", faults.GATEWAY)
        if self.gateways:
            self.gateways.take_watch(None)

    def find(self, kind: SubjectKind, id_: str) -> Subject | None:
        """Return the subject, if there is one and it is ours."""
        return self._subjects[kind].get(id_)

    def home(self, id_: str, at: Instant) -> Subject | None:
        """Return a home as a subject, made one where it is known and ours: something is to be said of it."""
        subject, home = self.find("home", id_), self.facts.homes.get(id_)
        if subject is None and home is not None and (subject := self._subject("home", id_)):
            with suppress(Exception):  # then it is not watched, and a press there is nobody's
                self._watch(subject, home, at)
        return subject

    def take(self, fact: Fact, at: Instant) -> tuple[list[Subject], Failed]:
        """Take a fact in; return the subjects with another watch than before, and those that have none for an error."""
        told, failed = list[Subject](), Failed()
        for home in self.facts.take(fact):
            self._know(home)
            self._watch_home(home, at, told, failed)
        return told, failed

    def plans_started(self, at: Instant) -> tuple[list[Subject], Failed]:
        """Put plans in force whose start has come; return as `take` does."""
        told, failed = list[Subject](), Failed()
        while self._starts and self._starts[0][0] <= at:
            _, person = heappop(self._starts)
            self._watch_home(self.facts.people[person].home, at, told, failed)
        return told, failed

    def awake(self, position: int) -> list[Subject]:
        """Return the restored subjects that are stepped again from `position` on, each once."""
        woken = []
        while self._asleep and self._asleep[0][0] < position:
            subject = self._in_order[heappop(self._asleep)[1]]
            if subject is not None:
                woken.append(subject)
        return woken

    def everybody(self) -> Iterable[Subject]:
        """Return all subjects, in order of their serials."""
        return (subject for subject in self._in_order if subject is not None)

    def next_start(self) -> Instant | None:
        """Return when the next plan starts."""
        return self._starts[0][0] if self._starts else None

    def resume(
        self, position: int, at: Instant, facts: Iterable[Fact | RawFact], kept: Iterable[tuple[Kept, int]]
    ) -> None:
        """Know what a checkpoint knew: see `Fold.resume`."""
        self._kept = {(each.kind, each.id): (each, place) for each, place in kept}
        for subject in self.everybody():
            self._restore(subject)
        for fact in facts:
            for home in self.facts.take(fact):
                self._know(home)
        missing = [each.id for each in self.everybody() if each.kind != "home" and each.asleep_until < position]
        if missing:
            raise LookupError(f"the checkpoint has no state of {len(missing)} it should have, '{missing[0]}' for one")
        for kind, id_ in [key for key in self._kept if key[0] == "home"]:
            self._subject(kind, id_)
        for home in self.facts.homes:
            self._watch_home(home, at, [], [])

    def _know(self, home: str) -> None:
        for person in self.facts.residents(home):
            self._subject("person", person)

    def _subject(self, kind: SubjectKind, id_: str) -> Subject | None:
        """Return the subject, made anew where it must be; None where it is another monitor's."""
        subject = self._subjects[kind].get(id_)
        key = key_of(kind, id_)
        if subject is None and self._owns(key):
            subject = Subject(kind, id_, self._cores[kind], len(self._in_order))
            self.chunks.setdefault(self._place(kind, key), []).append(subject)
            self._subjects[kind][id_] = subject
            self._in_order.append(subject)
            self._restore(subject)
        return subject

    def _place(self, kind: SubjectKind, key: str) -> tuple[int, int]:
        """Return (partition, chunk) for a new subject."""
        partition = partition_of(key)
        if kind == "home":
            return partition, _OF_HOMES + crc32(key.encode()) // 16 % _CHUNKS_OF_HOMES
        before = self._in_partition.get(partition, 0)
        self._in_partition[partition] = before + 1
        return partition, before // CHUNK

    def _restore(self, subject: Subject) -> None:
        kept = self._kept.pop((subject.kind, subject.id), None)
        if kept:
            subject.restore(*kept)
            heappush(self._asleep, (subject.asleep_until, subject.serial))

    def _watch_home(self, id_: str, at: Instant, told: list[Subject], failed: Failed) -> None:
        """Give a home's subjects their watches anew."""
        home = self.facts.homes[id_]
        if _presses_are_the_homes(home):
            self._subject("home", home.id)
        else:
            self._let_go(home.id)
        keys: list[Key] = [("home", id_), *(("person", person) for person in home.residents)]
        subjects = [subject for kind, key in keys if (subject := self._subjects[kind].get(key))]
        for subject in subjects:
            try:
                if self._watch(subject, home, at):
                    told.append(subject)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must be watched
                failed.append((subject, error))
        self.routes.lay(home, subjects)

    def _let_go(self, id_: str) -> None:
        """Forget a home of which there is nothing to say."""
        subject = self._subjects["home"].get(id_)
        if subject is not None and subject.is_new():
            del self._subjects["home"][id_]
            self._in_order[subject.serial] = None
            place = self._place("home", key_of("home", id_))
            self.chunks[place].remove(subject)
            if not self.chunks[place]:
                del self.chunks[place]

    def _watch(self, subject: Subject, home: Home, at: Instant) -> bool:
        subject.home = home.id
        watch = self._compile(subject, home, at)
        if subject.watched and watch == subject.watch:
            return False
        subject.take_watch(watch)
        return True

    def _compile(self, subject: Subject, home: Home, at: Instant) -> Watch | HomeWatch:
        test_until = self.facts.test_until(home.id)
        if subject.kind == "home":
            described = HomeSet(home.id, home.zone, None, home.fitted.devices)
            return compile_home_watch(described, test_until, home.residents)
        starts = self.facts.next_start(subject.id, at)
        if starts is not None:
            heappush(self._starts, (starts, subject.id))
        plan, before = self.facts.plans(subject.id, at)
        return Watch(self._outlook(subject.id, home, plan, before, test_until), subject.id, home.id)

    def _outlook(
        self, person: str, home: Home, plan: Version | None, before: Version | None, test_until: Instant | None
    ) -> Outlook:
        """Return the outlook of all who are watched like this."""
        given, residents = self.facts.people[person].given, home.residents
        whose = (person, residents) if home.fitted.personal else len(residents) == 1
        # What facts say is kept once and for good (monitor.facts), so that its identity will do.
        key = (home.zone, id(home.fitted), id(given), _identity(plan), _identity(before), test_until, whose)
        outlook = self._outlooks.get(key)
        if outlook is None:
            outlook = self._outlooks[key] = compile_outlook(
                HomeSet("", home.zone, None, home.fitted.devices),
                PersonSet(person, "", given.consent, given.absences),
                plan and PlanSet(person, *plan),
                test_until,
                residents,
                before=before and PlanSet(person, *before),
            )
        return outlook


def _presses_are_the_homes(home: Home) -> bool:
    if len(home.residents) == 1 and not home.fitted.personal:
        return False
    return any(is_nobodys(each.device, home.residents) for each in home.fitted.devices)


def _identity(version: Version | None) -> tuple[int, int] | None:
    return None if version is None else (version.version, id(version.plan))
