"""What the soak says broke: each kind of fault is named, and a run without any passes."""

from collections.abc import Callable

import pytest

from benchmarks.soak.course import Course
from benchmarks.soak.life import REST, Life
from benchmarks.soak.outage import Outage
from benchmarks.soak.tables import Alarms, Stored

WHOLE = Course(
    minutes=10,
    warm_up=100,
    rate=100,
    homes=5,
    seconds=600,
    published=60_000,
    acknowledged=60_000,
    stored=Stored(60_000, 60_000, 60_000, 60_000),
    presses=40,
    alarms=Alarms(40, 40, 70, 70, 30),
    sent=80,
    received=80,
    refused=0,
    told=1,
    growth={},
    growth_hours=0.1,
    outage=None,
)
AWAY = Outage(2, 120_000, 46.0, 50.0, 30.0, 0)


def test_a_whole_run_has_no_fault() -> None:
    assert WHOLE.faults == []
    assert WHOLE._replace(outage=AWAY).faults == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (WHOLE._replace(stored=Stored(59_999, 59_999, 60_000, 59_999)), "1 acknowledged readings are not stored"),
        (WHOLE._replace(stored=Stored(60_001, 60_000, 60_000, 60_001)), "1 readings are stored more than once"),
        (WHOLE._replace(stored=Stored(60_000, 60_000, 60_000, 60_003)), "the log tells 60,003 readings"),
        (WHOLE._replace(acknowledged=59_990), "acknowledged 59,990 of 60,000"),
        (WHOLE._replace(seconds=620.0), "the rate was not held: 97 readings/s instead of 100"),
        (WHOLE._replace(alarms=Alarms(39, 39, 70, 70, 30)), "40 presses became 39 alarms"),
        (WHOLE._replace(alarms=Alarms(40, 38, 70, 68, 30)), "2 alarms of presses were not closed"),
        (WHOLE._replace(received=79), "80 messages were said to be sent, 79 arrived"),
        (WHOLE._replace(outage=AWAY._replace(gateway_highest=90.0)), "the gateway rose by 44.0 MB"),
        (WHOLE._replace(outage=AWAY._replace(drained_after=None)), "still held messages"),
    ],
)
def test_each_fault_is_named(broken: Course, said: str) -> None:
    assert any(said in fault for fault in broken.faults), broken.faults


def lived(seconds: float, say: Callable[[Life, float], None]) -> Life:
    life = Life(50, seed=3)
    for turn in range(int(seconds * 10)):
        say(life, turn / 10)
    return life


def test_no_pendant_is_pressed_twice_while_its_alarm_may_be_open() -> None:
    pressed = dict[str, float]()

    def say(life: Life, now: float) -> None:
        for said in life.due(now):
            if said.kind == "button":
                assert now - pressed.get(said.home, -REST) >= REST
                pressed[said.home] = now

    life = lived(3600, say)
    assert life.presses > 300


def test_doors_that_open_are_closed_again_and_some_late() -> None:
    opened, stays = dict[str, float](), list[float]()

    def say(life: Life, now: float) -> None:
        for said in [*life.due(now), *(life.everyday(now) for _ in range(10))]:
            if said.kind == "door" and said.value == "open":
                assert said.home not in opened
                opened[said.home] = now
            elif said.kind == "door":
                stays.append(now - opened.pop(said.home))

    lived(1800, say)
    assert len(stays) > 1000
    assert 0 < sum(stay > 60 for stay in stays) < len(stays) / 50
