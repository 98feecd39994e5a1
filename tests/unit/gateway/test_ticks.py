"""When time may go on: marks that came back prove it, and a backlog holds it up for two minutes at most."""

import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.marks import SETTLING, Marks
from gateway.service import connector
from gateway.steady import SteadyConnection
from gateway.ticks import EVERY, LONGEST_DOUBT, LONGEST_WAIT, PROMPT, Doubt, MarkedLane, Round, Ticks, behind, standing
from runtime.clock import SetClock
from schema.entries import Tick, unpack
from schema.instants import MINUTE, SECOND
from tests.unit.gateway.house import rows
from tests.unit.gateway.lane import NOW


def marks(connected_at: int | None = NOW - 60 * SECOND) -> Marks:
    made = Marks("homes/_mark/1")
    if connected_at is not None:
        made.connect(connected_at)
    return made


def test_a_round_proves_only_what_its_own_marks_stood_behind() -> None:
    urgent, ordinary = marks(), marks()
    assert standing([urgent, ordinary], NOW, NOW) is Round.UNDER_WAY
    for lane in (urgent, ordinary):
        lane.sent(b"one", NOW)
    urgent.came_back(b"one")
    ordinary.came_back(b"guessed")
    assert standing([urgent, ordinary], NOW, NOW) is Round.UNDER_WAY
    ordinary.came_back(b"one")
    assert standing([urgent, ordinary], NOW, NOW) is Round.PROVED
    assert standing([urgent, ordinary], NOW + 1, NOW + 1) is Round.UNDER_WAY


def test_without_the_broker_there_is_no_time() -> None:
    here, gone = marks(), marks(None)
    here.sent(b"one", NOW)
    here.came_back(b"one")
    assert standing([here, gone], NOW, NOW) is Round.NOTHING
    assert not behind([here, gone], 0, NOW + LONGEST_WAIT * 2)
    here.disconnect()
    assert standing([here], NOW, NOW) is Round.NOTHING


@pytest.mark.parametrize(("after", "expected"), [(0, Round.NOTHING), (SETTLING, Round.PROVED)])
def test_marks_count_only_once_redeliveries_of_an_earlier_connection_have_come(after: int, expected: Round) -> None:
    lane = marks(NOW)
    lane.sent(b"one", NOW + after)
    lane.came_back(b"one")
    assert standing([lane], NOW + after, NOW + after) is expected


def test_marks_that_took_long_show_that_there_was_a_backlog() -> None:
    lane = marks()
    lane.sent(b"one", NOW)
    lane.came_back(b"one")
    assert standing([lane], NOW, NOW + PROMPT + 1) is Round.NOTHING


def test_a_backlog_holds_time_up_for_two_minutes_at_most() -> None:
    lane = marks(NOW)
    assert not behind([lane], NOW - SECOND, NOW + LONGEST_WAIT - 1)
    assert behind([lane], NOW - SECOND, NOW + LONGEST_WAIT)
    assert not behind([lane], NOW + SECOND, NOW + LONGEST_WAIT)


def test_a_mark_that_comes_back_late_proves_what_was_published_before_it_though_others_were_sent_since() -> None:
    lane = marks()
    for number in range(3):
        lane.sent(bytes([number]), NOW + number * SECOND)
    lane.came_back(bytes([1]))
    assert lane.proved == NOW + SECOND
    lane.came_back(bytes([0]))
    assert lane.proved == NOW + SECOND, "what is proved is never taken back"


def test_behind_deadlines_are_judged_up_to_what_every_lane_has_proved() -> None:
    quick, slow, doubt = marks(), marks(), Doubt()
    for lane in (quick, slow):
        lane.sent(b"one", NOW)
        lane.sent(b"two", NOW + MINUTE)
    quick.came_back(b"two")
    assert doubt.stored_until([quick, slow], NOW + 2 * MINUTE) == 0
    slow.came_back(b"one")
    assert doubt.stored_until([quick, slow], NOW + 2 * MINUTE) == NOW - PROMPT


def test_marks_before_redeliveries_have_come_prove_nothing() -> None:
    lane = marks(NOW)
    lane.sent(b"one", NOW + SETTLING - 1)
    lane.came_back(b"one")
    assert lane.proved == 0
    lane.sent(b"two", NOW + SETTLING)
    lane.came_back(b"two")
    assert lane.proved == NOW + SETTLING


def test_a_broker_that_gives_no_mark_back_holds_no_deadline_up_for_ever() -> None:
    lane, doubt = marks(), Doubt()
    lane.sent(b"one", NOW)
    assert doubt.stored_until([lane], NOW) == 0
    assert doubt.stored_until([lane], NOW + LONGEST_DOUBT - 1) == 0
    assert doubt.stored_until([lane], NOW + LONGEST_DOUBT) == NOW + LONGEST_DOUBT
    lane.came_back(b"one")
    assert doubt.stored_until([lane], NOW + LONGEST_DOUBT + SECOND) == NOW - PROMPT


class Echo:
    """A session whose marks come back at once, or never."""

    def __init__(self, lane: Marks, clock: SetClock, *, returns: bool = True) -> None:
        self._lane = lane
        self._clock = clock
        self._returns = returns

    def mark(self, token: bytes) -> None:
        """Publish a mark to ourselves."""
        self._lane.sent(token, self._clock.now())
        if self._returns:
            self._lane.came_back(token)
        else:
            self._clock.at += LONGEST_WAIT


async def ticked(database: AsyncConnectionPool) -> list[Tick]:
    return [unpack(packed)[0] for (packed,) in await rows(database, "select entries from log order by position")]  # type: ignore[misc]


async def test_a_tick_a_second_whatever_the_number_of_gateways(
    database: AsyncConnectionPool, database_url: str
) -> None:
    steady = SteadyConnection(connector(database_url, "test"), "test")
    clock = SetClock(NOW)
    lane = marks()
    one, other = (Ticks([MarkedLane(lane, Echo(lane, clock))], steady, clock) for _ in range(2))
    for _ in range(3):
        await one.run_once()
        await other.run_once()
    await steady.close()
    assert await ticked(database) == [Tick(hearing_since=NOW - 60 * SECOND)]


async def test_ticks_come_marked_behind_while_a_backlog_drains_for_long(
    database: AsyncConnectionPool, database_url: str
) -> None:
    steady = SteadyConnection(connector(database_url, "test"), "test")
    clock = SetClock(NOW)
    lane = marks()
    await Ticks([MarkedLane(lane, Echo(lane, clock, returns=False))], steady, clock).run_once()
    await steady.close()
    assert await ticked(database) == [Tick(behind=True)]


async def test_a_tick_is_not_made_up_for_once_the_database_is_back() -> None:
    async def refuse() -> AsyncConnection:
        raise ConnectionRefusedError

    clock = SetClock(NOW)
    lane = marks()
    with pytest.raises(ConnectionRefusedError):
        await Ticks([MarkedLane(lane, Echo(lane, clock))], SteadyConnection(refuse, "test"), clock).run_once()
    assert EVERY == SECOND
