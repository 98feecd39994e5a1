"""What humans do with alarms: one winner, every act in the journal, no way to strand an alarm."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from psycopg import AsyncConnection

from alerting import desk
from alerting.alarms import open_alarms
from runtime import log
from schema.alarms import OUTCOMES
from schema.entries import AlarmClosed, unpack
from schema.instants import MINUTE, SECOND
from tests.unit.alerting.house import House


async def test_of_two_operators_at_once_one_wins_and_the_other_is_told_who(house: House) -> None:
    number = await house.press()

    async def press(by: str) -> str:
        async with house.pool.connection() as connection:
            try:
                await desk.acknowledge(connection, number, by, house.clock.now())
            except desk.OwnedByAnotherError as lost:
                return f"{by} lost to {lost.owner}"
            return by

    results = sorted(await asyncio.gather(*(press(by) for by in ("olga", "sam", "sue", "rick"))))
    winner = (await house.whole(number)).owner
    assert winner is not None
    losers = [f"{by} lost to {winner}" for by in ("olga", "sam", "sue", "rick") if by != winner]
    assert results == sorted([winner, *losers])
    assert (await house.actions(number)).count("acknowledged") == 1


async def test_acknowledging_ones_own_again_changes_nothing(house: House) -> None:
    number = await house.press()
    await house.acknowledge(number)
    before = await house.whole(number)
    await house.acknowledge(number)
    assert await house.whole(number) == before


async def test_releasing_what_nobody_has_changes_nothing(house: House) -> None:
    number = await house.press()
    before = await house.whole(number)
    async with house.at_the_desk() as connection:
        await desk.release(connection, number, "olga", house.clock.now())
    assert await house.whole(number) == before


async def test_taking_over_needs_a_reason_and_names_both(house: House) -> None:
    number = await house.press()
    await house.acknowledge(number)
    async with house.at_the_desk() as connection:
        with pytest.raises(desk.MissingTextError):
            await desk.take_over(connection, number, "sam", house.clock.now(), " ")
        await desk.take_over(connection, number, "sam", house.clock.now(), "olga is on another call")
    whole = await house.whole(number)
    assert (whole.owner, whole.due_at) == ("sam", None)
    assert whole.journal[-1].text == "sam took the alarm over from olga: olga is on another call"


async def test_dispatching_takes_the_alarm(house: House) -> None:
    number = await house.press()
    async with house.at_the_desk() as connection:
        await desk.dispatch(connection, number, "olga", house.clock.now(), "mobile unit 2")
    whole = await house.whole(number)
    assert (whole.state, whole.owner, whole.due_at) == ("dispatched", "olga", None)
    assert whole.journal[-1].text == "olga sent somebody to the home: mobile unit 2"


async def test_escalating_ones_own_alarm_makes_it_nobodys_and_pages_the_next_step_at_once(house: House) -> None:
    number = await house.press()
    await house.acknowledge(number)
    house.clock.at += 5 * SECOND
    async with house.at_the_desk() as connection:
        await desk.escalate(connection, number, "olga", house.clock.now(), "no answer on the line")
    whole = await house.whole(number)
    assert (whole.state, whole.owner) == ("raised", None)
    assert house.phones.told() == [(5, "social worker")]


@pytest.mark.parametrize("outcome", [each for each in OUTCOMES if each not in {"false_alarm", "other"}])
async def test_a_press_is_closed_with_an_outcome_alone(house: House, outcome: str) -> None:
    number = await house.press()
    await house.acknowledge(number)
    async with house.at_the_desk() as connection:
        await desk.close(connection, number, "olga", house.clock.now(), outcome)
    whole = await house.whole(number)
    assert (whole.state, whole.outcome, whole.due_at) == ("closed", outcome, None)


@pytest.mark.parametrize(
    ("outcome", "text", "expected"),
    [
        ("fine", "", "'fine' is no outcome; expected one of attended"),
        ("false_alarm", " ", "needs its cause"),
        ("other", "", "Say in a sentence"),
        ("attended", "", "has not cleared: say why"),
    ],
)
async def test_an_outcome_that_says_too_little_closes_nothing(
    house: House, outcome: str, text: str, expected: str
) -> None:
    await house.finds("bed")
    async with house.at_the_desk() as connection:
        with pytest.raises(desk.BadOutcomeError, match=expected):
            await desk.close(connection, 1, "olga", house.clock.now(), outcome, text)
    assert (await house.whole(1)).state == "raised"


async def test_what_has_cleared_is_closed_without_saying_why(house: House) -> None:
    finding = await house.finds("bed")
    await house.finds(change="cleared", of=finding)
    async with house.at_the_desk() as connection:
        await desk.close(connection, 1, "olga", house.clock.now(), "reassured")
    assert (await house.whole(1)).state == "closed"


async def test_closing_tells_the_monitor_in_the_same_transaction(house: House) -> None:
    first = await house.finds("inactivity")
    second = await house.finds("inactivity", rule="not_up")
    async with house.at_the_desk() as connection:
        await desk.close(connection, 1, "olga", house.clock.now(), "reassured", "spoke to her, she is well")
        rows = await log.tail(connection, 0, 100)
    said = [entry for row in rows for entry in unpack(row.entries) if isinstance(entry, AlarmClosed)]
    assert said == [AlarmClosed("ada", tuple(sorted((first.id, second.id))), house.clock.now())]


async def test_closing_withdraws_what_has_not_gone_out(house: House) -> None:
    number = await house.press()
    await house.at(4 * MINUTE)
    async with house.at_the_desk() as connection:
        await desk.close(connection, number, "olga", house.clock.now(), "attended")
    assert (await house.states())["neighbour"] == "withdrawn"


async def test_an_alarm_raised_by_hand_follows_the_policy_of_the_press(house: House) -> None:
    async with house.at_the_desk() as connection:
        number = await desk.raise_by_hand(connection, "ada", "olga", house.clock.now(), "daughter telephoned")
    await house.at(60 * SECOND)
    whole = await house.whole(number)
    assert (whole.kind, whole.priority, whole.policy, whole.reason) == (
        "manual", "urgent", "urgent", "daughter telephoned",
    )  # fmt: skip
    assert house.phones.told() == [(60, "social worker")]


async def test_raising_by_hand_twice_joins_and_for_nobody_we_know_is_refused(house: House) -> None:
    async with house.at_the_desk() as connection:
        first = await desk.raise_by_hand(connection, "ada", "olga", house.clock.now(), "daughter telephoned")
        again = await desk.raise_by_hand(connection, "ada", "sam", house.clock.now(), "neighbour telephoned")
        assert first == again
        with pytest.raises(desk.NoSuchPersonError):
            await desk.raise_by_hand(connection, "nobody", "olga", house.clock.now(), "a call")


_ACTS: dict[str, Callable[[AsyncConnection, int, str, int], Awaitable[Any]]] = {
    "acknowledge": desk.acknowledge,
    "release": desk.release,
    "take_over": lambda connection, number, by, at: desk.take_over(connection, number, by, at, "a reason"),
    "dispatch": desk.dispatch,
    "escalate": desk.escalate,
    "close": lambda connection, number, by, at: desk.close(connection, number, by, at, "attended"),
}


@pytest.mark.parametrize("act", _ACTS)
async def test_nothing_is_done_to_a_closed_alarm_or_to_none(house: House, act: str) -> None:
    number = await house.press()
    async with house.at_the_desk() as connection:
        await desk.close(connection, number, "olga", house.clock.now(), "attended")
        before = await house.whole(number)
        with pytest.raises(desk.AlreadyClosedError):
            await _ACTS[act](connection, number, "olga", house.clock.now())
        with pytest.raises(desk.NoSuchAlarmError):
            await _ACTS[act](connection, 999, "olga", house.clock.now())
    assert await house.whole(number) == before


@pytest.mark.parametrize("act", [name for name in _ACTS if name != "take_over"])
async def test_nothing_is_done_to_an_alarm_that_another_has(house: House, act: str) -> None:
    number = await house.press()
    await house.acknowledge(number, "sam")
    async with house.at_the_desk() as connection:
        with pytest.raises(desk.OwnedByAnotherError) as refused:
            await _ACTS[act](connection, number, "olga", house.clock.now())
    assert refused.value.owner == "sam"


async def test_a_note_is_kept_even_after_closing(house: House) -> None:
    number = await house.press()
    async with house.at_the_desk() as connection:
        await desk.close(connection, number, "olga", house.clock.now(), "attended")
        await desk.note(connection, number, "sam", house.clock.now(), "carpet to be looked at")
        with pytest.raises(desk.MissingTextError):
            await desk.note(connection, number, "sam", house.clock.now(), "\n")
    assert (await house.whole(number)).journal[-1].text == "carpet to be looked at"


async def test_the_list_shows_the_most_pressing_first_then_what_nobody_has_then_the_oldest(house: House) -> None:
    await house.finds("door", priority="routine", policy="routine")  # 1
    await house.finds("bed", priority="urgent")  # 2
    house.clock.at += SECOND
    await house.finds("night", priority="urgent")  # 3
    await house.finds("button")  # 4
    await house.finds("fall")  # 5
    await house.acknowledge(2)
    await house.acknowledge(4)
    async with house.pool.connection() as connection:
        assert [line.id for line in await open_alarms(connection)] == [5, 4, 3, 2, 1]
        await desk.close(connection, 5, "olga", house.clock.now(), "attended")
        assert [line.id for line in await open_alarms(connection)] == [4, 3, 2, 1]


async def test_canaries_are_listed_only_when_asked_for(house: House) -> None:
    await house.finds("button", subject="_canary-1", subject_kind="home", home=None)
    number = await house.value("select max(id) from alarms")
    async with house.pool.connection() as connection:
        assert await open_alarms(connection) == []
        assert [line.id for line in await open_alarms(connection, canary=True)] == [number]
