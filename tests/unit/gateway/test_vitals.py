"""The gateway tells whether it hears the broker, and whether all it was given is stored."""

from gateway.marks import Marks
from gateway.vitals import Vitals
from runtime.clock import SetClock
from schema.instants import SECOND, parse_instant
from schema.readings import Lane

NIGHT = parse_instant("2026-11-22T02:14:00Z")


def lanes() -> dict[Lane, Marks]:
    return {"urgent": Marks("urgent/_mark/1"), "ordinary": Marks("homes/_mark/1")}


async def test_a_lane_that_does_not_hear_the_broker_is_named(database_url: str) -> None:
    clock, marked = SetClock(NIGHT), lanes()
    marked["urgent"].connect(NIGHT)
    marked["urgent"].sent(b"1", NIGHT)
    marked["urgent"].came_back(b"1")
    assert await Vitals(database_url, marked, clock).reasons() == ["the ordinary lane does not hear the broker"]


async def test_a_lane_is_behind_until_a_mark_of_its_own_comes_back(database_url: str) -> None:
    clock, marked = SetClock(NIGHT), lanes()
    vitals = Vitals(database_url, marked, clock)
    for marks in marked.values():
        marks.connect(NIGHT)
        marks.sent(b"1", NIGHT)
    assert await vitals.reasons() == [
        f"the {lane} lane is behind: what was published 15 s ago may not be stored yet" for lane in marked
    ]
    for marks in marked.values():
        marks.came_back(b"1")
    assert await vitals.reasons() == []
    clock.at += 16 * SECOND
    assert len(await vitals.reasons()) == 2, "the last proof is too old"


async def test_a_database_that_is_away_is_told() -> None:
    said = await Vitals("postgresql://127.0.0.1:1/nowhere", {}, SetClock(NIGHT)).reasons()
    assert said == ["the database does not answer: the broker keeps what comes"]
