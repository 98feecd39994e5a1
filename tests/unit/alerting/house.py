"""A house in whose middle alerting runs: the real engine and delivery on a real database, time in our hands.

Alarms come about by findings that the monitor wrote. Telephones are scripted: each message is taken unless a
script says otherwise, and brings a receipt when the test says so.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from alerting import desk
from alerting.alarms import WholeAlarm, alarm
from alerting.channels import Outgoing, Result, Sent
from alerting.delivery import Delivery
from alerting.engine import Engine
from alerting.receipts import handle_status
from alerting.replies import handle_reply
from runtime.clock import SetClock
from schema.alarms import Kind, Priority
from schema.findings import Change, Evidence, Finding, FindingChange, finding_id
from schema.instants import SECOND, Duration, Instant, instant
from schema.people_file import read
from schema.people_load import load
from tests.unit.alerting.plans import NIGHT

PEOPLE = Path(__file__).parents[1] / "schema" / "people.yaml"
NURSE, SOCIAL_WORKER = "+447700900101", "+447700900102"
DAUGHTER, NEIGHBOUR = "+447700900121", "+447700900122"
NAMES = {NURSE: "nurse", SOCIAL_WORKER: "social worker", DAUGHTER: "daughter", NEIGHBOUR: "neighbour"}

_NEXT = """
select least((select min(due_at) from alarms where closed_at is null),
             (select min(not_before) from notifications where state = 'waiting'),
             (select min(claimed_until) from notifications where state = 'sending'),
             (select min(n.receipt_by) from notifications n join alarms a on a.id = n.alarm
              where n.state in ('waiting', 'sending', 'sent') and n.given_up_at is null
                and a.owner is null and a.closed_at is null))
"""
_FOUND = """
insert into finding_changes (position, subject, ordinal, finding, change, body) values (%s, %s, %s, %s, %s, %s)
"""


class Text(NamedTuple):
    """A message that went out."""

    at: Duration  # after the house's beginning
    to: str
    message: Outgoing

    @property
    def code(self) -> str:
        """The code to answer with."""
        found = re.search(r"(?:COMING|YES) (\d{4})", self.message.body)
        assert found is not None, self.message.body
        return found[1]


class Phones:
    """Everybody's telephones, behind one scripted provider."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self.texts: list[Text] = []
        self.script: list[Result | Exception] = []
        self.refuses: dict[str, Result] = {}
        self.on_send: Callable[[Outgoing], Any] | None = None

    async def send(self, message: Outgoing) -> Result:
        """Take the message, as scripted."""
        name = NAMES.get(message.phone, message.phone)
        self.texts.append(Text(self._clock.now() - NIGHT, name, message))
        if self.on_send is not None:
            await self.on_send(message)
        if message.phone in self.refuses:
            return self.refuses[message.phone]
        answer = self.script.pop(0) if self.script else Sent(f"SM{message.attempt:032}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def told(self) -> list[tuple[int, str]]:
        """Return who was told, and how many seconds after the beginning."""
        return [(text.at // SECOND, text.to) for text in self.texts]


class House:
    """Ada's house at 02:14 on a Sunday, with its engine, its telephones and its desk."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool
        self.clock = SetClock(NIGHT)
        self.phones = Phones(self.clock)
        self.engine = Engine(pool, self.clock)
        self.delivery = Delivery(pool, {"sms": self.phones}, self.clock)
        self._positions = count(1)
        self.receipts = True

    async def load(self, path: Path = PEOPLE) -> None:
        """Move the people in."""
        async with self.pool.connection() as connection:
            await load(connection, read(path), "test", NIGHT)

    async def finds(  # one finding, said by the monitor
        self,
        kind: Kind = "button",
        *,
        subject: str = "ada",
        change: Change = "raised",
        of: Finding | None = None,
        why: str = "",
        run: bool = True,
        **fields: Any,
    ) -> Finding:
        """Have the monitor say something of a finding, and alerting do all that follows at this moment."""
        finding = msgspec.structs.replace(of, **fields) if of else self.a_finding(kind, subject, **fields)
        said = FindingChange(change=change, finding=finding, at=self.clock.now(), why=why)
        body = Jsonb(msgspec.to_builtins(said))
        await self.do(_FOUND, next(self._positions), subject, 0, finding.id, change, body)
        if run:
            await self.run()
        return finding

    def a_finding(self, kind: Kind, subject: str, **fields: Any) -> Finding:
        """Return a finding as the monitor would make it now."""
        now = self.clock.now()
        priority: Priority = "life" if kind in {"button", "fall"} else "urgent"
        usual: dict[str, Any] = {
            "id": finding_id(subject, fields.get("rule", kind), None, now + next(self._positions)),
            "subject_kind": "person",
            "subject": subject,
            "home": "home-0001",
            "rule": kind,
            "rule_name": kind,
            "kind": kind,
            "device": "pendant-1" if kind == "button" else None,
            "onset": now,
            "raised_at": now,
            "priority": priority,
            "policy": "urgent",
            "reason": "pendant pressed" if kind == "button" else f"{kind} rule came true",
            "evidence": (Evidence(at=now, device="pendant-1", kind=kind, value="pressed"),),
        }
        return Finding(**{**usual, **fields})

    async def press(self) -> int:
        """Have Ada press her pendant; return the alarm's number."""
        await self.finds("button")
        return int(await self.value("select max(id) from alarms"))

    async def run(self) -> None:
        """Do everything that is due at this moment."""
        for _ in range(40):
            taken, stepped = await self.engine.run_once(self.clock.now())
            sent = await self.delivery.run_once(self.clock.now())
            if not (taken or stepped or sent):
                return
        raise AssertionError("there is no end to what is due at this moment")

    async def advance(self, span: Duration) -> None:
        """Let time pass, stopping wherever something is due; every message taken is delivered, if `receipts`."""
        until = self.clock.now() + span
        while True:
            await self.run()
            if self.receipts:
                await self._deliver()
            due = await self.value(_NEXT)
            if due is None or instant(due) > until:
                break
            self.clock.at = max(self.clock.at, instant(due))
        self.clock.at = until

    async def at(self, after: Duration) -> None:
        """Let time pass until this long after the beginning."""
        await self.advance(NIGHT + after - self.clock.now())

    async def receipt(self, attempt: int, status: str, error: str = "") -> None:
        """Have Twilio say what became of an attempt."""
        form = {"MessageSid": f"SM{attempt:032}", "MessageStatus": status, **({"ErrorCode": error} if error else {})}
        async with self.pool.connection() as connection:
            await handle_status(connection, attempt, form, self.clock.now())
        await self.run()

    async def reply(self, phone: str, body: str, sid: str | None = None) -> str | None:
        """Have somebody answer by SMS; return what they are answered."""
        form = {"From": phone, "Body": body, "MessageSid": sid or f"SMreply{next(self._positions)}"}
        async with self.pool.connection() as connection:
            answer = await handle_reply(connection, form, self.clock.now())
        await self.run()
        return answer

    @asynccontextmanager
    async def at_the_desk(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection as the console has one, and do what follows from it."""
        async with self.pool.connection() as connection:
            yield connection
        await self.run()

    async def acknowledge(self, number: int, by: str = "olga") -> None:
        """Have an operator take the alarm."""
        async with self.at_the_desk() as connection:
            await desk.acknowledge(connection, number, by, self.clock.now())

    async def whole(self, number: int) -> WholeAlarm:
        """Return the alarm as the API shows it."""
        async with self.pool.connection() as connection:
            found = await alarm(connection, number)
        assert found is not None
        return found

    async def actions(self, number: int) -> list[str]:
        """Return what happened to the alarm, in order."""
        return [line.action for line in (await self.whole(number)).journal]

    async def states(self) -> dict[str, str]:
        """Return how each telephone's latest message stands."""
        rows = await self.rows("select phone, state from notifications where phone is not null order by id")
        return {NAMES[phone]: state for phone, state in rows}

    async def do(self, statement: str, *values: Any) -> None:
        """Run a statement."""
        async with self.pool.connection() as connection:
            await connection.execute(statement.encode(), values or None)

    async def value(self, query: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        rows = await self.rows(query, *values)
        return rows[0][0] if rows else None

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Return rows."""
        async with self.pool.connection() as connection:
            return await (await connection.execute(query.encode(), values or None)).fetchall()

    async def _deliver(self) -> None:
        query = """
            select a.id from attempts a join notifications n on n.id = a.notification and n.attempts = a.number
            where n.state = 'sent'
        """
        for (attempt,) in await self.rows(query):
            await self.receipt(attempt, "delivered")


def later(start: Instant, span: Duration) -> Instant:
    """Return the instant this long after the start."""
    return start + span
