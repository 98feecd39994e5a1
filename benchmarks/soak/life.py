"""What happens in the homes: a seeded stream of readings, and now and then something that must become an alarm. Pure.

Most are movement, doors, beds, chairs and heartbeats. Doors are closed again soon, but one in some hundreds is
left open past its limit; now and then the bedroom's sensor of a home falls silent for some minutes; a few people
fall and are up again; and pendants are pressed, never twice in a home before `REST` has passed, so that each press
is an alarm of its own.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from benchmarks.soak.estate import MOTIONS, QUIET

REST = 240.0
PRESSES_A_SECOND = 0.2
FALLS_A_SECOND = 0.05
QUIET_EVERY = 30.0  # seconds between two readings of a quiet home
LEFT_OPEN = 1 / 400  # of the doors that open
FALLS_SILENT = 1 / 40_000  # of the readings of a bedroom's sensor: then nothing of it for SILENT
CLOSED_AFTER = (2.0, 20.0)
OPEN_FOR = (75.0, 150.0)
SILENT = (180.0, 300.0)
UP_AGAIN = 12.0


class Said(NamedTuple):
    """One reading, not yet numbered."""

    lane: str
    home: str
    device: str
    kind: str
    value: str


class _Home:
    """What a reading of this home depends on."""

    __slots__ = ("bed", "chair", "door_open", "motion", "name", "pressed_at", "silent_until")

    def __init__(self, name: str) -> None:
        self.name = name
        self.motion = [False] * (MOTIONS + 1)
        self.door_open = self.bed = self.chair = False
        self.silent_until = 0.0
        self.pressed_at = -REST


class Life:
    """The homes' life; times are seconds since it began, and never go back."""

    def __init__(self, homes: int, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a life, not a secret
        self._homes = [_Home(f"soak-{n}") for n in range(homes)]
        self._by_name = {home.name: home for home in self._homes}
        self._next_press = self._next_fall = self._next_quiet = 0.0
        self._quiet_said = 0
        self._later = list[tuple[float, Said]]()  # a heap: what follows from what has happened
        self.presses = 0

    def everyday(self, now: float) -> Said:
        """Return the next reading of everyday life."""
        home, roll = self._random.choice(self._homes), self._random.random()
        if roll < 0.12:
            return Said("homes", home.name, "hub", "heartbeat", "alive")
        if roll < 0.16 and not home.door_open:
            return self._open(home, now)
        if roll < 0.21:
            home.bed = not home.bed
            return Said("homes", home.name, "bed-1", "bed", "in" if home.bed else "out")
        if roll < 0.26:
            home.chair = not home.chair
            return Said("homes", home.name, "chair-1", "chair", "in" if home.chair else "out")
        return self._motion(home, now)

    def due(self, now: float) -> list[Said]:
        """Return what has its own time: presses, falls, recoveries, doors that are closed again, the quiet homes."""
        due = [*self._presses(now), *self._falls(now), *self._quiet(now)]
        while self._later and self._later[0][0] <= now:
            said = heappop(self._later)[1]
            if said.device == "door-1":
                self._by_name[said.home].door_open = False
            due.append(said)
        return due

    def _presses(self, now: float) -> Iterator[Said]:
        if now < self._next_press:
            return
        self._next_press = now + self._random.expovariate(PRESSES_A_SECOND)
        home = self._random.choice(self._homes)
        if now - home.pressed_at >= REST:
            home.pressed_at = now
            self.presses += 1
            yield Said("urgent", home.name, "pendant-1", "button", "pressed")

    def _falls(self, now: float) -> Iterator[Said]:
        if now < self._next_fall:
            return
        self._next_fall = now + self._random.expovariate(FALLS_A_SECOND)
        home = self._random.choice(self._homes)
        heappush(self._later, (now + UP_AGAIN, Said("urgent", home.name, "fall-1", "fall", "recovered")))
        yield Said("urgent", home.name, "fall-1", "fall", "fallen")

    def _quiet(self, now: float) -> Iterator[Said]:
        if now < self._next_quiet:
            return
        self._next_quiet = now + QUIET_EVERY / QUIET
        self._quiet_said += 1
        value = "detected" if self._quiet_said % 2 else "clear"
        yield Said("homes", f"quiet-{self._quiet_said % QUIET}", "motion-1", "motion", value)

    def _open(self, home: _Home, now: float) -> Said:
        home.door_open = True
        stays = self._random.uniform(*(OPEN_FOR if self._random.random() < LEFT_OPEN else CLOSED_AFTER))
        heappush(self._later, (now + stays, Said("homes", home.name, "door-1", "door", "closed")))
        return Said("homes", home.name, "door-1", "door", "open")

    def _motion(self, home: _Home, now: float) -> Said:
        number = self._random.randint(1, MOTIONS)
        if number == MOTIONS:
            if now < home.silent_until:
                number = 1
            elif self._random.random() < FALLS_SILENT:
                home.silent_until = now + self._random.uniform(*SILENT)
        home.motion[number] = not home.motion[number]
        value = "detected" if home.motion[number] else "clear"
        return Said("homes", home.name, f"motion-{number}", "motion", value)
