"""The fold: the log goes in, findings come out. Pure: no clock, no database, and the same log says the same.

Promises
- What it knows at a position is a function of the log up to there and of nothing else. Restored from a
  checkpoint, each subject at its own position, it goes on as if it had never stopped.
- Time is the log's. Deadlines fire at ticks only; while ticks are blind, those that rest on silence wait.
- A tick at which nobody is due costs next to nothing, however many are watched.
- A subject whose step throws is said to be failing, and keeps nobody else from being watched.
"""

from collections.abc import Callable, Iterable
from typing import assert_never, get_args

from monitor import faults
from monitor.agenda import Agenda
from monitor.facts import Fact, RawFact
from monitor.home import press_in_unknown_home
from monitor.roster import Failed, Roster
from monitor.stimuli import (
    AlarmWasClosed,
    PersonHasAnswered,
    ReadingArrived,
    Stimulus,
    TimePassed,
    UnregisteredPressArrived,
    WatchChanged,
)
from monitor.subjects import GATEWAYS, HOME, PERSON, RETRY_AFTER, Core, Kept, Subject, key_of
from schema.alarms import SubjectKind
from schema.entries import (
    AlarmClosed,
    Entry,
    HomeSet,
    PersonAnswered,
    PersonSet,
    PlanSet,
    ReadingEntry,
    TestModeSet,
    Tick,
    UnregisteredPress,
)
from schema.findings import FindingChange
from schema.instants import Instant

_KINDS: tuple[SubjectKind, ...] = get_args(SubjectKind)
_TAKEN_BACK = frozenset({"cancelled", "recovered"})


def everything(key: str) -> bool:  # noqa: ARG001 - one answer for every key
    """Own every subject: for a monitor on its own, and for replays."""
    return True


class Fold:
    """Every person, home and the gateways, as of the last row stepped.

    `owns` tells by a subject's key whether it is ours; `person` and `home` are the pure cores.
    """

    def __init__(self, owns: Callable[[str], bool] = everything, *, person: Core = PERSON, home: Core = HOME) -> None:
        self.position = 0
        self.at: Instant = 0  # of the last row
        self.blind_at: Instant | None = None  # of the last tick, where it was blind
        self.unknown_readings = 0  # of devices the log has not named yet
        self._owns = owns
        self._roster = Roster(owns, {"person": person, "home": home, "service": GATEWAYS})
        self._agenda = Agenda[Subject]()
        self._said: list[FindingChange] = []

    # --- what the shell and the replay ask -----------------------------------------------------------

    def step(self, position: int, committed_at: Instant, entry: Entry) -> list[FindingChange]:
        """Step one entry of the row at `position` (from 1, never back); return what is to be said of it, in order."""
        return self.row(position, committed_at, (entry,))

    def row(self, position: int, committed_at: Instant, entries: Iterable[Entry]) -> list[FindingChange]:
        """Step all entries of one row; return what is to be said of it, in order. As `step` for each, and faster."""
        if position != self.position:
            self._begin(position, committed_at)
        routes = self._roster.routes
        everywhere, places = routes.reached, routes.places
        for entry in entries:
            if type(entry) is not ReadingEntry:
                self._step(entry, committed_at)
                continue
            number = entry.device
            if 0 <= number < len(places):
                reached, place = everywhere[number], places[number]
            else:
                reached, place = routes.of(number)
            if reached is None:
                self._unknown(entry)
            elif isinstance(reached, tuple):
                for subject in reached:
                    self._hear(subject, entry, place)
            else:
                self._hear(reached, entry, place)
        return self._hand_over()

    def begin(self, position: int, committed_at: Instant) -> list[FindingChange]:
        """Begin a row, which may hold no entry; return what follows from its time alone."""
        if position != self.position:
            self._begin(position, committed_at)
        return self._hand_over()

    def unreadable(self, position: int, committed_at: Instant, why: str) -> list[FindingChange]:
        """Say that the row, or a part of it, cannot be read."""
        said = self.begin(position, committed_at)
        if self._owns(key_of("service", faults.LOG)):
            said.append(faults.unreadable_row(position, committed_at, why))
        return said

    def next_due(self) -> Instant | None:
        """Return when a tick would next find something due; None: nothing waits for time."""
        times = (self._agenda.next_due(), self._roster.next_start())
        return min((at for at in times if at is not None), default=None)

    def may_be_due(self, at: Instant) -> bool:
        """Tell whether `next_due` need be asked at all: for a rehearsal, which asks before each reading."""
        due, starts = self._agenda.not_before(), self._roster.next_start()
        return (due is not None and due <= at) or (starts is not None and starts <= at)

    # --- checkpoints ---------------------------------------------------------------------------------

    def chunks(self) -> list[tuple[int, int]]:
        """Return (partition, chunk) of everything there is to keep."""
        return sorted(self._roster.chunks)

    def keep(self, partition: int, chunk: int) -> list[Kept]:
        """Return the chunk's subjects as of `position`; ask between rows only."""
        return [subject.keep() for subject in self._roster.chunks.get((partition, chunk), ())]

    def resume(
        self,
        position: int,
        at: Instant,
        blind_at: Instant | None,
        facts: Iterable[Fact | RawFact],
        kept: Iterable[tuple[Kept, int]],
    ) -> None:
        """Take a new fold up at `position`, from all facts up to it and the subjects kept there or further on.

        `at` and `blind_at` are what the fold had at `position`. `kept` gives each subject with its chunk's
        position, up to which it then sleeps. Raises LookupError where a subject the facts know is not kept,
        msgspec.DecodeError or ValueError where a state is of another make: from there nothing could be watched on.
        """
        self.position, self.at, self.blind_at = position, at, blind_at
        self._roster.resume(position, at, facts, kept)

    # --- one entry at a time -------------------------------------------------------------------------

    def _step(self, entry: Entry, committed_at: Instant) -> None:
        match entry:
            case Tick():
                self._tick(entry)
            case HomeSet() | PersonSet() | PlanSet() | TestModeSet():
                self._tell(*self._roster.take(entry, committed_at))
            case UnregisteredPress():
                self._unregistered(entry)
            case AlarmClosed():
                for kind in _KINDS:  # the entry names the subject's id alone, and the findings are nobody else's
                    self._give_to(kind, entry.subject, AlarmWasClosed(entry.findings, committed_at))
            case PersonAnswered():
                self._give_to("person", entry.person, PersonHasAnswered(entry.findings, committed_at))
            case ReadingEntry():
                raise AssertionError("readings are stepped where rows are")
            case _:
                assert_never(entry)

    def _begin(self, position: int, committed_at: Instant) -> None:
        self.position, self.at = position, committed_at
        for subject in self._roster.awake(position):
            self._schedule(subject)
        starts = self._roster.next_start()
        if starts is not None and starts <= committed_at:
            self._tell(*self._roster.plans_started(committed_at))

    def _hear(self, subject: Subject, entry: ReadingEntry, place: int) -> None:
        if subject.asleep_until >= self.position or not subject.watched:
            return
        quietly = subject.core.taken_quietly
        try:
            if quietly is not None and quietly(subject.state, entry, place, self.at, subject.watch):
                return
        except Exception:  # noqa: BLE001, S110 - whatever it is, the long way meets it as well, and says it
            pass
        self._give(subject, ReadingArrived(entry, self.at, place))

    def _unknown(self, entry: ReadingEntry) -> None:
        """Count it; a press or a fall is said all the same, as somebody somewhere needs help."""
        self.unknown_readings += 1
        if entry.kind in ("button", "fall") and entry.value not in _TAKEN_BACK and not entry.retained:
            name, why = f"number {entry.device}", "the monitor does not know the device"
            self._nobodys(UnregisteredPress("", name, entry.kind, entry.observed_at, entry.received_at, why))

    def _unregistered(self, press: UnregisteredPress) -> None:
        home = self._roster.home(press.home, self.at)
        if home is not None and home.watched:
            self._give(home, UnregisteredPressArrived(press, self.at))
        elif home is not None or press.home not in self._roster.facts.homes:
            self._nobodys(press)

    def _nobodys(self, press: UnregisteredPress) -> None:
        try:
            change = press_in_unknown_home(press, self.at)
        except Exception as error:  # noqa: BLE001 - a press is said, whatever else
            change = faults.press_failed(press.home, self.at, error)
        if self._owns(key_of(change.finding.subject_kind, change.finding.subject)):
            self._said.append(change)

    def _tick(self, tick: Tick) -> None:
        turned = (self.blind_at is not None) != tick.blind
        self.blind_at = self.at if tick.blind else None
        stimulus = TimePassed(self.at, tick.behind, tick.blind, tick.stored_until)
        gateways = self._roster.gateways
        if gateways:
            self._give(gateways, stimulus)
        due = self._agenda.take_due(self.at)
        for subject in self._roster.everybody() if turned else due:
            if subject is not gateways:
                self._give(subject, stimulus)
        for subject in due:
            self._schedule(subject)  # taken off the agenda, whatever came of it

    def _tell(self, told: list[Subject], failed: Failed) -> None:
        for subject, error in failed:
            if self.position > subject.asleep_until:
                self._failed(subject, error)
        for subject in told:
            self._give(subject, WatchChanged(self.at))

    def _give_to(self, kind: SubjectKind, id_: str, stimulus: Stimulus) -> None:
        subject = self._roster.find(kind, id_)
        if subject is not None:
            self._give(subject, stimulus)

    def _give(self, subject: Subject, stimulus: Stimulus) -> None:
        if self.position <= subject.asleep_until or not subject.watched:
            return
        try:
            subject.state, said = subject.core.step(subject.state, stimulus, subject.watch)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must be watched
            self._failed(subject, error)
        else:
            if said:
                self._said.extend(said)
        if subject.state.wake_at != subject.due:
            self._schedule(subject)

    def _schedule(self, subject: Subject) -> None:
        if not subject.watched:
            return
        try:
            due = subject.next_due(self.blind_at)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(subject, error)
            due = self.at + RETRY_AFTER
        self._agenda.put(subject, due)

    def _failed(self, subject: Subject, error: Exception) -> None:
        if subject.note_failure(self.at):
            self._said.append(faults.step_failed(subject.kind, subject.id, subject.home, self.at, error))

    def _hand_over(self) -> list[FindingChange]:
        if not self._said:
            return []
        said, self._said = self._said, []
        return said
