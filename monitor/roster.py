"""Who is watched, by what, and whom each device's readings reach: subjects made from the log's facts. Pure.

Subjects are numbered, and laid into a checkpoint's chunks, in the order in which the log's facts first name
them. Facts are never pruned, so that order is the same after every restart.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from monitor import faults
from monitor.facts import Fact, Facts
from monitor.home import compile_home_watch
from monitor.subjects import Core, Kept, Subject, key_of
from monitor.watch import compile_watch
from schema.alarms import SubjectKind
from schema.entries import HomeSet
from schema.instants import Instant

CHUNK = 256
"""Subjects a checkpoint keeps in one row."""

Key = tuple[SubjectKind, str]
Failed = list[tuple[Subject, Exception]]


class Roster:
    """The subjects one monitor owns, and the facts of all."""

    def __init__(self, owns: Callable[[str], bool], cores: dict[SubjectKind, Core]) -> None:
        self.facts = Facts()
        self.in_order: list[Subject] = []
        self.chunks: dict[tuple[int, int], list[Subject]] = {}  # by (partition, chunk)
        self.reached: dict[int, tuple[Subject, ...]] = {}  # by a device's readings; no entry: an unknown device
        self._owns = owns
        self._cores = cores
        self._subjects: dict[Key, Subject] = {}
        self._in_partition: dict[int, int] = {}
        self._numbers: dict[str, tuple[int, ...]] = {}  # of a home's devices
        self._starts: list[tuple[Instant, str]] = []  # when a plan will start, and whose
        self._kept: dict[Key, tuple[Kept, int]] = {}
        self._asleep: list[tuple[int, int]] = []  # (position up to which, serial) of restored subjects
        self.gateways = self._subject("service", faults.GATEWAY)
        if self.gateways:
            self.gateways.take_watch(None)

    def find(self, kind: SubjectKind, id_: str) -> Subject | None:
        """Return the subject, if it is known and ours."""
        return self._subjects.get((kind, id_))

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
            woken.append(self.in_order[heappop(self._asleep)[1]])
        return woken

    def next_start(self) -> Instant | None:
        """Return when the next plan starts."""
        return self._starts[0][0] if self._starts else None

    def resume(self, position: int, at: Instant, facts: Iterable[Fact], kept: Iterable[tuple[Kept, int]]) -> None:
        """Know what a checkpoint knew: see `Fold.resume`."""
        self._kept = {(each.kind, each.id): (each, place) for each, place in kept}
        for subject in self.in_order:
            self._restore(subject)
        for fact in facts:
            for home in self.facts.take(fact):
                self._know(home)
        missing = [subject.key for subject in self.in_order if subject.asleep_until < position]
        if missing:
            raise LookupError(f"the checkpoint has no state of {len(missing)} it should have, '{missing[0]}' for one")
        for home in self.facts.homes:
            self._watch_home(home, at, [], [])

    def _know(self, home: str) -> None:
        self._subject("home", home)
        for person in self.facts.residents(home):
            self._subject("person", person)

    def _subject(self, kind: SubjectKind, id_: str) -> Subject | None:
        """Return the subject, made anew where it must be; None where it is another monitor's."""
        subject = self._subjects.get((kind, id_))
        if subject is None and self._owns(key_of(kind, id_)):
            subject = Subject(kind, id_, self._cores[kind], len(self.in_order))
            before = self._in_partition.get(subject.partition, 0)
            self._in_partition[subject.partition] = before + 1
            self.chunks.setdefault((subject.partition, before // CHUNK), []).append(subject)
            self._subjects[kind, id_] = subject
            self.in_order.append(subject)
            self._restore(subject)
        return subject

    def _restore(self, subject: Subject) -> None:
        kept = self._kept.pop((subject.kind, subject.id), None)
        if kept:
            subject.restore(*kept)
            heappush(self._asleep, (subject.asleep_until, subject.serial))

    def _watch_home(self, home: str, at: Instant, told: list[Subject], failed: Failed) -> None:
        """Compile the watches of a home's subjects anew."""
        about = self.facts.homes[home]
        keys: list[Key] = [("home", home), *(("person", person) for person in self.facts.residents(home))]
        subjects = [subject for key in keys if (subject := self._subjects.get(key))]
        for subject in subjects:
            try:
                if self._watch(subject, about, at):
                    told.append(subject)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must be watched
                failed.append((subject, error))
        self._route(about, subjects)

    def _watch(self, subject: Subject, home: HomeSet, at: Instant) -> bool:
        subject.home = home.home
        watch = self._compile(subject, home, at)
        if subject.watched and watch == subject.watch:
            return False
        subject.take_watch(watch)
        return True

    def _compile(self, subject: Subject, home: HomeSet, at: Instant) -> object:
        facts = self.facts
        test_until, residents = facts.test_until(home.home), facts.residents(home.home)
        if subject.kind == "home":
            return compile_home_watch(home, test_until, residents)
        starts = facts.next_start(subject.id, at)
        if starts is not None:
            heappush(self._starts, (starts, subject.id))
        plan, before = facts.plans(subject.id, at)
        return compile_watch(home, facts.people[subject.id], plan, test_until, residents, before=before)

    def _route(self, home: HomeSet, subjects: list[Subject]) -> None:
        for number in self._numbers.pop(home.home, ()):
            self.reached.pop(number, None)
        self._numbers[home.home] = tuple(each.number for each in home.devices)
        for number in self._numbers[home.home]:
            self.reached[number] = tuple(subject for subject in subjects if subject.hears(number))
