"""Emergencies planted into recorded homes: at seeded random moments something happens, and then nothing more is seen.

The kinds, each at moments of its own seed:
- `silent`: at home and awake, the person falls silent;
- `bed`: at night, asleep with a mat occupied, they leave the bed and are silent (homes with a bed mat alone);
- `door-inside`: at home and awake, the exit door is used, they are seen inside half a minute later, then silent;
- `door-shut`: they open the exit door, it is shut five seconds later, and they are silent at once;
- `hub`: at home and awake the hub dies: nothing at all is heard, of them or of it.
In all but the last the hub goes on saying every ten minutes that it is alive.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.detection.lived import Goes, Life
from benchmarks.detection.recorded import HUB, HUB_BEATS, Home
from benchmarks.detection.spans import Span, length, moment_in, without
from schema.entries import ReadingEntry
from schema.findings import Finding, FindingChange
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant
from schema.localtime import local
from schema.people import Device

LASTS: Duration = 24 * HOUR
"""How long what was planted is watched: who is not found by then is missed."""
SOFT = frozenset({"absence"})
"""Rules that ask the person first, at low priority."""
INSIDE_AFTER: Duration = 30 * SECOND
SHUT_AFTER: Duration = 5 * SECOND
_DAY = range(8, 22)
_NIGHT = frozenset({*range(22, 24), *range(6)})


class Kind(NamedTuple):
    """A kind of emergency."""

    name: str
    title: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("silent", "falls silent"),
        Kind("bed", "leaves the bed at night, silent"),
        Kind("door-inside", "back at the door, inside, silent"),
        Kind("door-shut", "door shut, then silent"),
        Kind("hub", "the hub dies"),
    )
}


class Planted(NamedTuple):
    """One emergency: where and when, and for movement inside, which device sees it."""

    kind: str
    home: str
    at: Instant
    seen_by: str = ""


class Outcome(NamedTuple):
    """What came of it: how long until the first finding about the person, and the first about the equipment."""

    planted: Planted
    hour: int  # local
    found_after: Duration | None
    rule: str  # that found it
    soft: bool
    technical_after: Duration | None

    @property
    def by_day(self) -> bool:
        """Whether it happened between 08:00 and 22:00."""
        return self.hour in _DAY


def planted(homes: list[Home], kind: str, number: int, seed: int) -> list[Planted]:
    """Return where and when, at random over all time that qualifies in all homes together."""
    chance = random.Random(f"{seed} {kind}")  # noqa: S311 - a sample, no secret
    eligible = {home.name: _eligible(home, kind) for home in homes}
    weights = [length(eligible[home.name]) for home in homes]
    if not any(weights):
        return []
    drawn = []
    for _ in range(number):
        home = chance.choices(homes, weights)[0]
        at = moment_in(eligible[home.name], chance.random()) // SECOND * SECOND
        drawn.append(Planted(kind, home.name, at, chance.choice(_inside(home))))
    return sorted(drawn, key=lambda each: (each.home, each.at))


def _eligible(home: Home, kind: str) -> list[Span]:
    if kind != "bed":
        begins = home.lines[0].at
        return without(home.labels.awake, [(begins, begins + HOUR)])  # by then the hub is known
    return [span for span in _in_bed(home) if _is_night(span, home.captured.zone)]


def _is_night(span: Span, zone: str) -> bool:
    return local(span[0], zone).hour in _NIGHT and local(span[1], zone).hour in _NIGHT


def _in_bed(home: Home) -> list[Span]:
    """Return the stays in bed by label and mat: cut into pieces of ten minutes, so that each has an hour of its own."""
    beds = {each.id for each in home.devices if each.kind == "bed"}
    if not beds:
        return []
    pieces = []
    for begins, ends in home.labels.asleep:
        pieces += [(at, min(at + 10 * MINUTE, ends)) for at in range(begins, ends, 10 * MINUTE)]
    return pieces


def _inside(home: Home) -> list[str]:
    """Return the devices that may see somebody come in: those of the rooms, mats apart."""
    return [each.id for each in home.devices if each.kind in {"motion", "door"} and not each.exit]


def play(life: Life, what: Planted) -> Outcome:
    """Let it happen in a fork of that moment, and watch until somebody would know."""
    fork = life.forks[what.at]
    goes = Goes(life, fork)
    already = [each for each in fork.running if about_person(each)]
    told = _told(life, what)
    beats = iter(()) if what.kind == "hub" else _beats(life.home, what.at)
    ended = {each.id: each for each in already}
    for at, device, value in told:
        goes.tell(at, _entry(life, device, value, at))
    _watch(life, goes, beats, what)
    for change in goes.said:
        if change.change == "cleared":
            ended.pop(change.finding.id, None)
    return _outcome(life, what, goes.said, already=bool(ended))


def about_person(finding: Finding) -> bool:
    """Tell whether a finding says something of a person, and not of the equipment."""
    return finding.subject_kind == "person" and finding.kind != "technical"


def _watch(life: Life, goes: Goes, beats: Iterator[Instant], what: Planted) -> None:
    until = what.at + LASTS
    for at in beats:
        goes.tell(at, _entry(life, _device(life, HUB), "alive", at))
        if any(change.change == "raised" and about_person(change.finding) for change in goes.said):
            return
    goes.pass_until(until)


def _beats(home: Home, at: Instant) -> Iterator[Instant]:
    """Return when the hub speaks, as it did all the time."""
    first = at + HUB_BEATS - (at - home.lines[0].at) % HUB_BEATS
    return iter(range(max(first, at + MINUTE), at + LASTS, HUB_BEATS))


def _told(life: Life, what: Planted) -> list[tuple[Instant, Device, str]]:
    at, home = what.at, life.home
    if what.kind == "bed":
        # Who gets up presses the mat once more: a mat that pulses may have said `out` long before.
        mat = next(each for each in home.devices if each.kind == "bed")
        others = [(at + SHUT_AFTER, each, "out") for each in home.devices if each.kind == "bed" and each != mat]
        return [(at, mat, "in"), (at + SHUT_AFTER, mat, "out"), *others]
    if not what.kind.startswith("door"):
        return []
    door = next(each for each in home.devices if each.exit)
    used = [(at, door, "open"), (at + SHUT_AFTER, door, "closed")]
    if what.kind == "door-shut":
        return used
    seen = _device(life, what.seen_by)
    if seen.kind == "motion":
        return [*used, (at + INSIDE_AFTER, seen, "detected")]
    return [*used, (at + INSIDE_AFTER - 2 * SECOND, seen, "closed"), (at + INSIDE_AFTER, seen, "open")]


def _device(life: Life, id_: str) -> Device:
    return next(each for each in life.home.devices if each.id == id_)


def _entry(life: Life, device: Device, value: str, at: Instant) -> ReadingEntry:
    kind = "heartbeat" if value == "alive" else device.kind
    number = life.facts.numbers[life.home.name, device.id]
    return ReadingEntry(number, kind, value, at, at, seq=at // SECOND, boot=1)


def _outcome(life: Life, what: Planted, said: list[FindingChange], *, already: bool) -> Outcome:
    raised = [change for change in said if change.change == "raised"]
    person = next((change for change in raised if about_person(change.finding)), None)
    technical = next((change for change in raised if change.finding.kind == "technical"), None)
    hour = local(what.at, life.home.captured.zone).hour
    return Outcome(
        planted=what,
        hour=hour,
        found_after=0 if already and what.kind != "hub" else None if person is None else person.at - what.at,
        rule="already said" if already else "" if person is None else person.finding.rule_name,
        soft=person is not None and person.finding.rule_name in SOFT and not already,
        technical_after=None if technical is None else technical.at - what.at,
    )


def forks_wanted(everything: list[Planted], home: str) -> list[Instant]:
    """Return the moments at which a home's life is to be forked."""
    return [each.at for each in everything if each.home == home]
