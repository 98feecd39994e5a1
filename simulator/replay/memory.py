"""The world in memory: the gateway's and the monitor's pure halves, without broker or database.

Promises the findings of the real parts, to the id and the instant: the same decoding, the same preparing of a
message, the same fold; what a reading's identity decides in the database (`gateway.store`) a dictionary
decides here, one message at a time, as a replay delivers them.
"""

from collections import Counter
from collections.abc import Sequence

from gateway import prepare
from gateway.dialects import topics
from gateway.identity import ALWAYS_NEW, CALLS
from gateway.message import Message, message
from gateway.prepare import Candidate
from gateway.registry import Directory, Registered
from gateway.store import SAME_IDENTITY, key
from monitor.fold import Fold
from schema.entries import AlarmClosed, Entry, ReadingEntry, Tick, UnregisteredPress
from schema.findings import FindingChange
from schema.instants import Instant
from schema.people_entries import entries
from schema.people_records import PeopleFile
from simulator.capture.lines import Line
from simulator.replay.lanes import lane_of, why_unheard

Content = tuple[str, float | None, int | None, object]


class Memory:
    """A house of the people of a file, in which messages arrive and time passes."""

    def __init__(self, people: PeopleFile, begins: Instant) -> None:
        self._readings = 0
        self._refused = Counter[str]()
        self._fold = Fold()
        self._position = 0
        self._at: Instant = begins - 1
        facts, numbers = entries(people)
        self._directory = directory(people, numbers)
        self._kept = Kept()
        self._append(begins, facts)

    def next_due(self) -> Instant | None:
        """Return when the next deadline is due."""
        return self._fold.next_due()

    async def tick(self, at: Instant) -> list[FindingChange]:
        """Fire what is due."""
        return self._append(at, [Tick()])

    async def close(self, at: Instant, closed: Sequence[AlarmClosed]) -> list[FindingChange]:
        """Let alarms be closed by a human."""
        return self._append(at, closed)

    async def deliver(self, line: Line) -> list[FindingChange]:
        """Store and fold the message, as the gateway would have it and the monitor after it."""
        if lane_of(line) is None:
            self._refused[why_unheard(line)] += 1
            return []
        arrived = message(line.topic, line.payload, line.at)
        prepared = prepare.prepare(arrived, prepare.read(arrived), self._directory)
        if prepared.refusal is not None:
            self._refused[prepared.refusal.reason] += 1
        told: list[Entry] = [*prepared.presses]
        for candidate in prepared.candidates:
            told += self._store(candidate, arrived)
        told.sort(key=lambda entry: isinstance(entry, ReadingEntry))  # the log tells calls for help first
        return self._append(line.at, told) if told else []

    async def told(self) -> tuple[int, Counter[str]]:
        """Return the readings stored, and the messages refused by reason."""
        return self._readings, self._refused

    def _store(self, candidate: Candidate, arrived: Message) -> list[Entry]:
        """Return what the log is told of one reading."""
        entry, verdict = candidate.entry, self._kept.put(candidate)
        if verdict == "new":
            self._readings += 1
            return [entry]
        if verdict == "same":
            return []
        self._refused[SAME_IDENTITY] += 1
        address = topics.read(arrived.topic)
        if address is None or (entry.kind, entry.value) not in CALLS:
            return []
        return [
            UnregisteredPress(
                address.home, address.rest, entry.kind, entry.observed_at, entry.received_at, SAME_IDENTITY
            )
        ]

    def _append(self, at: Instant, told: Sequence[Entry]) -> list[FindingChange]:
        self._position += 1
        self._at = max(at, self._at + 1)
        return [change for entry in told for change in self._fold.step(self._position, self._at, entry)]


class Kept:
    """What is stored, by identity: which readings are new, the same again, or another under the same name."""

    def __init__(self) -> None:
        self._contents: dict[tuple[int, int, int, int, str], Content] = {}
        self._undated: dict[tuple[int, int, int, str], Instant] = {}

    def put(self, candidate: Candidate) -> str:
        """Keep the reading if it is `new`; else tell `same`, or `other` where it says otherwise than what is kept."""
        entry, name = candidate.entry, candidate.undated
        place = key(entry)
        if name is not None:
            known = self._undated.get(name[:4])
            fresh = known is None or known < entry.received_at - name.same_for
            if fresh:
                self._undated[name[:4]] = entry.received_at
            elif name.same_for != ALWAYS_NEW and known is not None:
                place = (entry.device, known - known % 1000, entry.boot, entry.seq, entry.kind)
                return self._again(place, entry)
        if place in self._contents:
            return self._again(place, entry)
        self._contents[place] = _content(entry)
        return "new"

    def _again(self, place: tuple[int, int, int, int, str], entry: ReadingEntry) -> str:
        stored = self._contents.get(place)
        return "same" if stored is None or stored == _content(entry) else "other"


def directory(people: PeopleFile, numbers: dict[tuple[str, str], int]) -> Directory:
    """Return the devices of the file's homes as the gateway's registry would know them."""
    known = Directory()
    for home in people.homes:
        devices = (
            Registered(
                numbers[home.id, each.id], home.id, each.id, each.kind, each.dialect, each.address, retired=False
            )
            for each in home.devices
        )
        known.put(home.id, devices)
    return known


def _content(entry: ReadingEntry) -> Content:
    return entry.value, entry.battery, entry.signal, entry.samples
