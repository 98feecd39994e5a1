"""Sends what the outbox holds, and never loses track of a message, whenever we are killed.

A message is claimed, with a deadline and a numbered attempt, in a transaction that also looks whether its alarm
still wants it; it is sent outside any transaction; what came of it is recorded in another. So:

- nothing goes out for an alarm that somebody had when it was claimed;
- a claim whose deadline passes (we died while sending) and an answer that failed to come are *ambiguous*: tried
  again once, as a message sent twice is a nuisance and one not sent is harm;
- a receipt that overtakes the answer to our request is not overwritten by it;
- what fails for good, or brings no receipt in time, is told to the escalation at once.

Each message is sent by a task of its own, so that a slow answer keeps nobody waiting; and of the places there are
for them some are kept for alarms of life, so that no flood of lesser ones can fill them all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, assert_never

import structlog
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from alerting import texts
from alerting.channels import Ambiguous, Channel, Outgoing, Refused, Result, Sent, TryLater
from alerting.failures import Message, give_up, lock_message
from alerting.outbox import RECEIPT_WITHIN
from alerting.record import AlarmRow, write_journal
from runtime.clock import Clock
from runtime.database import GONE, Listener
from runtime.database import in_words as why_gone
from schema.alarms import PRIORITIES, Priority
from schema.instants import SECOND, Duration, Instant, in_words, moment

log = structlog.get_logger()

CLAIMED_FOR: Duration = 30 * SECOND
"""How long a claim holds: longer than any channel takes."""
SENDING_ENDS_AFTER = 20.0
"""Seconds after which an answer is waited for no longer, whatever the channel says of itself."""
TRIED_AGAIN_AFTER: tuple[Duration, ...] = (2 * SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, 60 * SECOND)
"""After each try that may succeed later; when all are used up the message has failed."""
AMBIGUOUS_TRIES = 2
AT_ONCE = 32
"""How many messages may be under way at a time."""
KEPT_FOR_LIFE = 8
"""How many of these are for alarms of life alone."""
BATCH = 8
LOOKED_AGAIN_AFTER = 0.05
"""Seconds: a hint that leads to nothing may be of an alarm that is being changed this very moment."""
_LOOK_EVERY = 1.0  # s: hints may be lost, and claims and receipts run out by the clock alone

# First what is most pressing, then first rounds before repeats, then what has waited longest. An alarm that is
# being changed this very moment (acknowledged, perhaps) is left for the next look. What is wanted and can be
# sent is claimed, with its attempt; the rest is left, with a word in the journal. One statement, and so one
# transaction, as a page waits for it.
_CLAIM = """
with picked as materialized (
    select n.id, n.alarm, n.recipient, n.channel, n.phone, n.body, n.round, n.not_before,
           array_position(%(priorities)s::text[], a.priority) as pressing,
           a.owner is null and a.closed_at is null as wanted,
           n.phone is not null and n.channel = any(%(channels)s) as possible
    from notifications n join alarms a on a.id = n.alarm
    where n.state = 'waiting' and n.not_before <= %(at)s and a.priority = any(%(priorities)s::text[])
    order by array_position(%(priorities)s::text[], a.priority), n.round, n.not_before, n.id
    limit %(limit)s
    for update of n skip locked for share of a skip locked
), sending as (
    update notifications n set state = 'sending', claimed_until = %(until)s, attempts = n.attempts + 1
    from picked where n.id = picked.id and picked.wanted and picked.possible
    returning n.id, n.attempts
), begun as (
    insert into attempts (notification, number, started_at) select id, attempts, %(at)s from sending
    returning id, notification
), let_be as (
    update notifications n
    set state = case when picked.wanted then 'not_sent' else 'withdrawn' end,
        reason = case when picked.wanted then 'no Twilio account is set' else 'nobody is needed any more' end
    from picked where n.id = picked.id and not (picked.wanted and picked.possible)
    returning n.alarm, n.recipient, n.state, n.reason
), written as (
    insert into journal (alarm, at, actor, action, text, detail)
    select alarm, %(at)s, 'delivery', state,
           case state when 'withdrawn' then 'Withdrew the message to ' else 'Not sent to ' end
               || recipient || ': ' || reason || '.',
           jsonb_build_object('to', recipient)
    from let_be
), told as (
    select pg_notify('alarms', alarm::text) from let_be
)
select picked.id, alarm, channel, phone, body, begun.id as attempt, (select count(*) from told) as told
from picked left join begun on begun.notification = picked.id order by pressing, round, not_before, picked.id
"""
_STATE = "update notifications set state = %s, reason = %s where id = %s"
_LATER = "update notifications set state = 'waiting', reason = %s, not_before = %s where id = %s"
_ENDED = """
update attempts set ended_at = %s, result = %s, reason = %s, provider_id = coalesce(provider_id, %s)
where id = %s and ended_at is null returning notification, number
"""
_AMBIGUOUS = "select count(*) from attempts where notification = %s and result = 'ambiguous'"
_EXPIRED = """
select n.id, a.id from attempts a join notifications n on n.id = a.notification and n.attempts = a.number
where n.state = 'sending' and n.claimed_until <= %s and a.ended_at is null
"""
_NO_RECEIPT = """
select n.id from notifications n join alarms a on a.id = n.alarm
where n.state in ('waiting', 'sending', 'sent') and n.given_up_at is null and n.receipt_by <= %s
  and a.owner is null and a.closed_at is null
"""


class _Claimed(NamedTuple):
    notification: int
    attempt: int
    alarm: int
    channel: Channel
    phone: str
    body: str


class _Picked(NamedTuple):
    id: int
    alarm: int
    channel: str
    phone: str | None
    body: str
    attempt: int | None  # None: not to be sent
    told: int


class Delivery:
    """The loops around `run_once`. A channel that is not given counts as one for which there is no account."""

    def __init__(
        self, pool: AsyncConnectionPool, channels: Mapping[str, Channel], clock: Clock, public_url: str = ""
    ) -> None:
        self._pool = pool
        self._channels = channels
        self._clock = clock
        self._public_url = public_url
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()  # of one that was under way

    async def run_once(self, now: Instant) -> int:
        """Look after what is under way, then send one batch; returns how many messages were looked at."""
        await self._look_after(now)
        async with self._pool.connection() as connection:
            claimed, looked_at = await self._claim(connection, now, BATCH)
        async with asyncio.TaskGroup() as sending:
            for message in claimed:
                sending.create_task(self._send(message))
        return looked_at

    async def run(self, listener: Listener) -> None:
        """Run until cancelled; while the database is away, keep trying."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._trying_on(self._keep_looking_after), name="delivery:looks_after")
            group.create_task(self._trying_on(lambda: self._keep_sending(listener, group)), name="delivery:sends")

    async def _trying_on(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin the work again for as long as the database is away."""
        away = False
        while True:
            try:
                await work()
                away = False
            except GONE as error:
                if not away:
                    log.warning("the database does not answer; trying on", action="delivery", error=why_gone(error))
                away = True
                await asyncio.sleep(0.5)

    async def _keep_looking_after(self) -> None:
        await self._look_after(self._clock.now())
        await asyncio.sleep(_LOOK_EVERY)

    async def _keep_sending(self, listener: Listener, group: asyncio.TaskGroup) -> None:
        """Send what may go out and there is a place for, on a connection of its own; else wait for a hint."""
        async with self._pool.connection() as connection:
            while True:
                while await self._send_some(connection, group):
                    pass
                await listener.wait("outbox", LOOKED_AGAIN_AFTER if self._crowded else _LOOK_EVERY)
                if not await self._send_some(connection, group):
                    await listener.wait("outbox", LOOKED_AGAIN_AFTER)

    async def _send_some(self, connection: AsyncConnection, group: asyncio.TaskGroup) -> bool:
        """Claim one batch and give each message a task; tell whether there may be more."""
        self._ended.clear()
        free = AT_ONCE - len(self._under_way)
        if free <= 0:
            await self._ended.wait()
            return True
        limit, priorities = (free, PRIORITIES[:1]) if self._crowded else (free - KEPT_FOR_LIFE, PRIORITIES)
        claimed, looked_at = await self._claim(connection, self._clock.now(), min(limit, BATCH), priorities)
        for message in claimed:
            task = group.create_task(self._send_or_leave(message), name=f"delivery:{message.attempt}")
            self._under_way.add(task)
            task.add_done_callback(self._end)
        return looked_at == min(limit, BATCH)

    @property
    def _crowded(self) -> bool:
        """Whether all places are taken but those kept for life: a place that comes free gives no hint."""
        return len(self._under_way) >= AT_ONCE - KEPT_FOR_LIFE

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._ended.set()

    async def _claim(
        self, connection: AsyncConnection, now: Instant, limit: int, priorities: Sequence[Priority] = PRIORITIES
    ) -> tuple[list[_Claimed], int]:
        """Return what is to be sent now, and how many messages were looked at."""
        parameters = {
            "at": moment(now),
            "until": moment(now + CLAIMED_FOR),
            "channels": list(self._channels),
            "priorities": list(priorities),
            "limit": limit,
        }
        async with connection.cursor(row_factory=class_row(_Picked)) as cursor:
            await cursor.execute(_CLAIM, parameters)
            picked = await cursor.fetchall()
        return [self._claimed(each) for each in picked if each.attempt is not None], len(picked)

    def _claimed(self, message: _Picked) -> _Claimed:
        assert message.attempt is not None, "it is asked for what is to be sent"
        assert message.phone is not None, "claimed only where there is a number"
        body = texts.with_link(message.body, self._public_url, message.alarm)
        channel = self._channels[message.channel]
        return _Claimed(message.id, message.attempt, message.alarm, channel, message.phone, body)

    async def _send_or_leave(self, claimed: _Claimed) -> None:
        """Send; with the database away for long, what came of it is left to the claim's end: ambiguous."""
        try:
            await self._send(claimed)
        except GONE as error:
            alarm, attempt = claimed.alarm, claimed.attempt
            log.warning("not recorded", action="send", alarm_id=alarm, attempt=attempt, error=str(error))

    async def _send(self, claimed: _Claimed) -> None:
        outgoing = Outgoing(attempt=claimed.attempt, phone=claimed.phone, body=claimed.body)
        try:
            async with asyncio.timeout(SENDING_ENDS_AFTER):
                result = await claimed.channel.send(outgoing)
        except Exception as error:  # a channel that fails in its own way: it may have sent
            log.exception("channel failed", action="send", alarm_id=claimed.alarm, attempt=claimed.attempt)
            result = Ambiguous(f"no answer ({type(error).__name__})")
        await self._record(claimed.notification, claimed.attempt, result, self._clock.now())

    async def _look_after(self, now: Instant) -> None:
        await self._close_expired(now)
        await self._miss_receipts(now)

    async def _close_expired(self, now: Instant) -> None:
        for notification, attempt in await self._rows(_EXPIRED, now):
            await self._record(notification, attempt, Ambiguous("we stopped before the answer came"), now)

    async def _miss_receipts(self, now: Instant) -> None:
        for (notification,) in await self._rows(_NO_RECEIPT, now):
            async with self._pool.connection() as connection, connection.transaction():
                alarm, message = await lock_message(connection, notification)
                if message.state in {"waiting", "sending", "sent"} and not message.given_up:
                    within = in_words(RECEIPT_WITHIN)
                    text = f"No receipt within {within} for the message to {message.recipient}."
                    await write_journal(connection, alarm.id, now, "delivery", "no_receipt", text, to=message.recipient)
                    await give_up(connection, alarm, message, now)

    async def _rows(self, query: str, now: Instant) -> list[tuple[int, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), (moment(now),))).fetchall()

    async def _record(self, notification: int, attempt: int, result: Result, at: Instant) -> None:
        """Record it, trying on for a while: what is not recorded is ambiguous, and sent again."""
        for pause in (0.2, 0.5, 1, 2, 4):
            try:
                return await self._record_now(notification, attempt, result, at)
            except GONE:
                await asyncio.sleep(pause)
        return await self._record_now(notification, attempt, result, at)

    async def _record_now(self, notification: int, attempt: int, result: Result, at: Instant) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await record(connection, notification, attempt, result, at)


async def record(connection: AsyncConnection, notification: int, attempt: int, result: Result, at: Instant) -> None:
    """Record what came of an attempt, once; what it means for a message only if nothing newer is known of it."""
    alarm, message = await lock_message(connection, notification)
    kind, reason, provider = _as_row(result)
    cursor = await connection.execute(_ENDED, (moment(at), kind, reason, provider, attempt))
    ended = await cursor.fetchone()
    if ended is None or ended[1] != message.attempts or message.state != "sending":
        return  # recorded already, or a receipt or a newer attempt says more
    await _follow(connection, alarm, message, result, at)


async def _follow(connection: AsyncConnection, alarm: AlarmRow, message: Message, result: Result, at: Instant) -> None:
    match result:
        case Sent():
            await connection.execute(_STATE, ("sent", None, message.id))
            await _journal(connection, message, at, "sent", f"Handed to Twilio for {message.recipient}.")
        case TryLater(reason=reason):
            await _again_later(connection, alarm, message, reason, at)
        case Refused(reason=reason):
            await fail(connection, alarm, message, reason, at)
        case Ambiguous(reason=reason):
            cursor = await connection.execute(_AMBIGUOUS, (message.id,))
            tries = await cursor.fetchone()
            if tries is not None and tries[0] >= AMBIGUOUS_TRIES:
                await fail(connection, alarm, message, f"it is not known whether it was sent: {reason}", at)
            else:
                await again(connection, message, f"perhaps not sent, {reason}", at, at)
        case _:
            assert_never(result)


async def _again_later(
    connection: AsyncConnection, alarm: AlarmRow, message: Message, reason: str, at: Instant
) -> None:
    if message.attempts > len(TRIED_AGAIN_AFTER):
        await fail(connection, alarm, message, f"{reason}, after {message.attempts} tries", at)
    else:
        await again(connection, message, reason, at, at + TRIED_AGAIN_AFTER[message.attempts - 1])


async def again(connection: AsyncConnection, message: Message, reason: str, at: Instant, not_before: Instant) -> None:
    """Put a message back to be tried again."""
    await connection.execute(_LATER, (reason, moment(not_before), message.id))
    when = f"in {in_words(not_before - at)}" if not_before > at else "now"
    await _journal(connection, message, at, "try_again", f"To {message.recipient}: {reason}; tried again {when}.")
    await connection.execute("notify outbox")


async def fail(connection: AsyncConnection, alarm: AlarmRow, message: Message, reason: str, at: Instant) -> None:
    """Record that a message failed for good, and let the escalation go on without it."""
    await connection.execute(_STATE, ("failed", reason, message.id))
    await _journal(connection, message, at, "failed", f"The message to {message.recipient} failed: {reason}.")
    await give_up(connection, alarm, message, at)


async def _journal(connection: AsyncConnection, message: Message, at: Instant, action: str, text: str) -> None:
    detail: dict[str, Any] = {"to": message.recipient, "attempt": message.attempts}
    await write_journal(connection, message.alarm, at, "delivery", action, text, **detail)


def _as_row(result: Result) -> tuple[str, str | None, str | None]:
    match result:
        case Sent(provider_id=provider):
            return "sent", None, provider
        case TryLater(reason=reason):
            return "try_later", reason, None
        case Refused(reason=reason):
            return "refused", reason, None
        case Ambiguous(reason=reason):
            return "ambiguous", reason, None
        case _:
            assert_never(result)
