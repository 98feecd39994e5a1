"""A round of the watcher's: on a real broker, before a desk that answers as scripted."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiomqtt
import pytest

from runtime.clock import SystemClock
from telecare.watcher.desk import DeskError
from telecare.watcher.hub import Broker, broker_of
from telecare.watcher.judgement import Missed, Shown
from telecare.watcher.rounds import Rounds
from tests.conftest import BrokerAddress

NOBODY = Broker("127.0.0.1", 1, "", "", tls=False)


class Desk:
    """What the desk shows, of what it was asked for."""

    def __init__(self, shows: set[str] | DeskError, after: int = 0, reasons: tuple[str, ...] = ()) -> None:
        self._shows = shows
        self._after = after  # so many looks
        self._reasons = list(reasons)
        self.asked: list[str] = []

    async def shown(self, homes: tuple[str, ...], at: str, seconds: float) -> set[str]:  # noqa: ARG002 - it answers at once
        """Answer a look."""
        self.asked.append(at)
        if isinstance(self._shows, DeskError):
            raise self._shows
        return {home for home in homes if home in self._shows} if len(self.asked) > self._after else set()

    async def reasons(self, seconds: float) -> list[str]:  # noqa: ARG002 - likewise
        """Answer /ready."""
        return self._reasons


@pytest.fixture
async def hall(broker: BrokerAddress) -> AsyncIterator[aiomqtt.Client]:
    """Give who stands in the hall and hears what is pressed."""
    async with aiomqtt.Client(broker.host, broker.port, username=broker.user, password=broker.password) as client:
        await client.subscribe("urgent/+/+", qos=1)
        yield client


def rounds(broker: Broker, desk: Desk, *homes: str, within: float = 1.0) -> Rounds:
    return Rounds(broker, desk, homes or ("_canary-1",), SystemClock().now, within)


async def heard(hall: aiomqtt.Client, number: int) -> list[tuple[str, str, str]]:
    """Return (topic, value, at) of the next messages."""
    found = []
    async with asyncio.timeout(10):
        async for message in hall.messages:
            said = json.loads(bytes(message.payload))  # type: ignore[arg-type] # bytes, as we publish
            found.append((str(message.topic), said["value"], said["at"]))
            if len(found) == number:
                break
    return found


async def test_it_presses_looks_for_that_very_press_and_takes_it_back(
    broker: BrokerAddress, hall: aiomqtt.Client
) -> None:
    desk = Desk({"_canary-1"}, after=2)
    press = await rounds(broker_of(broker.url), desk).round()
    assert isinstance(press, Shown)
    (topic, value, at), (_, taken_back, later) = await heard(hall, 2)
    assert (topic, value, taken_back) == ("urgent/_canary-1/pendant-1", "pressed", "cancelled")
    assert set(desk.asked) == {at}
    assert later > at, "a cancel counts only for what was pressed before it"


async def test_a_press_that_is_not_shown_in_time_is_missed_with_what_the_desk_says(
    broker: BrokerAddress, hall: aiomqtt.Client
) -> None:
    desk = Desk(set(), reasons=("the monitor is 20 s behind (9 rows of the log)",))
    press = await rounds(broker_of(broker.url), desk, within=0.5).round()
    assert isinstance(press, Missed)
    assert (press.where, press.why) == (
        "way",
        "not within 0.5 s; it says: the monitor is 20 s behind (9 rows of the log)",
    )
    assert [value for _, value, _ in await heard(hall, 2)] == ["pressed", "cancelled"], "and is taken back all the same"


async def test_all_homes_must_be_shown_and_those_that_are_not_are_named(broker: BrokerAddress) -> None:
    press = await rounds(broker_of(broker.url), Desk({"_canary-1"}), "_canary-1", "_canary-2", within=0.5).round()
    assert isinstance(press, Missed)
    assert press.why == "not within 0.5 s (1 of 2: _canary-2)"


async def test_a_desk_that_gives_no_answer_is_told_from_one_that_shows_nothing(broker: BrokerAddress) -> None:
    press = await rounds(broker_of(broker.url), Desk(DeskError("it answers HTTP 503")), within=0.5).round()
    assert press == Missed(press.at, "desk", "it answers HTTP 503")


async def test_a_broker_that_takes_nothing_is_named_and_the_desk_as_well_where_it_is_gone() -> None:
    press = await rounds(NOBODY, Desk(set())).round()
    assert press == Missed(press.at, "broker", "it cannot be reached (connection refused)")
    press = await rounds(NOBODY, Desk(DeskError("it cannot be reached"))).round()
    assert isinstance(press, Missed)
    assert press.why.endswith("; the operators' desk does not answer either")


async def test_two_presses_are_never_of_the_same_moment(broker: BrokerAddress) -> None:
    desk = Desk({"_canary-1"})
    stands = Rounds(broker_of(broker.url), desk, ("_canary-1",), lambda: 1_795_369_300_647_123, 1.0)
    presses = [await stands.round() for _ in range(3)]
    assert len({press.at for press in presses}) == 3
