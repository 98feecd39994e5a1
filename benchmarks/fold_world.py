"""A world for measuring the monitor: homes with eight devices, people with eight rules, readings as lives tell them.

Seeded, so that every run reads the same. Of a hundred readings some 74 are movement beginning or ending, every third
time in another room; 16 heartbeats, 6 of doors (one in six of them the front door), 3 or 4 of beds; one in 200 is of a
pill box, one in 5,000 a press. Whose reading is next is drawn
evenly from all people: the hardest case for a processor's caches.
"""

import random
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schema.entries import Entry, HomeSet, NumberedDevice, PersonSet, PlanSet, ReadingEntry, Tick
from schema.instants import MINUTE, SECOND, Duration, Instant, parse_instant
from schema.people import Consent, Device
from schema.plans import CarePlan

BEGINS = parse_instant("2026-11-22T14:00:00Z")
PACE: Duration = MINUTE
"""How long after a reading of somebody's the next one comes, on average: ten times as often as in a calm home."""
ROW = 500
"""Readings in a row of the log: what arrives while the last one is committed, under load."""

_FITTED = (
    ("hub", "hub", None), ("pendant-1", "button", None), ("bed-1", "bed", "bedroom"), ("front", "door", "hall"),
    ("fridge", "door", "kitchen"), ("motion-1", "motion", "hall"), ("motion-2", "motion", "bathroom"),
    ("motion-3", "motion", "kitchen"), ("pills-1", "pill", "kitchen"),
)  # fmt: skip
DEVICES = len(_FITTED)
_HUB, _PENDANT, _BED, _FRONT, _FRIDGE, _PILLS = 0, 1, 2, 3, 4, 8
_MOTION = (5, 6, 7)
_DRAWN = 10_000
_STANDS_OPEN: Duration = 20 * SECOND
_CONSENT = Consent(covers=("motion", "door", "bed", "pill"))


class Row(NamedTuple):
    """A row of the log, its entries still packed by whoever wants them so."""

    at: Instant
    entries: list[Entry]


def facts(people: int) -> Iterator[list[Entry]]:
    """Give each person's home, themselves and one of two dozen plans of eight rules, as loading a file would."""
    devices = [Device(id=id_, kind=kind, room=room, exit=id_ == "front") for id_, kind, room in _FITTED]  # type: ignore[arg-type]
    plans = [_plan(number) for number in range(24)]
    for number in range(people):
        home, person = f"home-{number:06}", f"person-{number:06}"
        numbered = tuple(NumberedDevice(number * DEVICES + place, each) for place, each in enumerate(devices, 1))
        yield [
            HomeSet(home, "Europe/London", None, numbered),
            PersonSet(person, home, _CONSENT, ()),
            PlanSet(person, 1, plans[number % len(plans)]),
        ]


def _plan(number: int) -> CarePlan:
    rules = [
        {"rule": "button", "policy": "urgent"},
        {"rule": "fall", "cancel_within": "30s"},
        {"rule": "bed_exit", "between": "22:00-07:00", "longer_than": ("20m", "30m", "45m")[number % 3]},
        {"rule": "not_up", "by": ("09:30", "10:30")[number % 2]},
        {"rule": "inactivity", "between": "07:00-22:00", "longer_than": ("2h", "3h", "4h", "6h")[number // 6]},
        {"rule": "wandering", "between": "22:00-06:00", "longer_than": "10m"},
        {"rule": "door_open", "longer_than": "15m"},
        {"rule": "silence", "device": "hub", "longer_than": "1h"},
    ]
    return msgspec.convert({"rules": rules}, CarePlan)


class Lives:
    """Everybody's life, as readings tell it; goes on from where it was."""

    def __init__(self, people: int, seed: int = 1) -> None:
        self.at = BEGINS
        self._people = people
        self._random = random.Random(seed)  # noqa: S311 - drawn lots, not secrets
        self._open = deque[tuple[Instant, int, int]]()  # until when, whose, which door
        self._in_bed = bytearray(people)
        self._room = bytearray(people)
        self._seq = 0

    def first_words(self) -> Iterator[Row]:
        """Let every device be heard once, as after a day or two all have been."""
        doors, movement = [("door", "closed")] * 2, [("motion", "detected")] * len(_MOTION)
        alive = ("heartbeat", "alive")
        words = (alive, alive, ("bed", "out"), *doors, *movement, ("pill", "opened"))
        for person in range(self._people):
            self.at += SECOND // 1000
            yield Row(self.at, [self._entry(person, device, *said) for device, said in enumerate(words)])

    def rows(self, readings: int) -> Iterator[Row]:
        """Give so many readings, in rows, and the ticks between them."""
        each, ticked_at = PACE * ROW // self._people, self.at
        for _ in range(readings // ROW):
            ends = self.at + each
            while ends - ticked_at > SECOND:
                ticked_at += SECOND
                yield Row(ticked_at, [Tick()])
            entries: list[Entry] = []
            for index in range(ROW):
                self.at = ends - each + each * index // ROW
                entries.append(self._next())
            self.at = max(ends, ticked_at + 1)
            yield Row(self.at, entries)

    def _next(self) -> ReadingEntry:
        if self._open and self._open[0][0] <= self.at:
            return self._entry(*self._open.popleft()[1:], "door", "closed")
        drawn, person = self._random.randrange(_DRAWN), self._random.randrange(self._people)
        if drawn < 7600:
            if drawn < 3800 and drawn % 3 == 0:
                self._room[person] = (self._room[person] + 1) % len(_MOTION)
            return self._entry(person, _MOTION[self._room[person]], "motion", "detected" if drawn < 3800 else "clear")
        if drawn < 9300:
            return self._entry(person, _HUB if drawn < 9000 else drawn % DEVICES, "heartbeat", "alive")
        if drawn < 9600:
            door = _FRONT if drawn < 9350 else _FRIDGE
            self._open.append((self.at + _STANDS_OPEN, person, door))
            return self._entry(person, door, "door", "open")
        if drawn < 9950:
            self._in_bed[person] ^= 1
            return self._entry(person, _BED, "bed", "in" if self._in_bed[person] else "out")
        rare = (_PILLS, "pill", "opened") if drawn < 9998 else (_PENDANT, "button", "pressed")
        return self._entry(person, *rare)

    def _entry(self, person: int, device: int, kind: str, value: str) -> ReadingEntry:
        self._seq += 1
        seen, number = self.at - self.at % 1000, person * DEVICES + device + 1
        return ReadingEntry(number, kind, value, seen, self.at + 40_000, self._seq, battery=0.9, signal=-60)
