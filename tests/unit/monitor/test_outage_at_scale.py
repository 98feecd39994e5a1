"""Ten minutes of our own blindness at ten thousand homes: not one false inactivity, and who truly lies there is found.

The real fold over the log as gateway and monitor would have written it, in virtual time. Everybody was last seen
just so long ago that their deadline passes in the outage; everybody but fifty moves in it, and is heard afterwards.
"""

from collections.abc import Callable, Iterable, Iterator
from random import Random

import pytest

from monitor.fold import Fold
from schema.entries import Entry, HomeSet, NumberedDevice, PersonSet, PlanSet, ReadingEntry, Tick
from schema.findings import FindingChange
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant
from schema.people import Consent, Device
from schema.plans import CarePlan, InactivityRule

HOMES = 10_000
STILL = 50
LIMIT: Duration = 4 * HOUR
START: Instant = 1_795_327_200 * SECOND  # 06:00 of 22 November 2026
LASTED: Duration = 10 * MINUTE
SETTLED = 4 * SECOND
"""How long a gateway that is back waits for redeliveries before its first tick."""
ROW = 1_000  # readings

Row = tuple[Instant, tuple[Entry, ...]]
Moved = list[tuple[Instant, int]]


def facts() -> Iterator[Row]:
    """Ten thousand homes of one person each: a hub, a hall sensor, and four hours."""
    plan = CarePlan(rules=(InactivityRule(longer_than="4h"),))
    for first in range(0, HOMES, ROW):
        entries: list[Entry] = []
        for number in range(first, first + ROW):
            devices = (
                NumberedDevice(2 * number, Device(id="hub", kind="hub")),
                NumberedDevice(2 * number + 1, Device(id="motion-1", kind="motion", room="hall")),
            )
            # The home last: everybody is compiled once, with all there is to know.
            entries.append(PlanSet(f"p{number}", 1, plan))
            entries.append(PersonSet(f"p{number}", f"h{number}", Consent(covers=("motion",)), ()))
            entries.append(HomeSet(f"h{number}", "Europe/London", None, devices))
        yield START + first, tuple(entries)


def moves(home: int, at: Instant, received_at: Instant) -> ReadingEntry:
    return ReadingEntry(2 * home + 1, "motion", "detected", at, received_at, seq=at)


def told(moved: Moved, at: Instant) -> Iterator[Row]:
    """Return what was kept, as it is stored once it can be: oldest first, a thousand a row."""
    moved = sorted(moved)
    for first in range(0, len(moved), ROW):
        now = at + first * SECOND // ROW // 2
        yield now, tuple(moves(home, seen, now) for seen, home in moved[first : first + ROW])


def ticks(first: Instant, last: Instant, tick: Tick) -> Iterator[Row]:
    return ((at, (tick,)) for at in range(first, last, SECOND))


def without_a_gateway(began: Instant, moved: Moved) -> Iterator[Row]:
    """Tick blind, as the monitor does; the broker keeps what comes, and the gateway stores it before it ticks."""
    back = began + LASTED
    yield from ticks(began + 5 * SECOND, back, Tick(blind=True))
    yield from told(moved, back + SECOND // 2)
    yield from ticks(back + 6 * SECOND, back + 10 * MINUTE, Tick(hearing_since=back))


def without_a_database(began: Instant, moved: Moved) -> Iterator[Row]:
    """Write nothing at all. The monitor is back first, and ticks blind until the gateway is."""
    back = began + LASTED
    yield from ticks(back, back + 3 * SECOND, Tick(blind=True))
    yield from told(moved, back + 3 * SECOND)
    yield from ticks(back + 9 * SECOND, back + 10 * MINUTE, Tick(hearing_since=back + 3 * SECOND))


def without_a_broker(began: Instant, moved: Moved) -> Iterator[Row]:
    """Let hubs keep what is said, and find the broker within a minute, each in its time: after the first tick."""
    dice, back = Random(3), began + LASTED  # noqa: S311 - a test's own
    found = [back + dice.randrange(5 * SECOND, 60 * SECOND) for _ in range(HOMES)]
    rows: list[Row] = [*ticks(began + 5 * SECOND, back, Tick(blind=True))]
    rows += ticks(back + SETTLED, back + 10 * MINUTE, Tick(hearing_since=back))
    rows += ((found[home], (moves(home, seen, found[home]),)) for seen, home in moved)
    yield from sorted(rows, key=lambda row: row[0])


class Street:
    """The homes, and a day that goes on from one outage to the next."""

    def __init__(self) -> None:
        self._fold, self._position, self._outages = Fold(), 0, 0
        self.live(facts())

    def next_outage(self) -> Instant:
        """Return when it begins: six hours after the one before."""
        self._outages += 1
        return START + self._outages * 6 * HOUR

    def live(self, rows: Iterable[Row]) -> list[FindingChange]:
        """Fold the rows; return what is said of anybody's inactivity."""
        said = list[FindingChange]()
        for at, entries in rows:
            self._position += 1
            for entry in entries:
                said += self._fold.step(self._position, at, entry)
        return [each for each in said if each.finding.rule.startswith("inactivity")]


@pytest.fixture(scope="module")
def street() -> Street:
    return Street()


@pytest.mark.parametrize("outage", [without_a_gateway, without_a_database, without_a_broker])
def test_ten_minutes_blind_call_nobody_inactive_who_moved_and_find_who_did_not(
    street: Street, outage: Callable[[Instant, Moved], Iterator[Row]]
) -> None:
    dice, began = Random(7), street.next_outage()  # noqa: S311 - a test's own
    last = [began - LIMIT + dice.randrange(10 * SECOND, LASTED - 10 * SECOND) for _ in range(HOMES)]
    still = frozenset(dice.sample(range(HOMES), STILL))
    moved = [(dice.randrange(began, began + LASTED), home) for home in range(HOMES) if home not in still]
    street.live(told([(at, home) for home, at in enumerate(last)], began - LIMIT + LASTED))
    said = street.live(ticks(began - 3 * SECOND, began, Tick()))
    assert said == [], "all is well before it"

    said = street.live(outage(began, moved))
    assert {each.finding.subject for each in said} == {f"p{home}" for home in still}
    assert [(each.change, each.finding.rule) for each in said] == [("raised", "inactivity")] * STILL
    for each in said:
        due = last[int(each.finding.subject[1:])] + LIMIT
        assert began + LASTED <= each.finding.raised_at <= began + LASTED + 3 * MINUTE
        assert each.finding.late_by == each.finding.raised_at - due > 0
