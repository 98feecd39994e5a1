"""What is done to the service, and when: a plan made from a seed alone, in storms with calm between them. Pure.

A storm is one to nine kills within a third of its span, with faults of links thrown in, parts dying while others
have not come back. The calm after it is long enough for recovery to be seen and measured.
"""

from random import Random
from typing import Literal, NamedTuple

PARTS = ("gateway", "monitor", "alerting", "broker", "database")
LINKS = ("gateway-broker", "gateway-database", "monitor-database", "alerting-database")
Deed = Literal["kill", "stall", "cut", "drop", "refuse"]
_FAULTS: tuple[Deed, ...] = ("stall", "cut", "drop", "refuse")
_LARGEST = 9
_BLOWING = 0.35  # of a storm's span


class Blow(NamedTuple):
    """One thing done: to a part or a link, so many seconds after the start, for so long (a kill: until restarted)."""

    at: float
    deed: Deed
    target: str
    lasts: float


def plan(seed: int, kills: int, seconds: float) -> list[Blow]:
    """Return exactly so many kills and about half as many faults over the time, in order."""
    random = Random(seed)  # noqa: S311 - repeatable is what it is for
    sizes = list[int]()
    while sum(sizes) < kills:
        sizes.append(min(random.randint(1, _LARGEST), kills - sum(sizes)))
    span = seconds / max(len(sizes), 1)
    blows, victims = list[Blow](), list[str]()
    for number, size in enumerate(sizes):
        for _ in range(size):
            victims = victims or random.sample(PARTS, len(PARTS))  # each as often as the others
            at = number * span + random.uniform(0, span * _BLOWING)
            blows.append(Blow(at, "kill", victims.pop(), random.uniform(0, 2)))
        for _ in range(random.randint(0, max(size - 1, 1))):
            at = number * span + random.uniform(0, span * _BLOWING)
            blows.append(Blow(at, random.choice(_FAULTS), random.choice(LINKS), random.uniform(0.2, 4)))
    return sorted(blows)
