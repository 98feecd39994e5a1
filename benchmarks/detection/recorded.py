"""The recorded homes: what their devices said, and what their residents wrote down that they did.

What counts as away, asleep or set aside follows from the recording's own labels and gaps, never from looking at it:
- away: `leave-house`; where only the going is labelled (`Going-out-...`), from then until the next other label;
- asleep: `go-to-bed`, `Sleeping`;
- set aside: nothing told for `LONG_GAP` or more. Two-day gaps are absences that somebody would have told us of: what is
  raised in them counts nowhere. What lies before the first label and after the last is counted apart.
- at home and awake: while labels are written and none says away or asleep; where only acts are labelled (no label
  says sleep), during such an act alone.

A recording has no word of a hub's own. Each home is given one that says every ten minutes that it is alive, so that a
silent person can be told from a dead hub at all.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.detection.spans import Span, joined, length, without
from schema.instants import DAY, HOUR, MINUTE, Duration, Instant, iso, parse_instant
from schema.people import Device
from schema.people import Home as FittedHome
from schema.people_records import PeopleFile, PersonRecord
from schema.plans import CarePlan
from simulator.capture import kasteren, mit
from simulator.capture.lines import Line
from simulator.capture.make import Captured, capture
from simulator.capture.recording import read_names

LONG_GAP: Duration = 40 * HOUR
HUB_BEATS: Duration = 10 * MINUTE
HUB = "hub"
_AWAY, _ASLEEP, _GOING = frozenset({"leave-house"}), frozenset({"go-to-bed", "sleeping"}), "going-out"
_WEEK = 7 * DAY


class Labels(NamedTuple):
    """What the resident wrote down, as spans."""

    away: list[Span]
    asleep: list[Span]
    awake: list[Span]  # at home and awake
    written: Span  # from the first label to the last


class Home(NamedTuple):
    """A recorded home, ready to be played."""

    name: str
    captured: Captured
    lines: tuple[Line, ...]  # with the hub's words
    labels: Labels
    set_aside: list[Span]
    devices: tuple[Device, ...]  # with the hub

    @property
    def weeks(self) -> float:
        """Person-weeks in which labels were written, without what is set aside."""
        return length(without([self.labels.written], self.set_aside)) / _WEEK

    @property
    def recorded_weeks(self) -> float:
        """Person-weeks of the whole recording."""
        return (self.lines[-1].at - self.lines[0].at) / _WEEK

    @property
    def unlabelled_weeks(self) -> float:
        """Person-weeks before the first label and after the last, without what is set aside."""
        whole = [(self.lines[0].at, self.lines[-1].at)]
        return length(without(whole, [self.labels.written, *self.set_aside])) / _WEEK

    def people(self, plan: CarePlan) -> PeopleFile:
        """Return the home and its resident as a people file would tell of them, with this plan."""
        home = FittedHome(id=self.name, zone=self.captured.zone, devices=self.devices)
        resident = PersonRecord(id=f"{self.name}-resident", name="Resident", home=self.name, care_plan=plan)
        return PeopleFile(homes=(home,), people=(resident,))


class _Source(NamedTuple):
    form: str
    sensors: str
    labels: str
    label_names: str


SOURCES = {
    "kasteren-a": _Source(
        "kasteren", "kasteren/houseA-ss.txt", "kasteren/houseA-as.txt", "kasteren/houseA.activity_names"
    ),
    "kasteren-b": _Source(
        "kasteren", "kasteren/houseB-ss.txt", "kasteren/houseB-as.txt", "kasteren/houseB.activity_names"
    ),
    "mit-d": _Source("mit", "mit/houseD.sensors", "mit/houseD.activities", "mit/houseD.activity_names"),
}


def home(name: str, folder: Path, *, hub: bool = True) -> Home:
    """Read one of SOURCES from the folder of recordings; CaptureError says what cannot be read."""
    source = SOURCES[name]
    captured = capture(source.form, [folder / source.sensors], name)[0]
    told = [_line(each.written) for each in captured.messages]
    gaps = _gaps(sorted(line.at for line in told))
    beats = _beats(name, min(line.at for line in told), max(line.at for line in told)) if hub else ()
    lines = tuple(sorted((*told, *beats), key=lambda line: line.at))
    devices = (*captured.devices, Device(id=HUB, kind="hub")) if hub else captured.devices
    return Home(name, captured, lines, _labels(source, folder), gaps, devices)


class _Written(msgspec.Struct):
    at: str
    topic: str
    payload: msgspec.Raw


def _line(written: bytes) -> Line:
    read = msgspec.json.decode(written, type=_Written)
    return Line(parse_instant(read.at), read.topic, bytes(read.payload))


def _beats(name: str, begins: Instant, ends: Instant) -> Iterator[Line]:
    for seq, at in enumerate(range(begins, ends, HUB_BEATS), 1):
        said = {"seq": seq, "at": iso(at), "kind": "heartbeat", "value": "alive"}
        yield Line(at, f"homes/{name}/{HUB}", msgspec.json.encode(said))


def _gaps(told: Sequence[Instant]) -> list[Span]:
    return [(one, other) for one, other in pairwise(told) if other - one >= LONG_GAP]


def _labels(source: _Source, folder: Path) -> Labels:
    dialect = {"kasteren": kasteren, "mit": mit}[source.form]
    names = {number: name.lower() for number, name in read_names(folder / source.label_names).items()}
    spans = sorted(dialect.read(folder / source.labels, names).spans)
    written = spans[0].starts, max(span.ends for span in spans)
    named = [(span.starts, span.ends, names.get(span.sensor, "")) for span in spans]
    away = joined([(since, until) for since, until, name in named if name in _AWAY] + _gone(named))
    asleep = joined((since, until) for since, until, name in named if name in _ASLEEP)
    if asleep:
        return Labels(away, asleep, without(without([written], away), asleep), written)
    acts = joined((since, until) for since, until, name in named if not name.startswith(_GOING) and until > since)
    return Labels(away, asleep, without(acts, away), written)


def _gone(named: list[tuple[Instant, Instant, str]]) -> list[Span]:
    """Return from each label of going out until the next label of anything else."""
    spans = []
    for index, (since, _, name) in enumerate(named):
        if name.startswith(_GOING):
            back = next((begins for begins, _, other in named[index + 1 :] if not other.startswith(_GOING)), None)
            if back is not None:
                spans.append((since, back))
    return spans
