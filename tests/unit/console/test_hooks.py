"""What Twilio tells us: signed by it, or refused with nothing changed. Twilio's own SDK signs here."""

import httpx
import pytest
from twilio.request_validator import RequestValidator

from tests.unit.console.house import AUTH_TOKEN, House

FORM = {"From": "+447700900101", "To": "+447700900199", "Body": "COMING", "MessageSid": "SM0123"}


def signature(url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


async def attempt(house: House) -> int:
    """Have the nurse sent an SMS about Ada's press, as delivery does; return the attempt's number."""
    alarm = await house.press()
    async with house.program("olga") as olga:
        await olga.post(f"/api/alarms/{alarm}/escalate", json={"reason": "worse"})
    await house.do("update notifications set state = 'sent', attempts = 1 where channel = 'sms'")
    return int(
        await house.value(
            "insert into attempts (notification, number, started_at, ended_at, result, provider_id)"
            " select id, 1, now(), now(), 'sent', 'SM0001' from notifications where channel = 'sms' returning id"
        )
    )


async def everything(house: House) -> list[list[object]]:
    tables = ("alarms", "journal", "notifications", "attempts", "receipts", "replies")
    return [await house.rows(f"select * from {table} order by 1") for table in tables]  # noqa: S608 - our own names


async def test_a_signed_receipt_is_taken_in(house: House) -> None:
    url = f"{house.url}/hooks/twilio/status?attempt={await attempt(house)}"
    form = {"MessageSid": "SM0001", "MessageStatus": "delivered", "To": "+447700900101"}
    async with httpx.AsyncClient() as twilio:
        answer = await twilio.post(url, data=form, headers=signature(url, form))
    assert answer.status_code == 204
    assert await house.value("select state from notifications where channel = 'sms'") == "delivered"


async def test_a_signed_reply_takes_the_alarm_and_is_answered_in_twiml(house: House) -> None:
    await attempt(house)
    code = await house.value("select code from notifications where channel = 'sms'")
    form = FORM | {"Body": f"COMING {code}"}
    url = f"{house.url}/hooks/twilio/reply"
    async with httpx.AsyncClient() as twilio:
        answer = await twilio.post(url, data=form, headers=signature(url, form))
    assert answer.headers["content-type"].startswith("application/xml")
    assert answer.text.startswith("<?xml")
    assert "<Message>Thank you: the alarm is yours" in answer.text
    assert await house.value("select owner from alarms") == "rrt-nurse"


async def test_a_number_we_never_wrote_to_is_answered_with_nothing(house: House) -> None:
    form = FORM | {"From": "+447700900999", "Body": "hello"}
    url = f"{house.url}/hooks/twilio/reply"
    async with httpx.AsyncClient() as twilio:
        answer = await twilio.post(url, data=form, headers=signature(url, form))
    assert (answer.status_code, "<Message" in answer.text, "<Response" in answer.text) == (200, False, True)


@pytest.mark.parametrize("path", ["/hooks/twilio/reply", "/hooks/twilio/status?attempt=1", "/hooks/twilio/status"])
@pytest.mark.parametrize("how", ["unsigned", "nonsense", "another token", "another body", "another address"])
async def test_what_is_not_signed_by_twilio_gets_403_and_changes_nothing(house: House, path: str, how: str) -> None:
    await attempt(house)
    before = await everything(house)
    url = f"{house.url}{path}"
    form = FORM | {"MessageStatus": "failed"}
    headers = {
        "unsigned": {},
        "nonsense": {"X-Twilio-Signature": "c2lnbmF0dXJl"},
        "another token": signature(url, form, "54321"),
        "another body": signature(url, form | {"Body": "CANNOT"}),
        "another address": signature(url + "&x=1", form),
    }[how]
    async with httpx.AsyncClient() as somebody:
        answer = await somebody.post(url, data=form, headers=headers)
    assert answer.status_code == 403
    assert "signature" in answer.json()["detail"]
    assert await everything(house) == before


async def test_a_body_that_is_no_form_is_refused_as_well(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as somebody:
        assert (await somebody.post("/hooks/twilio/reply", json=FORM)).status_code == 403
        assert (await somebody.post("/hooks/twilio/reply", content=b"\xff\xfe")).status_code == 403
