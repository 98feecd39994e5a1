"""Canary homes: homes of the service's own, in which nobody lives, whose pendant the watcher presses round the clock.

A home is a canary by its reserved id and by nothing else, so that no flag, typing slip or copied line can make
one of a household: a people file that names such a home is refused, and the database lets nobody live there
and marks no other home's alarm.
"""

from schema.people import CANARY_PREFIX, Device, Home

PENDANT = "pendant-1"


def canary_id(number: int) -> str:
    """Return the id of the canary home of that number, from 1."""
    return f"{CANARY_PREFIX}{number}"


def is_canary(home: str | None) -> bool:
    """Tell whether the home is a canary."""
    return home is not None and home.startswith(CANARY_PREFIX)


def canary_home(number: int, area: str | None = None) -> Home:
    """Return the canary home of that number: a pendant, and nobody to wear it."""
    return Home(id=canary_id(number), address="", zone="UTC", area=area, devices=(Device(id=PENDANT, kind="button"),))
