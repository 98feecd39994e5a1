"""Who is due when: a heap that costs nothing while nobody is, however many people it holds. Pure.

A subject's next deadline moves with nearly every reading, mostly to later. So the heap holds one live entry
a subject, at the earliest time it has been told; an entry that comes up too early is put back at the right
one, and one that was overtaken by an earlier is dropped when it comes up.
"""

from array import array
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from schema.instants import Instant


class Due(Protocol):
    """What the agenda needs of a subject; `due` is the agenda's own to write."""

    serial: int  # unique; breaks ties, so that a replay steps in the same order
    due: Instant | None


SubjectT = TypeVar("SubjectT", bound=Due)
_SERIAL_BITS = 32
_SERIALS = (1 << _SERIAL_BITS) - 1
_NOT: Instant = -1


class Agenda(Generic[SubjectT]):
    """Subjects by the instant at which each is next due."""

    def __init__(self) -> None:
        self._heap: list[int] = []  # instants, each with a serial below: one number takes half of what a pair does
        self._subjects: list[SubjectT | None] = []  # by serial
        self._queued = array("q")  # by serial: when its live entry comes up; _NOT where it has none

    def put(self, subject: SubjectT, due: Instant | None) -> None:
        """Set when the subject is next due, or that it waits for nothing."""
        subject.due = due
        if due is None:
            return
        serial = subject.serial
        short = serial + 1 - len(self._subjects)
        if short > 0:
            self._subjects += [None] * short
            self._queued.extend([_NOT] * short)
        queued = self._queued[serial]
        if queued == _NOT or due < queued:
            self._queued[serial] = due
            self._subjects[serial] = subject
            heappush(self._heap, due << _SERIAL_BITS | serial)

    def take_due(self, at: Instant) -> list[SubjectT]:
        """Take off those due at `at` or earlier, earliest first; each comes back by `put`."""
        heap = self._heap
        found = []
        while heap and heap[0] >> _SERIAL_BITS <= at:
            subject = self._pop()
            if subject is None:
                continue
            if subject.due is not None and subject.due <= at:
                found.append(subject)
            else:
                self.put(subject, subject.due)
        return found

    def not_before(self) -> Instant | None:
        """Return an instant before which nobody is due, as cheaply as can be; None: nobody waits."""
        return self._heap[0] >> _SERIAL_BITS if self._heap else None

    def next_due(self) -> Instant | None:
        """Return the earliest instant at which anybody is due."""
        while self._heap:
            queued, serial = self._heap[0] >> _SERIAL_BITS, self._heap[0] & _SERIALS
            subject = self._subjects[serial]
            assert subject is not None
            if queued == self._queued[serial] == subject.due:
                return queued
            popped = self._pop()
            if popped is not None:
                self.put(popped, popped.due)
        return None

    def _pop(self) -> SubjectT | None:
        entry = heappop(self._heap)
        serial = entry & _SERIALS
        if entry >> _SERIAL_BITS != self._queued[serial]:
            return None  # overtaken by an earlier entry, which came up before
        self._queued[serial] = _NOT
        return self._subjects[serial]
