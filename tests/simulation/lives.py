"""What happens in the homes: who leaves the bed and when they are back, who stops moving, who presses, who falls."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.simulation.homes import Resident, Village
from tests.simulation.weather import draws

HEARTBEAT = 45.0


class Happening(NamedTuple):
    """One fact of a home, `at` seconds after the world began; a poisonous one the database will refuse."""

    at: float
    home: str
    device: str
    kind: str
    value: str
    poison: bool = False


def lives(seed: int, village: Village, span: float, whole: float) -> list[Happening]:
    """Return all that happens, in order: within `span` at will, from then until `whole` as it then stands."""
    happenings: list[Happening] = []
    for resident in village.residents:
        draw = draws(seed, "life", resident.person)
        happenings += _sleeps(resident, draw, span) if resident.sleeps else _moves(resident, draw, span, whole)
        happenings += _calls(resident, draw, span)
    for home in sorted({resident.home for resident in village.residents}):
        draw = draws(seed, "home", home)
        happenings += _beats(home, draw, whole)
        if draw.random() < 0.5:
            device = draw.choice(["pendant-0", "nobody-knows-it"])
            happenings.append(Happening(draw.uniform(0.1, 0.9) * span, home, device, "button", "pressed"))
    return sorted(happenings)


def _sleeps(resident: Resident, draw: Random, span: float) -> Iterator[Happening]:
    """In bed and out of it; the last absence may have no end."""
    at, bed = draw.uniform(5, 40), f"bed-{resident.person}"
    inside = True
    yield Happening(at, resident.home, bed, "bed", "in")
    while True:
        stays = draw.uniform(30, 200) if inside else draw.choice([0.3, 0.6, 1.3, 2.0]) * resident.limit
        at += stays
        if at > span:
            return
        inside = not inside
        yield Happening(at, resident.home, bed, "bed", "in" if inside else "out")


def _moves(resident: Resident, draw: Random, span: float, whole: float) -> Iterator[Happening]:
    """About the home, with a rest now and then; some lie still from a moment on."""
    at = draw.uniform(2, 20)
    stops = draw.uniform(0.3, 0.9) * span if draw.random() < 0.5 else whole
    while at < min(stops, whole):
        device = draw.choice(["motion", "hall"])
        yield Happening(at, resident.home, f"{device}-{resident.person}", "motion", "detected")
        at += draw.uniform(15, 60) if draw.random() < 0.9 or at > span else resident.limit * draw.uniform(0.5, 1.6)


def _calls(resident: Resident, draw: Random, span: float) -> Iterator[Happening]:
    """Presses and falls, some of them taken back."""
    for _ in range(draw.randint(1, 3)):
        at, device = draw.uniform(0, span), f"pendant-{resident.person}"
        yield Happening(at, resident.home, device, "button", "pressed")
        if draw.random() < 0.3:
            yield Happening(at + draw.uniform(3, 40), resident.home, device, "button", "cancelled")
    if resident.has_fall_sensor and draw.random() < 0.6:
        at, device = draw.uniform(0, span), f"fall-{resident.person}"
        yield Happening(at, resident.home, device, "fall", draw.choice(["fallen", "maybe"]))
        if draw.random() < 0.4:
            yield Happening(at + draw.uniform(3, 60), resident.home, device, "fall", "recovered")


def _beats(home: str, draw: Random, whole: float) -> Iterator[Happening]:
    at = draw.uniform(0, HEARTBEAT)
    while at < whole:
        yield Happening(at, home, "hub", "heartbeat", "alive", draw.random() < 0.02)
        at += HEARTBEAT * draw.uniform(0.9, 1.1)
