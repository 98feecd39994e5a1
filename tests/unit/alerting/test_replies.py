"""Answers by SMS: who accepts has the alarm, who cannot moves it on, and everybody else gets a useful word."""

import asyncio
import re

import pytest

from alerting import desk, texts
from alerting.replies import ANSWERS_A_NUMBER, handle_reply
from schema.instants import DAY, HOUR, MINUTE, SECOND
from tests.unit.alerting.house import DAUGHTER, NEIGHBOUR, NURSE, SOCIAL_WORKER, House


@pytest.fixture
async def paged(house: House) -> House:
    """Give a house whose social worker has just been paged."""
    await house.press()
    await house.at(60 * SECOND)
    return house


@pytest.mark.parametrize(
    "body", ["COMING {code}", " coming  {code} \n", "Yes", "{code}", "on my way!", "accept {code}."]
)
async def test_who_accepts_has_the_alarm(paged: House, body: str) -> None:
    code = paged.phones.texts[0].code
    answer = await paged.reply(SOCIAL_WORKER, body.format(code=code))
    whole = await paged.whole(1)
    assert (whole.state, whole.owner, whole.due_at) == ("acknowledged", "rrt-social-worker", None)
    assert answer == texts.accepted(code)
    assert "Accepted by SMS: rrt-social-worker has the alarm." in [line.text for line in whole.journal]
    await paged.advance(HOUR)
    assert len(paged.phones.texts) == 1
    assert [reply.understood for reply in whole.replies] == ["accepted"]


@pytest.mark.parametrize("body", ["CANNOT {code}", "no", "can't {code} sorry, car is broken", "Not coming"])
async def test_who_cannot_go_moves_the_escalation_on_at_once(paged: House, body: str) -> None:
    answer = await paged.reply(SOCIAL_WORKER, body.format(code=paged.phones.texts[0].code))
    assert paged.phones.told()[1:] == [(60, "daughter")]
    assert answer == texts.declined()
    assert "declined" in await paged.actions(1)


async def test_a_contact_who_cannot_go_gives_their_turn_to_the_next(paged: House) -> None:
    await paged.at(4 * MINUTE + 5 * SECOND)
    await paged.reply(DAUGHTER, f"NO {paged.phones.texts[1].code}")
    assert paged.phones.told()[1:] == [(240, "daughter"), (245, "neighbour")]
    await paged.reply(NEIGHBOUR, f"NO {paged.phones.texts[2].code}")
    assert paged.phones.told()[3:] == [(245, "social worker")]  # the last step, as nobody is left of this one


async def test_who_accepted_and_cannot_go_after_all_gives_it_back(paged: House) -> None:
    code = paged.phones.texts[0].code
    await paged.reply(SOCIAL_WORKER, f"COMING {code}")
    paged.clock.at += 4 * MINUTE
    await paged.reply(SOCIAL_WORKER, f"CANNOT {code}")
    whole = await paged.whole(1)
    assert (whole.state, whole.owner) == ("raised", None)
    assert paged.phones.told()[1:] == [(300, "daughter")]


async def test_the_same_reply_delivered_twice_counts_once(paged: House) -> None:
    code = paged.phones.texts[0].code
    answers = [await paged.reply(SOCIAL_WORKER, f"CANNOT {code}", sid="SMonce") for _ in range(2)]
    assert answers == [texts.declined()] * 2
    assert (await paged.actions(1)).count("declined") == 1
    assert await paged.value("select count(*) from replies") == 1


async def test_the_same_reply_delivered_twice_at_once_counts_once(paged: House) -> None:
    form = {"From": SOCIAL_WORKER, "Body": "COMING", "MessageSid": "SMonce"}

    async def deliver() -> str | None:
        async with paged.pool.connection() as connection:
            return await handle_reply(connection, form, paged.clock.now())

    await asyncio.gather(*(deliver() for _ in range(4)))
    assert (await paged.actions(1)).count("acknowledged") == 1


async def test_two_who_accept_get_one_alarm_between_them_and_the_second_is_told(paged: House) -> None:
    await paged.at(4 * MINUTE)
    await paged.reply(DAUGHTER, "YES")
    assert await paged.reply(SOCIAL_WORKER, "COMING") == texts.taken()
    whole = await paged.whole(1)
    assert whole.owner == "daughter"
    assert "offered to go by SMS, but daughter has the alarm" in str([line.text for line in whole.journal])


async def test_accepting_ones_own_again_says_so(paged: House) -> None:
    code = paged.phones.texts[0].code
    await paged.reply(SOCIAL_WORKER, "COMING")
    assert await paged.reply(SOCIAL_WORKER, "COMING") == texts.already_yours(code)


async def test_without_a_code_the_one_open_alarm_is_meant_and_of_two_we_ask_which(paged: House) -> None:
    await paged.finds("fall", raised_at=paged.clock.now() - MINUTE)
    codes = [text.code for text in paged.phones.texts]
    assert len(set(codes)) == 2
    asked = await paged.reply(SOCIAL_WORKER, "coming")
    assert asked is not None
    assert all(code in asked for code in codes)
    assert [(await paged.whole(number)).owner for number in (1, 2)] == [None, None]
    await paged.reply(SOCIAL_WORKER, f"coming {codes[1]}")
    assert [(await paged.whole(number)).owner for number in (1, 2)] == [None, "rrt-social-worker"]


async def test_a_late_reply_to_a_closed_alarm_changes_nothing_and_says_so(paged: House) -> None:
    code = paged.phones.texts[0].code
    async with paged.at_the_desk() as connection:
        await desk.close(connection, 1, "olga", paged.clock.now(), "attended")
    before = (await paged.whole(1)).state
    assert await paged.reply(SOCIAL_WORKER, f"COMING {code}") == texts.over()
    assert (await paged.whole(1)).state == before == "closed"


async def test_a_code_of_another_telephone_or_of_last_week_takes_nothing(paged: House) -> None:
    code = paged.phones.texts[0].code
    await paged.at(4 * MINUTE)
    wrong = next(f"{number:04}" for number in range(10_000) if f"{number:04}" not in {code, paged.phones.texts[1].code})
    assert await paged.reply(DAUGHTER, f"YES {wrong}") == texts.unknown_code()
    assert (await paged.whole(1)).owner is None
    await paged.do("update notifications set created_at = created_at - interval '8 days'")
    assert await paged.reply(SOCIAL_WORKER, f"COMING {code}") == texts.nothing_open()
    assert (await paged.whole(1)).owner is None


async def test_what_is_not_understood_is_shown_to_the_desk(paged: House) -> None:
    code = paged.phones.texts[0].code
    answer = await paged.reply(SOCIAL_WORKER, "No one opens the door, what now?")
    assert answer == texts.how_to_answer(code)
    whole = await paged.whole(1)
    assert whole.owner is None
    assert "rrt-social-worker wrote: No one opens the door, what now?" in [line.text for line in whole.journal]
    assert paged.phones.told() == [(60, "social worker")]


async def test_done_is_a_note_for_the_desk_which_closes_it(paged: House) -> None:
    await paged.reply(SOCIAL_WORKER, "COMING")
    assert await paged.reply(SOCIAL_WORKER, "DONE, she is back in bed") == texts.noted()
    whole = await paged.whole(1)
    assert whole.state == "acknowledged"
    assert "rrt-social-worker wrote: DONE, she is back in bed" in [line.text for line in whole.journal]


async def test_a_number_we_never_wrote_to_gets_no_answer_and_changes_nothing(paged: House) -> None:
    for phone in ("+447700900999", NURSE):
        assert await paged.reply(phone, f"COMING {paged.phones.texts[0].code}") is None
    assert (await paged.whole(1)).owner is None
    assert await paged.rows("select distinct understood from replies") == [("unknown_number",)]


async def test_a_contact_whose_turn_has_not_come_is_not_taken_at_their_word(paged: House) -> None:
    await paged.at(4 * MINUTE)
    code = await paged.value("select code from notifications where phone = %s", NEIGHBOUR)
    assert await paged.reply(NEIGHBOUR, f"YES {code}") is None


async def test_a_machine_that_answers_everything_is_answered_a_few_times_only(paged: House) -> None:
    answers = [await paged.reply(SOCIAL_WORKER, "I am on holiday until Monday") for _ in range(12)]
    assert sum(answer is not None for answer in answers) == ANSWERS_A_NUMBER
    code = paged.phones.texts[0].code
    assert await paged.reply(SOCIAL_WORKER, f"COMING {code}") == texts.accepted(code)  # an answer is always heard


async def test_every_message_about_an_alarm_names_the_same_code_and_another_alarm_another(house: House) -> None:
    await house.press()
    await house.at(20 * MINUTE)
    first = {text.code for text in house.phones.texts if text.to == "social worker"}
    assert len(first) == 1
    async with house.at_the_desk() as connection:
        await desk.close(connection, 1, "olga", house.clock.now(), "attended")
    house.clock.at += 6 * DAY + 22 * HOUR
    await house.press()
    await house.advance(8 * MINUTE)
    second = {text.code for text in house.phones.texts if text.to == "social worker"} - first
    assert len(second) == 1


async def test_a_reply_of_8000_characters_and_one_of_none_do_no_harm(paged: House) -> None:
    for body in ("x" * 8000, "", "\x00", "🙂", "٤٨٢١", "4" * 400):
        answer = await paged.reply(SOCIAL_WORKER, body)
        assert answer is None or re.match(r"Your message is with the desk|We know no alarm", answer)
    assert (await paged.whole(1)).owner is None
