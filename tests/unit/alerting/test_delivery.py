"""The outbox, against a provider that fails in every way we know, and ourselves being killed."""

import asyncio
from collections.abc import Callable

import pytest

from alerting.channels import Ambiguous, Outgoing, Refused, TryLater
from alerting.delivery import AT_ONCE, KEPT_FOR_LIFE, Delivery
from runtime.database import Listener
from schema.instants import MINUTE, SECOND
from tests.unit.alerting.house import DAUGHTER, NIGHT, SOCIAL_WORKER, House


async def test_a_message_taken_says_so_in_the_journal_with_twilios_id(house: House) -> None:
    number = await house.press()
    await house.at(60 * SECOND)
    whole = await house.whole(number)
    page = next(each for each in whole.notifications if each.recipient == "rrt-social-worker")
    assert [(attempt.result, attempt.provider_id) for attempt in page.attempts] == [("sent", f"SM{1:032}")]
    assert page.attempts[0].receipts[0].status == "delivered"
    assert page.state == "delivered"


async def test_a_refused_message_brings_the_next_step_to_now(house: House) -> None:
    house.phones.refuses[SOCIAL_WORKER] = Refused("that is no mobile number (Twilio error 21614)")
    number = await house.press()
    await house.at(60 * SECOND)
    assert house.phones.told() == [(60, "social worker"), (60, "daughter")]
    failed = next(line for line in (await house.whole(number)).journal if line.action == "failed")
    assert failed.text == ("The message to rrt-social-worker failed: that is no mobile number (Twilio error 21614).")
    assert (await house.whole(number)).due_at == "2026-11-22T02:19:00.000Z"  # 8 m came 3 m nearer


async def test_a_contact_who_cannot_be_reached_gives_their_turn_to_the_next(house: House) -> None:
    house.phones.refuses[DAUGHTER] = Refused("the number is not in use")
    await house.press()
    await house.at(4 * MINUTE)
    assert house.phones.told()[1:] == [(240, "daughter"), (240, "neighbour")]


async def test_a_contact_who_fails_late_does_not_hurry_the_one_after_who_is_being_tried(house: House) -> None:
    await house.do(
        "insert into contacts (person, id, ordinal, name, phone) values ('ada', 'friend', 3, '', '+447700900177')"
    )
    await house.press()
    await house.at(5 * MINUTE + 10 * SECOND)
    daughters = await house.value(
        "select a.id from attempts a join notifications n on n.id = a.notification where n.phone = %s", DAUGHTER
    )
    await house.do("update notifications set state = 'sent' where phone = %s", DAUGHTER)  # no receipt so far
    await house.receipt(daughters, "undelivered", "30003")
    await house.at(6 * MINUTE)
    assert house.phones.told()[1:] == [(240, "daughter"), (300, "neighbour"), (360, "+447700900177")]


async def test_when_all_contacts_fail_the_next_step_comes_at_once(house: House) -> None:
    await house.do("update contacts set phone = %s where id = 'neighbour'", "+447700900199")
    house.phones.refuses[DAUGHTER] = house.phones.refuses["+447700900199"] = Refused("not in use")
    await house.press()
    await house.at(4 * MINUTE)
    assert house.phones.told()[1:] == [
        (240, "daughter"), (240, "+447700900199"), (240, "social worker"),
    ]  # fmt: skip


async def test_a_busy_provider_is_tried_again_with_growing_pauses_and_the_escalation_does_not_wait(
    house: House,
) -> None:
    house.phones.script = [TryLater("Twilio is busy (HTTP 503)")] * 3
    await house.press()
    await house.at(3 * MINUTE)
    assert [at for at, who in house.phones.told() if who == "social worker"] == [60, 62, 67, 82]
    assert (await house.states())["social worker"] == "delivered"


async def test_a_message_that_can_never_be_handed_over_fails_at_last(house: House) -> None:
    house.phones.refuses[SOCIAL_WORKER] = TryLater("Twilio cannot be reached")
    number = await house.press()
    await house.at(7 * MINUTE)
    page = next(each for each in (await house.whole(number)).notifications if each.channel == "sms")
    assert (page.state, len(page.attempts)) == ("failed", 6)
    assert (120, "daughter") in house.phones.told()  # whom the escalation did not keep waiting for it


async def test_no_receipt_within_a_minute_brings_the_next_step_to_now(house: House) -> None:
    house.receipts = False
    number = await house.press()
    await house.at(2 * MINUTE)
    assert house.phones.told() == [(60, "social worker"), (120, "daughter")]
    assert "no_receipt" in await house.actions(number)


async def test_an_answer_that_fails_to_come_is_ambiguous_and_tried_again_once(house: House) -> None:
    house.phones.script = [Ambiguous("no answer from Twilio (TimeoutError)")]
    number = await house.press()
    await house.at(60 * SECOND)
    assert house.phones.told() == [(60, "social worker"), (60, "social worker")]
    page = next(each for each in (await house.whole(number)).notifications if each.channel == "sms")
    assert [attempt.result for attempt in page.attempts] == ["ambiguous", "sent"]


async def test_two_ambiguous_answers_are_a_failure_and_the_next_step_comes_at_once(house: House) -> None:
    house.phones.script = [Ambiguous("no answer"), Ambiguous("no answer")]
    await house.press()
    await house.at(60 * SECOND)
    assert house.phones.told() == [(60, "social worker"), (60, "social worker"), (60, "daughter")]
    assert (await house.states())["social worker"] == "failed"


async def test_a_channel_that_fails_in_a_way_of_its_own_is_ambiguous(house: House) -> None:
    house.phones.script = [RuntimeError("the SDK has a bad day")]
    await house.press()
    await house.at(60 * SECOND)
    assert house.phones.told() == [(60, "social worker"), (60, "social worker")]


async def test_killed_while_sending_we_send_once_more_when_the_claim_expires(house: House) -> None:
    await house.press()
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())
    handed_over = asyncio.Event()

    async def never_answers(_: Outgoing) -> None:
        handed_over.set()
        await asyncio.Event().wait()

    house.phones.on_send = never_answers
    sending = asyncio.create_task(house.delivery.run_once(house.clock.now()))
    await asyncio.wait_for(handed_over.wait(), 10)
    sending.cancel()  # as kill -9 would, between the claim and the record
    with pytest.raises(asyncio.CancelledError):
        await sending
    house.phones.on_send = None
    await house.at(85 * SECOND)
    assert len(house.phones.texts) == 1  # another might still be sending it: the claim holds
    await house.at(95 * SECOND)
    assert house.phones.told() == [(60, "social worker"), (90, "social worker")]
    results = await house.rows("select result from attempts order by id")
    assert results == [("ambiguous",), ("sent",)]


async def test_killed_between_claiming_and_sending_it_goes_out_once_when_the_claim_expires(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.press()
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(Delivery, "_send", killed)
        await house.delivery.run_once(house.clock.now())
    assert house.phones.texts == []
    await house.at(95 * SECOND)
    assert house.phones.told() == [(90, "social worker")]


async def test_a_flood_of_lesser_messages_never_takes_the_places_kept_for_life(house: House) -> None:
    await house.do("update teams set rota = null")
    await house.do(
        "insert into team_members (team, id, ordinal, name, phone)"
        " select 'rapid_response', 'm' || n, 10 + n, '', '+4477009002' || lpad(n::text, 2, '0')"
        " from generate_series(1, 60) n"
    )
    hanging = asyncio.Event()

    async def slow(_: Outgoing) -> None:
        await hanging.wait()

    house.phones.on_send = slow
    await house.finds("bed", run=False)
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())
    listener = Listener("", ("outbox",))
    sending = asyncio.create_task(house.delivery.run(listener))
    await until(lambda: len(house.phones.texts) == AT_ONCE - KEPT_FOR_LIFE)
    await house.finds("button", run=False, policy="at_once")
    await house.do(
        """insert into policies values ('at_once', '[{"after": "0s", "notify": "contacts", "repeat": "4m"}]')"""
    )
    await house.engine.run_once(house.clock.now())
    await until(lambda: house.phones.texts[-1].to == "daughter")
    assert len(house.phones.texts) == AT_ONCE - KEPT_FOR_LIFE + 1
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - scripted telephones set no event
            await asyncio.sleep(0.01)


async def test_nothing_goes_out_for_an_alarm_somebody_has_even_where_the_outbox_still_holds_it(house: House) -> None:
    number = await house.press()
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())
    await house.do("update alarms set owner = 'olga', state = 'acknowledged', due_at = null")  # withdrew nothing
    await house.run()
    assert house.phones.texts == []
    page = next(each for each in (await house.whole(number)).notifications if each.channel == "sms")
    assert (page.state, page.reason) == ("withdrawn", "nobody is needed any more")


async def test_an_alarm_being_acknowledged_this_very_moment_is_left_for_the_next_look(house: House) -> None:
    number = await house.press()
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())
    async with house.pool.connection() as connection, connection.transaction():
        await connection.execute("update alarms set owner = 'olga', state = 'acknowledged' where id = %s", (number,))
        await asyncio.wait_for(house.delivery.run_once(house.clock.now()), 10)  # neither waits nor sends
        assert house.phones.texts == []
    await house.run()
    assert house.phones.texts == []


async def test_many_lanes_send_each_message_once(house: House) -> None:
    await house.do(
        "insert into team_members (team, id, ordinal, name, phone)"
        " select 'rapid_response', 'm' || n, 10 + n, '', '+4477009002' || lpad(n::text, 2, '0')"
        " from generate_series(1, 30) n"
    )
    await house.do("update teams set rota = null")
    await house.press()
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())
    others = [Delivery(house.pool, {"sms": house.phones}, house.clock) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(each.run_once(house.clock.now()) for each in others))
    phones = [text.to for text in house.phones.texts]
    assert len(phones) == 32
    assert len(set(phones)) == 32


async def test_without_an_account_messages_are_marked_not_sent_and_the_steps_keep_their_times(house: House) -> None:
    house.delivery = Delivery(house.pool, {}, house.clock)
    number = await house.press()
    await house.at(9 * MINUTE)
    whole = await house.whole(number)
    sms = [(each.recipient, each.state, each.reason) for each in whole.notifications if each.channel == "sms"]
    assert [line[0] for line in sms] == ["rrt-social-worker", "daughter", "neighbour", "rrt-social-worker"]
    assert {line[1:] for line in sms} == {("not_sent", "no Twilio account is set")}
    times = [line.at for line in whole.journal if line.action == "step"]
    assert times == [f"2026-11-22T02:{minute}:00.000Z" for minute in (14, 15, 18, 22)]
    assert "Not sent to daughter: no Twilio account is set." in [line.text for line in whole.journal]


async def test_a_failure_while_somebody_has_the_alarm_pages_nobody(house: House) -> None:
    number = await house.press()

    async def acknowledges_meanwhile(_: Outgoing) -> None:
        house.phones.on_send = None
        await house.acknowledge(number)

    house.phones.on_send = acknowledges_meanwhile
    house.phones.refuses[SOCIAL_WORKER] = Refused("not in use")
    await house.at(60 * SECOND)
    assert house.phones.told() == [(60, "social worker")]
    assert (await house.whole(number)).owner == "olga"


async def test_the_link_is_added_as_the_message_goes_out(house: House) -> None:
    house.delivery = Delivery(house.pool, {"sms": house.phones}, house.clock, "https://care.example/")
    number = await house.press()
    await house.at(60 * SECOND)
    assert house.phones.texts[0].message.body.endswith(f" https://care.example/alarms/{number}")
    assert house.clock.now() == NIGHT + 60 * SECOND
