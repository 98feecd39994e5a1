"""What was raised over a recording, judged by its labels: whose fault each alarm was, and how many a person-week.

An alarm counts as *about a person at home* unless the labels say at its raising that the person is away. What lies
before the first label or after the last is counted apart, what lies in a time set aside nowhere.
"""

from itertools import pairwise
from typing import NamedTuple

from benchmarks.detection.planted import SOFT, about_person
from benchmarks.detection.recorded import Home
from benchmarks.detection.spans import Span, holds, joined
from schema.findings import Finding, FindingChange
from schema.instants import HOUR, MINUTE, Duration, Instant
from schema.localtime import local, window
from simulator.capture.lines import Line

NAIVE: Duration = 4 * HOUR
BED_EXIT: Duration = 30 * MINUTE
MATS_SETTLE: Duration = MINUTE
_DAY = range(8, 22)
_OF_ITS_OWN = frozenset({"bed_exit", "door_open"})
"""Rules judged each by a truth of its own, further down in the table."""


class Told(NamedTuple):
    """What one recording came to. Counts; `weeks` are person-weeks."""

    home: str
    weeks: float
    unlabelled_weeks: float
    recorded_weeks: float
    unlabelled: list[Finding]  # alarms raised where nobody wrote down who was at home
    at_home: list[Finding]
    at_home_by_day: list[Finding]
    while_away: list[Finding]  # full alarms, raised while the labels say away
    soft: list[Finding]  # of the whole recording: no label says whether a question was one too many
    naive: int
    naive_by_day: int
    bed_exits: int  # how often a bed was left in the night
    bed_absences: int  # of these, how often for 30 minutes and more
    bed_alarms: int
    bed_matched: int  # true absences with exactly one alarm
    door_alarms: int
    door_most: int  # most alarms of one opening


def judged(home: Home, said: list[FindingChange]) -> Told:
    """Judge what was said over the recording."""
    zone = home.captured.zone
    raised = [each.finding for each in said if each.change == "raised" and about_person(each.finding)]
    everything = [each for each in raised if not _aside(home, each.raised_at)]
    raised = [each for each in everything if _labelled(home, each.raised_at)]
    general = [each for each in raised if each.rule_name not in _OF_ITS_OWN | SOFT]
    at_home = [each for each in general if not holds(home.labels.away, each.raised_at)]
    naive = [at for at in _naive(home) if not _aside(home, at) and _labelled(home, at)]
    beds = [each for each in raised if each.rule_name == "bed_exit"]
    exits, absences = _bed(home)
    openings = [each.onset for each in raised if each.rule_name == "door_open"]
    return Told(
        home=home.name,
        weeks=home.weeks,
        unlabelled_weeks=home.unlabelled_weeks,
        recorded_weeks=home.recorded_weeks,
        unlabelled=[each for each in everything if each not in raised and each.rule_name not in _OF_ITS_OWN | SOFT],
        at_home=at_home,
        at_home_by_day=[each for each in at_home if local(each.raised_at, zone).hour in _DAY],
        while_away=[each for each in general if each not in at_home],
        soft=[each for each in everything if each.rule_name in SOFT],
        naive=len(naive),
        naive_by_day=sum(local(at, zone).hour in _DAY for at in naive),
        bed_exits=len(exits),
        bed_absences=len(absences),
        bed_alarms=len(beds),
        bed_matched=sum(sum(span[0] <= each.onset <= span[1] for each in beds) == 1 for span in absences),
        door_alarms=len(openings),
        door_most=max((openings.count(each) for each in openings), default=0),
    )


def _judged(home: Home, at: Instant) -> bool:
    return _labelled(home, at) and not _aside(home, at)


def _labelled(home: Home, at: Instant) -> bool:
    return home.labels.written[0] <= at < home.labels.written[1]


def _aside(home: Home, at: Instant) -> bool:
    return holds(home.set_aside, at)


def life_of(home: Home) -> list[tuple[Instant, str, str]]:
    """Return (when, device, value) of everything but the end of movement and the hub's words, in order."""
    told = []
    for line in home.lines:
        device = line.topic.rpartition("/")[2]
        value = _value(line)
        if value not in {"clear", "alive"}:
            told.append((line.at, device, value))
    return told


def _value(line: Line) -> str:
    return line.payload.split(b'"value":"', 1)[1].split(b'"', 1)[0].decode()


def _naive(home: Home) -> list[Instant]:
    """Return when four hours of silence passed, whatever the reason."""
    told = [at for at, _, _ in life_of(home)]
    return [one + NAIVE for one, other in pairwise(told) if other - one > NAIVE]


def _bed(home: Home) -> tuple[list[Span], list[Span]]:
    """Return the times out of bed begun between 22 and 06, and those that a rule of 30 minutes is to speak of.

    A time out of bed is what lies between two stays, mats joined at 60 s. These mats pulse while somebody sleeps, so
    that alone shows no absence: to be spoken of, no mat may be touched for 30 minutes and somebody must be seen in
    another room meanwhile: by a contact or two devices, as one motion sensor speaks in empty rooms. Who is up and about
    after 06:00 before they are over has got up; who is away by the labels, or set aside, is not looked for in bed.
    """
    beds = {each.id for each in home.devices if each.kind == "bed"}
    stays = joined(_stays(home, beds), MATS_SETTLE)
    out = [(one[1], other[0]) for one, other in pairwise(stays)]
    night = [(each, window("22:00-06:00", home.captured.zone, each[0])) for each in out]
    exits = [(each, hours) for each, hours in night if hours is not None and _judged(home, each[0])]
    told = life_of(home)
    elsewhere = [(at, device) for at, device, _ in told if device not in beds and not _in_bedroom(home, device)]
    absences = [
        span
        for span, (_, closes) in exits
        if span[1] - span[0] > BED_EXIT
        and not holds(home.labels.away, span[0] + BED_EXIT)
        and _surely({device for at, device in elsewhere if span[0] < at < span[1]}, home)
        and not any(closes <= at <= span[0] + BED_EXIT for at, _ in elsewhere)
    ]
    return [span for span, _ in exits], absences


def _surely(seen_by: set[str], home: Home) -> bool:
    return len(seen_by) > 1 or any(each.id in seen_by and each.kind == "door" for each in home.devices)


def _in_bedroom(home: Home, device: str) -> bool:
    return any(each.id == device and each.room == "bedroom" for each in home.devices)


def _stays(home: Home, beds: set[str]) -> list[Span]:
    stays, lies = [], dict[str, Instant]()
    for at, device, value in life_of(home):
        if device in beds and value == "in":
            lies[device] = at
        elif device in beds and device in lies:
            stays.append((lies.pop(device), at))
    return stays
