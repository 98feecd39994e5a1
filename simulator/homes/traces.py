"""What the devices of a home notice of somebody's stays: from where a person is to what is said of it.

Devices are as they are in homes: PIRs that see somebody every few minutes and clear half a minute later,
mats that chatter when somebody sits down or turns over, contacts that open and close within seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant
from schema.people import Device
from simulator.homes.habits import BED, OUT, Stay

_STIRS: dict[str, float] = {"bathroom": 1.5, "kitchen": 2.0, "hall": 2.0}
"""How many minutes pass on average until a PIR there sees somebody again; elsewhere, four."""
_ROOMS = {
    "bathroom": ("bath", "toilet", "shower", "wc"),
    "bedroom": ("bed",),
    "kitchen": ("kitchen",),
    "hall": ("hall", "landing", "stairs", "porch", "corridor", "entrance"),
}


class Said(NamedTuple):
    """A device says a value: a fact of its own kind, or a `heartbeat`."""

    at: Instant
    device: Device
    value: str


class Fitted:
    """The devices of a home as a life meets them: by room, the bed, the way out."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self.rooms = defaultdict[str, list[Device]](list)
        self.kinds = defaultdict[str, list[Device]](list)
        for device in devices:
            self.kinds[device.kind].append(device)
            if not device.exit:
                self.rooms[_room(device)].append(device)
        exits = (device for device in self.kinds["door"] if device.exit)
        self.exits = sorted(exits, key=lambda door: _room(door) != "hall")  # people mostly use the front door

    def of(self, kind: str, room: str) -> list[Device]:
        """Return the devices of a kind in a room."""
        return [device for device in self.rooms[room] if device.kind == kind]


def _room(device: Device) -> str:
    """Return where the device sees somebody: what names no room of a day's round stands where people mostly are."""
    named = (device.room or "").lower()
    return next((room for room, words in _ROOMS.items() if any(word in named for word in words)), "living room")


def noticed(stays: Sequence[Stay], fitted: Fitted, draw: Random) -> list[Said]:
    """Return everything said from the first stay up to the last, which only ends the one before it."""
    said = [
        what
        for before, (stay, after) in zip([None, *stays], pairwise(stays), strict=False)
        for what in _during(stay, after.at, before, fitted, draw)
    ]
    return sorted(said, key=lambda what: what.at)


def _during(stay: Stay, until: Instant, before: Stay | None, fitted: Fitted, draw: Random) -> Iterator[Said]:
    came_from = before.place if before is not None else BED
    arrives = stay.at + draw.randint(15, 40) * SECOND if stay.place != came_from else stay.at
    if stay.place != came_from:
        yield from _on_the_way(came_from, stay, arrives, fitted, draw)
    if stay.place == BED:
        yield from _lies(arrives, until, fitted, draw)
    elif stay.place != OUT:
        yield from _is_about(stay, arrives, until, fitted, draw)
    if stay.doing == "visit":
        yield from _door_used(stay.at + 20 * SECOND, fitted, draw)
        yield from _door_used(until - 30 * SECOND, fitted, draw)


def _on_the_way(came_from: str, stay: Stay, arrives: Instant, fitted: Fitted, draw: Random) -> Iterator[Said]:
    if came_from == BED:
        yield from _mat(fitted.kinds["bed"], stay.at, "out", draw)
    if OUT in (came_from, stay.place):
        yield from _door_used(stay.at + 2 * SECOND, fitted, draw)
    if BED in (came_from, stay.place):
        for device in fitted.of("motion", "bedroom"):
            yield from _seen(device, stay.at + 4 * SECOND, draw)
    for device in fitted.of("motion", "hall"):
        yield from _seen(device, (stay.at + arrives) // 2, draw)


def _door_used(at: Instant, fitted: Fitted, draw: Random) -> Iterator[Said]:
    for door in fitted.exits[:1]:
        yield Said(at, door, "open")
        yield Said(at + draw.randint(8, 25) * SECOND, door, "closed")


def _is_about(stay: Stay, arrives: Instant, until: Instant, fitted: Fitted, draw: Random) -> Iterator[Said]:
    for device in fitted.of("motion", stay.place):
        yield Said(arrives, device, "detected")
        yield Said(arrives + draw.randint(20, 60) * SECOND, device, "clear")
        stirs = _STIRS.get(stay.place, 4.0) * MINUTE
        for at in _now_and_then(arrives + 90 * SECOND, until - 80 * SECOND, stirs, draw):
            yield from _seen(device, at, draw)
    for device in fitted.of("door", stay.place):
        for at in _now_and_then(arrives + 20 * SECOND, until - 80 * SECOND, 12 * MINUTE, draw):
            yield Said(at, device, "open")
            yield Said(at + draw.randint(5, 40) * SECOND, device, "closed")
    if stay.doing == "pills":
        for device in fitted.kinds["pill"]:
            yield Said(arrives + 2 * MINUTE, device, "opened")
    if until - arrives > 10 * MINUTE:
        yield from _mat(fitted.of("chair", stay.place), arrives + 90 * SECOND, "in", draw)
        yield from _mat(fitted.of("chair", stay.place), until - 15 * SECOND, "out", draw)


def _lies(arrives: Instant, until: Instant, fitted: Fitted, draw: Random) -> Iterator[Said]:
    """Lie in bed until then, turning over now and then: the mat loses its person for some seconds."""
    mats = fitted.kinds["bed"]
    yield from _mat(mats, arrives + 20 * SECOND, "in", draw)
    for mat in mats:
        for at in _now_and_then(arrives + 10 * MINUTE, until - 5 * MINUTE, HOUR, draw):
            yield Said(at, mat, "out")
            yield Said(at + draw.randint(2, 20) * SECOND, mat, "in")
    for device in fitted.of("motion", "bedroom"):
        for at in _now_and_then(arrives + 10 * MINUTE, until - 5 * MINUTE, 2 * HOUR, draw):
            yield from _seen(device, at, draw)


def _mat(mats: Iterable[Device], at: Instant, value: str, draw: Random) -> Iterator[Said]:
    """Let the mats decide: often at once, sometimes only after a chatter of some seconds."""
    other = "in" if value == "out" else "out"
    for mat in mats:
        yield Said(at, mat, value)
        if draw.random() < 0.4:
            yield Said(at + 2 * SECOND, mat, other)
            yield Said(at + draw.randint(3, 9) * SECOND, mat, value)


def _seen(device: Device, at: Instant, draw: Random) -> Iterator[Said]:
    yield Said(at, device, "detected")
    yield Said(at + draw.randint(20, 60) * SECOND, device, "clear")


def _now_and_then(begins: Instant, ends: Instant, mean: float, draw: Random) -> Iterator[Instant]:
    """Yield instants some time apart, a minute and a half at the least, so that a clear comes before the next."""
    at = begins + _gap(mean, draw)
    while at < ends:
        yield at
        at += max(_gap(mean, draw), 90 * SECOND)


def _gap(mean: float, draw: Random) -> Duration:
    return int(min(draw.expovariate(1 / mean), 4 * mean)) // SECOND * SECOND
