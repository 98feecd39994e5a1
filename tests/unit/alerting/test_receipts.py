"""What Twilio says became of a message, in every order it may say it."""

import itertools

import pytest

from alerting.channels import Ambiguous, Outgoing, Refused
from schema.instants import SECOND
from tests.unit.alerting.house import SOCIAL_WORKER, House


@pytest.fixture
async def paged(house: House) -> House:
    """Give a house whose social worker was sent a message a moment ago, attempt 1."""
    house.receipts = False
    await house.press()
    await house.at(60 * SECOND)
    assert house.phones.told() == [(60, "social worker")]
    return house


@pytest.mark.parametrize("order", [*itertools.permutations(["queued", "sent", "delivered"])])
async def test_delivered_is_the_last_word_whatever_the_order(paged: House, order: tuple[str, ...]) -> None:
    for status in (*order, *order):
        await paged.receipt(1, status)
    assert (await paged.states())["social worker"] == "delivered"
    assert await paged.value("select count(*) from receipts") == 3
    assert (await paged.actions(1)).count("delivered") == 1


@pytest.mark.parametrize("code", ["21614", "30003", "30005", "30006", "30007", "21211", "21610"])
async def test_an_error_that_is_final_for_the_number_brings_the_next_step_to_now(paged: House, code: str) -> None:
    paged.clock.at += 3 * SECOND
    await paged.receipt(1, "undelivered", code)
    assert (await paged.states())["social worker"] == "failed"
    assert paged.phones.told()[1:] == [(63, "daughter")]
    assert f"(Twilio error {code})" in str([line.text for line in (await paged.whole(1)).journal])


async def test_the_same_failure_told_twice_counts_once(paged: House) -> None:
    for _ in range(3):
        await paged.receipt(1, "undelivered", "30003")
    assert paged.phones.told()[1:] == [(60, "daughter")]
    assert (await paged.actions(1)).count("failed") == 1


async def test_a_failure_that_may_pass_is_sent_once_more(paged: House) -> None:
    await paged.receipt(1, "failed", "30008")
    assert paged.phones.told() == [(60, "social worker"), (60, "social worker")]
    await paged.receipt(2, "failed", "30008")
    assert (await paged.states())["social worker"] == "failed"
    assert paged.phones.told()[2:] == [(60, "daughter")]


async def test_delivered_after_undelivered_counts_as_delivered(paged: House) -> None:
    await paged.receipt(1, "undelivered", "30003")
    await paged.receipt(1, "delivered")
    assert (await paged.states())["social worker"] == "delivered"


async def test_undelivered_after_delivered_changes_nothing(paged: House) -> None:
    await paged.receipt(1, "delivered")
    await paged.receipt(1, "undelivered", "30003")
    assert (await paged.states())["social worker"] == "delivered"
    assert len(paged.phones.texts) == 1


async def test_a_failure_of_an_older_attempt_changes_nothing(paged: House) -> None:
    await paged.receipt(1, "failed", "30008")
    await paged.receipt(1, "undelivered", "30003")
    assert (await paged.states())["social worker"] == "sent"


async def test_a_receipt_that_overtakes_the_answer_to_our_request_is_not_overwritten_by_it(house: House) -> None:
    house.receipts = False
    await house.press()

    async def receipt_comes_first(message: Outgoing) -> None:
        house.phones.on_send = None
        async with house.pool.connection() as connection:
            from alerting.receipts import handle_status  # noqa: PLC0415 - as near as the story needs it

            form = {"MessageStatus": "delivered", "MessageSid": "SMearly"}
            await handle_status(connection, message.attempt, form, house.clock.now())

    house.phones.on_send = receipt_comes_first
    await house.at(60 * SECOND)
    assert (await house.states())["social worker"] == "delivered"
    page = next(each for each in (await house.whole(1)).notifications if each.channel == "sms")
    assert (page.attempts[0].result, page.attempts[0].provider_id) == ("sent", "SMearly")


async def test_a_receipt_after_an_ambiguous_answer_spares_the_second_message(house: House) -> None:
    house.receipts = False
    await house.press()
    house.clock.at += 60 * SECOND
    await house.engine.run_once(house.clock.now())
    house.phones.script = [Ambiguous("no answer")]
    await house.delivery.run_once(house.clock.now())  # and it waits to be tried again
    assert (await house.states())["social worker"] == "waiting"
    await house.receipt(1, "sent")
    assert (await house.states())["social worker"] == "sent"
    assert len(house.phones.texts) == 1


async def test_a_refusal_recorded_after_a_delivery_changes_nothing(house: House) -> None:
    house.receipts = False
    house.phones.refuses[SOCIAL_WORKER] = Refused("by mistake")
    await house.press()

    async def delivered_first(message: Outgoing) -> None:
        house.phones.on_send = None
        async with house.pool.connection() as connection:
            from alerting.receipts import handle_status  # noqa: PLC0415 - as near as the story needs it

            await handle_status(connection, message.attempt, {"MessageStatus": "delivered"}, house.clock.now())

    house.phones.on_send = delivered_first
    await house.at(60 * SECOND)
    assert (await house.states())["social worker"] == "delivered"


@pytest.mark.parametrize("form", [{}, {"MessageStatus": ""}, {"MessageStatus": "delivered"}])
async def test_a_receipt_for_no_attempt_of_ours_or_with_nothing_in_it_changes_nothing(
    house: House, form: dict[str, str]
) -> None:
    from alerting.receipts import handle_status  # noqa: PLC0415 - as near as the story needs it

    async with house.pool.connection() as connection:
        await handle_status(connection, 4711, form, house.clock.now())
    assert await house.value("select count(*) from receipts") == 0


async def test_a_receipt_after_closing_is_kept_and_pages_nobody(paged: House) -> None:
    from alerting import desk  # noqa: PLC0415 - as near as the story needs it

    async with paged.at_the_desk() as connection:
        await desk.close(connection, 1, "olga", paged.clock.now(), "attended")
    await paged.receipt(1, "undelivered", "30003")
    assert len(paged.phones.texts) == 1
    assert await paged.value("select count(*) from receipts") == 1
