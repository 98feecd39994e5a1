"""Routes: from the number by which a reading names its device to whom the reading reaches. Pure.

Asked for every reading there is. So numbers index a list and not a dictionary; those too large for that, which
the log may hold all the same, stand aside.
"""

from array import array

from monitor.facts import Home
from monitor.subjects import Subject

Reached = Subject | tuple[Subject, ...]
"""Whom a device's readings reach: nearly always one, which then stands for itself."""
_LARGEST = 1 << 24
"""Numbers from here on stand aside: a list up to them would hold mostly nothing."""


class Routes:
    """Who hears each device, and the device's place in its home."""

    def __init__(self) -> None:
        # By number; the fold reads both itself, as a call for each reading would cost more than the reading.
        self.reached: list[Reached | None] = []
        self.places = array("H")
        self._far: dict[int, tuple[Reached, int]] = {}

    def of(self, number: int) -> tuple[Reached | None, int]:
        """Return whom a device's readings reach (None: nobody knows the device), and its place."""
        if 0 <= number < len(self.reached):
            return self.reached[number], self.places[number]
        return self._far.get(number, (None, 0))

    def lay(self, home: Home, subjects: list[Subject]) -> None:
        """Let readings of the home's devices reach those of its subjects who hear them; others are nobody's."""
        for number in home.scattered:
            self._put(number, None, 0)
        places = [each.number for each in home.fitted.devices]
        reached = _who_hears(places, subjects)
        if home.scattered or home.first < 0 or home.first + len(places) > _LARGEST:
            for place, whom in zip(places, reached, strict=True):
                self._put(home.number(place), whom, place)
        else:  # nearly every home, and a restart lays them all
            numbers = slice(home.first, home.first + len(places))
            self._have_room(numbers.stop)
            self.reached[numbers], self.places[numbers] = reached, array("H", places)

    def _put(self, number: int, reached: Reached | None, place: int) -> None:
        if not 0 <= number < _LARGEST:
            if reached is None:
                self._far.pop(number, None)
            else:
                self._far[number] = (reached, place)
            return
        self._have_room(number + 1)
        self.reached[number], self.places[number] = reached, place

    def _have_room(self, numbers: int) -> None:
        short = numbers - len(self.reached)
        if short > 0:
            self.reached += [None] * short
            self.places.extend([0] * short)


def _who_hears(places: list[int], subjects: list[Subject]) -> list[Reached]:
    """Return by place whom its readings reach; where several are alike, there is one tuple of them."""
    heard = [(subject, subject.heard()) for subject in subjects]
    if len(heard) == 1:
        (alone, devices) = heard[0]
        return [alone if place in devices else () for place in places]
    alike: dict[tuple[Subject, ...], Reached] = {}
    reached = (tuple([subject for subject, devices in heard if place in devices]) for place in places)
    return [alike.setdefault(each, each[0] if len(each) == 1 else each) for each in reached]
