"""What Twilio says became of a message: in any order, twice, or before the answer to our own request.

An attempt is found by the number in the address we gave, never by Twilio's id, which we may not have yet. Each
status counts once. `delivered` is the last word; a failure counts only for the newest attempt.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from psycopg import AsyncConnection

from alerting.channels.sms import FINAL_ERRORS, in_words
from alerting.delivery import again, fail
from alerting.failures import Message, lock_message
from alerting.record import AlarmRow, write_journal
from schema.instants import Instant, moment

log = structlog.get_logger()

SENT_AT_MOST = 2
"""How often a message is sent whose failure may have been a passing one."""

_ATTEMPT = "select notification, number from attempts where id = %s"
# Twilio's id as well, which our own request may not have been answered with yet.
_RECEIPT = """
with fresh as (
    insert into receipts (attempt, status, error_code, received_at) values (%s, %s, %s, %s)
    on conflict do nothing returning attempt
), named as (
    update attempts set provider_id = coalesce(provider_id, %s) from fresh where id = fresh.attempt
)
select attempt from fresh
"""
_STATE = "update notifications set state = %s, reason = null where id = %s"


async def handle_status(connection: AsyncConnection, attempt: int, form: Mapping[str, Any], at: Instant) -> None:
    """Take in one status callback about the attempt; what is unknown, or known already, changes nothing."""
    status = str(form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    error = str(form.get("ErrorCode") or "")
    async with connection.transaction():
        cursor = await connection.execute(_ATTEMPT, (attempt,))
        found = await cursor.fetchone()
        if found is None or not status:
            log.warning("receipt for no attempt of ours", action="receipt", attempt=attempt, status=status)
            return
        alarm, message = await lock_message(connection, found[0])
        provider = form.get("MessageSid") or form.get("SmsSid")
        cursor = await connection.execute(_RECEIPT, (attempt, status, error, moment(at), provider))
        if await cursor.fetchone() is None:
            return
        await _follow(connection, alarm, message, status, error, at, newest=found[1] == message.attempts)


async def _follow(  # noqa: PLR0917 - a receipt and what it is about
    connection: AsyncConnection,
    alarm: AlarmRow,
    message: Message,
    status: str,
    error: str,
    at: Instant,
    *,
    newest: bool,
) -> None:
    if status in {"delivered", "read"}:
        await connection.execute(_STATE, ("delivered", message.id))
        await _journal(connection, message, at, "delivered", f"Delivered to {message.recipient}.")
    elif status in {"undelivered", "failed", "canceled"}:
        if newest and message.state in {"waiting", "sending", "sent"}:
            await _failed(connection, alarm, message, error, at)
    elif newest and message.state == "waiting":  # we did not know whether it went out: it did
        await connection.execute(_STATE, ("sent", message.id))
        await _journal(connection, message, at, "sent", f"Twilio has the message for {message.recipient} after all.")


async def _failed(connection: AsyncConnection, alarm: AlarmRow, message: Message, error: str, at: Instant) -> None:
    why = in_words(error)
    if error in FINAL_ERRORS or message.attempts >= SENT_AT_MOST:
        await fail(connection, alarm, message, why, at)
    else:
        await again(connection, message, f"undelivered, {why}", at, at)


async def _journal(connection: AsyncConnection, message: Message, at: Instant, action: str, text: str) -> None:
    await write_journal(connection, message.alarm, at, "twilio", action, text, to=message.recipient)
