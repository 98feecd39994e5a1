"""What people answer by SMS: `COMING 4821` takes the alarm in their name, `CANNOT 4821` moves the escalation on.

Promises: the same reply delivered twice counts once; a code means only the alarm it was sent for to that number;
without a code the one open alarm of that number is meant, or we ask; whatever is not understood is shown to the
desk; late and odd replies get a useful answer, numbers we never wrote to get none. A machine that answers every
message of ours is answered a few times and then no more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerting import texts
from alerting.codes import KEPT_APART
from alerting.escalation import Resumed
from alerting.failures import give_up, lock_message
from alerting.ownership import hold, let_go
from alerting.reading import Meaning, read
from alerting.record import write_journal
from schema.instants import HOUR, Duration, Instant, moment

ANSWERS_A_NUMBER: int = 8
ANSWERED_WITHIN: Duration = HOUR
"""More replies than this from one number within the hour, other than answers to an alarm, go unanswered."""

Understood = Literal["accepted", "declined", "note", "late", "unknown_number"]


class _PageOf(msgspec.Struct, frozen=True, kw_only=True):
    """The latest message about one alarm that went to this number."""

    notification: int
    alarm: int
    code: str
    recipient: str
    closed: bool


class _Answer(msgspec.Struct, frozen=True):
    understood: Understood
    text: str | None
    notification: int | None = None


_KEEP = """
insert into replies (provider_id, phone, body, received_at, understood) values (%s, %s, %s, %s, 'note')
on conflict (provider_id) do nothing returning id
"""
_UNDERSTOOD = "update replies set understood = %s, notification = %s where id = %s"
_PAGES = """
select distinct on (n.alarm) n.id as notification, n.alarm, n.code, n.recipient, a.closed_at is not null as closed
from notifications n join alarms a on a.id = n.alarm
where n.phone = %s and n.code is not null and n.attempts > 0 and n.created_at > %s
order by n.alarm desc, n.id desc
"""
_EVER_WRITTEN_TO = "select exists (select from notifications where phone = %s and attempts > 0)"
_RECENT = "select count(*) from replies where phone = %s and received_at > %s"
_AS_BEFORE = """
select r.understood, coalesce(n.code, '') from replies r left join notifications n on n.id = r.notification
where r.provider_id = %s
"""


async def handle_reply(connection: AsyncConnection, form: Mapping[str, Any], at: Instant) -> str | None:
    """Take in one reply; return what to answer its sender, or None for nothing."""
    phone, body = str(form.get("From") or ""), str(form.get("Body") or "").replace("\x00", "")
    message = form.get("MessageSid") or form.get("SmsSid")
    async with connection.transaction():
        cursor = await connection.execute(_KEEP, (message, phone, body, moment(at)))
        kept = await cursor.fetchone()
        if kept is None:
            return await _as_before(connection, str(message))
        answer = await _understand(connection, phone, body, at)
        await connection.execute(_UNDERSTOOD, (answer.understood, answer.notification, kept[0]))
        return answer.text


async def _understand(connection: AsyncConnection, phone: str, body: str, at: Instant) -> _Answer:
    async with connection.cursor(row_factory=class_row(_PageOf)) as cursor:
        await cursor.execute(_PAGES, (phone, moment(at - KEPT_APART)))
        pages = await cursor.fetchall()
    meaning = read(body, [page.code for page in pages])
    if not pages:
        known = await _one(connection, _EVER_WRITTEN_TO, (phone,))
        return _Answer("late", texts.nothing_open()) if known else _Answer("unknown_number", None)
    quiet = await _one(connection, _RECENT, (phone, moment(at - ANSWERED_WITHIN))) > ANSWERS_A_NUMBER
    answer = await _about_one(connection, pages, meaning, body, at)
    return msgspec.structs.replace(answer, text=None) if quiet and answer.understood in {"note", "late"} else answer


async def _about_one(
    connection: AsyncConnection, pages: Sequence[_PageOf], meaning: Meaning, body: str, at: Instant
) -> _Answer:
    """Find which alarm is meant, and act on it."""
    waiting = [page for page in pages if not page.closed]
    meant = [page for page in pages if page.code == meaning.code] if meaning.code else waiting
    if meaning.code and not meant:
        return _Answer("late", texts.unknown_code())
    if not meant:
        await _write_down(connection, pages[0], body, at)
        return _Answer("late", texts.nothing_open(), pages[0].notification)
    if len(meant) > 1:
        for page in meant if meaning.word is None else ():
            await _write_down(connection, page, body, at)
        return _Answer("note", texts.which([page.code for page in meant]))
    match meaning.word:
        case "coming":
            return await _accept(connection, meant[0], at)
        case "cannot":
            return await _decline(connection, meant[0], at)
        case _:
            await _write_down(connection, meant[0], body, at)
            text = texts.over() if meant[0].closed else texts.noted()
            if not meant[0].closed and meaning.word is None:
                text = texts.how_to_answer(meant[0].code)
            return _Answer("note", text, meant[0].notification)


async def _accept(connection: AsyncConnection, page: _PageOf, at: Instant) -> _Answer:
    alarm, _ = await lock_message(connection, page.notification)
    if alarm.state == "closed":
        return _Answer("late", texts.over(), page.notification)
    if alarm.owner == page.recipient:
        return _Answer("accepted", texts.already_yours(page.code), page.notification)
    if alarm.owner is not None:
        text = f"{page.recipient} offered to go by SMS, but {alarm.owner} has the alarm."
        await write_journal(connection, alarm.id, at, page.recipient, "reply", text)
        return _Answer("late", texts.taken(), page.notification)
    text = f"Accepted by SMS: {page.recipient} has the alarm."
    await write_journal(connection, alarm.id, at, page.recipient, "acknowledged", text, by_sms=True)
    await hold(connection, alarm, page.recipient, at)
    return _Answer("accepted", texts.accepted(page.code), page.notification)


async def _decline(connection: AsyncConnection, page: _PageOf, at: Instant) -> _Answer:
    alarm, message = await lock_message(connection, page.notification)
    if alarm.state == "closed":
        return _Answer("late", texts.over(), page.notification)
    text = f"Declined by SMS: {page.recipient} cannot go."
    await write_journal(connection, alarm.id, at, page.recipient, "declined", text)
    if alarm.owner == page.recipient:
        await let_go(connection, alarm, Resumed(at))
    else:
        await give_up(connection, alarm, message, at, declined=True)
    return _Answer("declined", texts.declined(), page.notification)


async def _write_down(connection: AsyncConnection, page: _PageOf, body: str, at: Instant) -> None:
    text = f"{page.recipient} wrote: {body.strip()[:500]}"
    await write_journal(connection, page.alarm, at, page.recipient, "reply", text)


async def _as_before(connection: AsyncConnection, message: str) -> str | None:
    """Answer a reply that was delivered again as it was answered at first, as far as that still helps."""
    cursor = await connection.execute(_AS_BEFORE, (message,))
    row = await cursor.fetchone()
    understood, code = row or ("unknown_number", "")
    answers = {"accepted": texts.already_yours(code), "declined": texts.declined(), "note": texts.noted()}
    return answers.get(understood)


async def _one(connection: AsyncConnection, query: str, parameters: tuple[Any, ...]) -> int:
    cursor = await connection.execute(query.encode(), parameters)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
