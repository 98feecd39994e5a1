"""The checker is checked: what somebody could break with one small change, each of which the worlds must notice.

A breakage is a piece of our code and what stands in its place; `python -m tests.simulation.breakages` applies each to
a copy of the house and lives worlds in it until a promise breaks.
"""

from typing import NamedTuple


class Breakage(NamedTuple):
    """One deliberate change. `old` stands exactly once in `file`."""

    name: str
    why: str  # it matters, in a sentence
    file: str
    old: str
    new: str


def all_of_them() -> list[Breakage]:
    """Return every breakage, in the order of a reading's way."""
    from tests.simulation.breakages import alerting, gateway, monitor  # noqa: PLC0415 - they are made of Breakage

    return [*gateway.BREAKAGES, *monitor.BREAKAGES, *alerting.BREAKAGES]
