"""What the figures are held to, and whether they keep to it."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.detection.alarms import Told
from benchmarks.detection.planted import Outcome
from schema.instants import HOUR


class Target(NamedTuple):
    """One promise: what was measured, what it is held to."""

    what: str
    measured: float
    at_most: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.measured <= self.at_most

    def __str__(self) -> str:
        verdict = "met" if self.met else "MISSED"
        return f"{self.what}: {self.measured:.3g} {self.unit}, held to at most {self.at_most:g}: {verdict}"


def after(outcomes: Sequence[Outcome]) -> list[float]:
    """Return how many hours it took until each was found; infinite for who never was."""
    return sorted(float("inf") if each.found_after is None else each.found_after / HOUR for each in outcomes)


def at_part(hours: Sequence[float], part: float) -> float:
    """Return the value at this part (0 to 1) of the sorted hours."""
    return hours[min(int(part * len(hours)), len(hours) - 1)]


def targets(told: Sequence[Told], outcomes: Sequence[Outcome]) -> list[Target]:
    """Return every promise with what was measured."""
    weeks = sum(each.weeks for each in told)
    found = {kind: [each for each in outcomes if each.planted.kind == kind] for kind in KINDS_FOUND}
    held = [
        Target("alarms about a person at home, round the clock", _rate(told, "at_home", weeks), 0.6, "a person-week"),
        Target("alarms about a person at home, 08 to 22", _rate(told, "at_home_by_day", weeks), 0.3, "a person-week"),
        Target("soft checks", _rate(told, "soft", sum(each.recorded_weeks for each in told)), 1.1, "a recorded week"),
        Target("alarms of one opening of a door, most", max(each.door_most for each in told), 1, "alarms"),
        Target("absences from bed without exactly one alarm", _unmatched(told), 0, "absences"),
    ]
    held += [
        Target(f"{kind}: not found within 12 h", sum(hours > 12 for hours in after(some)), 0, "people")
        for kind, some in found.items()
        if some
    ]
    held += _medians(found)
    hub = [each for each in outcomes if each.planted.kind == "hub"]
    if hub:
        held.append(Target("hub: read as a person", sum(each.found_after is not None for each in hub), 0, "people"))
        unheard = sum(each.technical_after is None for each in hub)
        held.append(Target("hub: its silence not said", unheard, 0, "homes"))
    return held


KINDS_FOUND = ("silent", "bed", "door-inside", "door-shut")


def _rate(told: Sequence[Told], what: str, weeks: float) -> float:
    return float(sum(len(getattr(each, what)) for each in told) / weeks)


def _unmatched(told: Sequence[Told]) -> int:
    return sum(each.bed_absences - each.bed_matched for each in told)


def _medians(found: dict[str, list[Outcome]]) -> list[Target]:
    by_day = [each for each in found["silent"] if each.by_day]
    held = []
    if by_day:
        held.append(Target("silent, 08 to 22: median", median(after(by_day)), 3.5, "h"))
    if found["door-inside"]:
        held.append(Target("door-inside: median", median(after(found["door-inside"])), 1.5, "h"))
    return held
