"""What is heard of every device and home: who is silent for longer than they ever should be, and from when to when.

A gap runs from a device's last word to its next. Nobody can tell when in between it fell silent; this way no
minute is called seen that may not have been. How long is too long, the shortest of what is known:
- the plan's own `silence` rule for the device (of a hub: for the home);
- two and a half times its usual interval, once it has shown four heartbeats;
- 26 hours for what everyday life moves (bed, chair, door, motion) and for a home: so a quiet night is no gap, and
  nobody knows for a day that such a device is dead.
A pendant, fall sensor or pill box that shows no heartbeat has no limit: whether it lives is not known, and that is
what is said of it (docs/coverage.md).

A home's gap is its hub's: from `offline` to the next live word, or, where the hub was only silent, from the last
word of anything in the home to the next. Time in which we or the home could not be heard is nobody else's silence.
Words that come late fill the silence they were said in. Pure; flat arrays by device number, as there may be
600,000 of them (a Python object each would weigh ten times as much).
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from monitor.coverage import Change
from schema.entries import Entry, ReadingEntry
from schema.instants import HOUR, SECOND, Duration, Instant

AT_MOST: Duration = 26 * HOUR
AT_LEAST: Duration = 30 * SECOND
"""No heartbeat, however quick, makes a shorter silence a gap."""
MOVED_DAILY = frozenset({"bed", "chair", "door", "motion", "hub"})
BEATS = 4
_TIMES = 2.5
_LONGEST_BEAT: Duration = 13 * HOUR
_PAST = 4
_OF_EQUIPMENT = frozenset({"hub", "sensor"})

Span = tuple[Instant, Instant]


class Fitted(NamedTuple):
    """A device as it is fitted: what the keeper reads from the tables."""

    number: int
    home: str
    kind: str
    told: Duration = 0  # the longest silence its plan allows; 0: the plan says nothing
    usual: Duration = 0  # its heartbeat, as learned before; 0: never
    heard: Instant = 0  # its last word, as far as is known; 0: never


class _Home:
    __slots__ = ("hub", "id", "lost", "numbers", "past")

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.numbers: tuple[int, ...] = ()
        self.hub = -1
        self.lost: Change | None = None  # its open gap
        self.past: tuple[Span, ...] = ()  # the newest gaps that ended


class Hearing:
    """Every device and home, as of the last word heard."""

    def __init__(self) -> None:
        self.learned: dict[int, Duration] = {}  # usual intervals that are news since the keeper last took them
        self._heard = array("q")
        self._limit = array("q")
        self._told = array("q")
        self._daily = array("b")
        self._usual = array("q")
        self._beat_at = array("q")
        self._kept = array("q")  # the usual interval as the keeper has it
        self._beats = array("b")
        self._home = array("i")  # its home's place in the two below; -1: no device that is fitted
        self._homes: list[_Home] = []
        self._home_heard = array("q")
        self._home_limit = array("q")
        self._places: dict[str, int] = {}
        self._open: dict[int, Change] = {}  # by device
        self._said_gone = set[int]()  # whose hub said so: a gap however short
        self._past: dict[int, tuple[Span, ...]] = {}  # by device: gaps that ended, which late words may fill

    # --- who is there ---------------------------------------------------------------------------------

    def fit(self, home: str, devices: Iterable[Fitted], at: Instant) -> list[Change]:
        """Take in what a home has, whole, as of `at`: what is gone is no longer listened for."""
        place = self._place(home)
        there = self._homes[place]
        devices = list(devices)
        now = {each.number for each in devices}
        changes = [change for number in there.numbers if number not in now for change in self._unfit(number, at)]
        there.numbers = tuple(sorted(now))
        there.hub = next((each.number for each in devices if each.kind == "hub"), -1)
        for each in devices:
            self._fit(each, place, at)
        self._home_limit[place] = self._limit[there.hub] if there.hub >= 0 else AT_MOST
        if not self._home_heard[place]:
            self._home_heard[place] = max((self._heard[number] for number in now), default=at)
        return changes

    def resume(self, open_gaps: Iterable[Change], at: Instant) -> list[Change]:
        """Take up gaps that were left open; those of what is no longer there end."""
        ended = []
        for gap in open_gaps:
            if gap.what == "device" and gap.device is not None and self._known(gap.device):
                self._open[gap.device] = gap
                self._said_gone.add(gap.device)  # it may have been said: no gap that stood is taken back
                self._heard[gap.device] = gap.began
            elif gap.what == "home" and gap.home in self._places:
                self._homes[self._places[gap.home]].lost = gap
            elif gap.home is not None:
                ended.append(msgspec.structs.replace(gap, ended=at))
        return ended

    def _place(self, home: str) -> int:
        place = self._places.get(home)
        if place is None:
            place = self._places[home] = len(self._homes)
            self._homes.append(_Home(home))
            self._home_heard.append(0)
            self._home_limit.append(AT_MOST)
        return place

    def _fit(self, device: Fitted, place: int, at: Instant) -> None:
        number = device.number
        if number >= len(self._home):
            more = number + 1 - len(self._home) + 64
            for column in (self._heard, self._limit, self._told, self._usual, self._beat_at, self._kept):
                column.extend([0] * more)
            self._beats.extend([0] * more)
            self._daily.extend([0] * more)
            self._home.extend([-1] * more)
        if self._home[number] < 0:
            self._heard[number] = min(device.heard, at) or at
            self._usual[number] = self._kept[number] = device.usual
            self._beats[number] = BEATS if device.usual else 0
        self._home[number] = place
        self._told[number], self._daily[number] = device.told, device.kind in MOVED_DAILY
        self._set_limit(number)

    def _unfit(self, number: int, at: Instant) -> list[Change]:
        self._home[number] = -1
        self._past.pop(number, None)
        self._said_gone.discard(number)
        gap = self._open.pop(number, None)
        return [] if gap is None else [msgspec.structs.replace(gap, ended=at)]

    def _known(self, number: int) -> bool:
        return number < len(self._home) and self._home[number] >= 0

    def _set_limit(self, number: int) -> None:
        limit, told = AT_MOST if self._daily[number] else 0, self._told[number]
        if told and (told < limit or not limit):
            limit = told
        if self._beats[number] >= BEATS:
            by_beats = max(int(_TIMES * self._usual[number]), AT_LEAST)
            limit = min(limit, by_beats) if limit else by_beats
        self._limit[number] = limit
        place = self._home[number]
        if self._homes[place].hub == number:
            self._home_limit[place] = limit

    # --- what is said -----------------------------------------------------------------------------------

    def words(self, entries: Iterable[Entry], service: Sequence[Span] = ()) -> list[Change]:
        """Take in the readings among the entries; `service` are the spans in which we ourselves could not see."""
        home_of, heard, limits, opened = self._home, self._heard, self._limit, self._open
        home_heard, home_limits, homes, known = self._home_heard, self._home_limit, self._homes, len(self._home)
        changes: list[Change] = []
        for entry in entries:
            if type(entry) is not ReadingEntry:
                continue
            number, at, received = entry.device, entry.observed_at, entry.received_at
            if number < known and (place := home_of[number]) >= 0 and not entry.retained:
                before = heard[number]
                if (
                    before < at <= received
                    and at - before <= (limits[number] or at)
                    and number not in opened
                    and 0 <= received - home_heard[place] <= home_limits[place]
                    and homes[place].lost is None
                    and entry.kind not in _OF_EQUIPMENT
                ):  # as nearly always: nobody was silent
                    heard[number], home_heard[place] = at, received
                    if entry.kind == "heartbeat":
                        self._beat(number, at)
                    continue
            changes += self._word(entry, service)
        return changes

    def _word(self, entry: ReadingEntry, service: Sequence[Span]) -> Sequence[Change]:
        """Take in one reading of which there may be more to say."""
        number = entry.device
        if not self._known(number):
            return ()
        if entry.kind in _OF_EQUIPMENT:
            return self._of_equipment(entry, service)
        if entry.retained:
            return ()
        changes = [*self._arrived(entry, service), *self._said(number, entry, service)]
        if entry.kind == "heartbeat":
            self._beat(number, entry.observed_at)
        return changes

    def _said(self, number: int, entry: ReadingEntry, service: Sequence[Span]) -> list[Change]:
        """Note a device's own word at the time it was said."""
        at, heard = min(entry.observed_at, entry.received_at), self._heard[number]
        if at <= heard:
            return self._filled(number, at) if number in self._past else []
        self._heard[number] = at
        limit = self._limit[number]
        if number in self._open:
            gap = self._open.pop(number)
            if at - heard <= limit and number not in self._said_gone:
                return [msgspec.structs.replace(gap, ended=gap.began)]  # heard late: it was not silent after all
            self._said_gone.discard(number)
            return [self._end(number, gap, at)]
        if limit and at - heard > limit and self._listened(number, heard, at, service) > limit:
            return [self._end(number, Change("device", "device", heard, None, self._id(number), number), at)]
        return []

    def _arrived(self, entry: ReadingEntry, service: Sequence[Span]) -> list[Change]:
        """Note that something arrived from the home just now."""
        place, at = self._home[entry.device], entry.received_at
        heard, home = self._home_heard[place], self._homes[self._home[entry.device]]
        if at <= heard:
            return []
        self._home_heard[place] = at
        if home.lost is not None:
            return [self._found(home, at)] if entry.observed_at > home.lost.began or entry.kind == "hub" else []
        limit = self._home_limit[place]
        if at - heard > limit and at - heard - overlap(service, heard, at) > limit:
            return [*self._lose(home, heard), self._found(home, at)]
        return []

    def _of_equipment(self, entry: ReadingEntry, service: Sequence[Span]) -> list[Change]:
        """Take in the home's status, or a hub's word on whether one device is there."""
        number = entry.device
        if entry.value == "online":
            if entry.retained:
                home = self._homes[self._home[number]]
                lost = entry.kind == "hub" and home.lost is not None and entry.observed_at >= home.lost.began
                return [self._found(home, entry.observed_at)] if lost else []
            return self._arrived(entry, service) + self._said(number, entry, service)
        if entry.kind == "sensor":
            if number in self._open or entry.observed_at < self._heard[number]:
                return []
            self._said_gone.add(number)
            self._open[number] = Change("device", "device", self._heard[number], None, self._id(number), number)
            return [self._open[number]]
        return self._gone(number, entry.observed_at)

    def _gone(self, number: int, at: Instant) -> list[Change]:
        """Take in `offline`: true unless something was said since, or it is known already."""
        home = self._homes[self._home[number]]
        if home.lost is not None or at <= max(self._heard[each] for each in home.numbers):
            return []
        return self._lose(home, at)

    def _lose(self, home: _Home, since: Instant) -> list[Change]:
        """Take a home for cut off since then: that explains the silence of devices that spoke up to shortly before."""
        home.lost = Change("home", "hub", since, None, home.id)
        explained = [
            self._open.pop(number)
            for number in home.numbers
            if number in self._open
            and number not in self._said_gone
            and since - self._open[number].began <= self._limit[number]
        ]
        return [home.lost, *(msgspec.structs.replace(gap, ended=gap.began) for gap in explained)]

    def _found(self, home: _Home, at: Instant) -> Change:
        gap, home.lost = home.lost, None
        assert gap is not None
        home.past = (*home.past[1 - _PAST :], (gap.began, at))
        return msgspec.structs.replace(gap, ended=at)

    def _filled(self, number: int, at: Instant) -> list[Change]:
        """Mend the silence that a late word was said in: it was shorter, or none, or two."""
        changes: list[Change] = []
        spans: list[Span] = []
        home = self._id(number)
        for began, ended in self._past.get(number, ()):
            if not began < at < ended:
                spans.append((began, ended))
                continue
            parts = [part for part in ((began, at), (at, ended)) if part[1] - part[0] > self._limit[number]]
            if not parts or parts[0][0] != began:
                changes.append(Change("device", "device", began, began, home, number))
            changes += [Change("device", "device", part[0], part[1], home, number) for part in parts]
            spans += parts
        if spans:
            self._past[number] = tuple(spans[-_PAST:])
        else:
            self._past.pop(number, None)
        return changes

    def _end(self, number: int, gap: Change, at: Instant) -> Change:
        self._past[number] = (*self._past.get(number, ())[1 - _PAST :], (gap.began, at))
        return msgspec.structs.replace(gap, ended=at)

    def _beat(self, number: int, at: Instant) -> None:
        """Learn how often a device shows that it lives; one interval moves what is usual by a quarter at most."""
        since = at - self._beat_at[number]
        if since <= 0:
            return
        self._beat_at[number] = at
        if since > _LONGEST_BEAT:
            return
        before = self._usual[number]
        usual = since if not before else before + (min(max(since, before // 2), 2 * before) - before) // 4
        beats = self._beats[number]
        if usual == before and beats >= BEATS:
            return
        self._usual[number] = usual
        if beats < BEATS:
            self._beats[number] = beats = beats + 1
        if beats >= BEATS:
            self._set_limit(number)
            kept = self._kept[number]
            if not 4 * kept <= 5 * usual <= 6 * kept:
                self._kept[number] = self.learned[number] = usual

    # --- what is not said -------------------------------------------------------------------------------

    def silent(self, now: Instant, service: Sequence[Span] = ()) -> list[Change]:
        """Return the gaps that begin to show: homes and devices that should have spoken by `now`, and did not."""
        return [*self._silent_homes(now, service), *self._silent_devices(now, service)]

    def _silent_homes(self, now: Instant, service: Sequence[Span]) -> list[Change]:
        changes: list[Change] = []
        for place in _overdue(self._home_heard, self._home_limit, now, service):
            home = self._homes[place]
            if home.lost is None and home.numbers:
                changes += self._lose(home, self._home_heard[place])
        return changes

    def _silent_devices(self, now: Instant, service: Sequence[Span]) -> list[Change]:
        changes = []
        for number in _overdue(self._heard, self._limit, now, service):
            if self._home[number] < 0 or number in self._open or self._homes[self._home[number]].lost is not None:
                continue
            heard = self._heard[number]
            if self._listened(number, heard, now, service) > self._limit[number]:
                gap = self._open[number] = Change("device", "device", heard, None, self._id(number), number)
                changes.append(gap)
        return changes

    def _listened(self, number: int, since: Instant, until: Instant, service: Sequence[Span]) -> Duration:
        """Return for how long the device would have been heard."""
        home = self._homes[self._home[number]]
        return until - since - overlap([*service, *home.past], since, until)

    def _id(self, number: int) -> str:
        return self._homes[self._home[number]].id


def overlap(spans: Iterable[Span], since: Instant, until: Instant) -> Duration:
    """Return how much of the time between the two lies in the spans, which may overlap."""
    return sum(max(min(ended, until) - max(began, since), 0) for began, ended in _apart(spans))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order so that none overlaps another."""
    found: list[Span] = []
    for began, ended in sorted(spans):
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(ended, found[-1][1]))
        else:
            found.append((began, ended))
    return found


def _overdue(heard: "array[int]", limit: "array[int]", now: Instant, service: Sequence[Span]) -> list[int]:
    """Return the places at which more time went by than their limit, ours not counted: a few, of very many."""
    if not heard:
        return []
    last, most = np.frombuffer(heard, np.int64), np.frombuffer(limit, np.int64)
    places = np.flatnonzero((now - last > most) & (most > 0))
    silent = now - last[places]
    for began, ended in _apart(service):
        silent -= np.clip(min(ended, now) - np.maximum(last[places], began), 0, None)
    return [int(place) for place in places[silent > most[places]]]
