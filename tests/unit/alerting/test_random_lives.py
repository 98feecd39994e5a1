"""Random nights from a seed: findings, humans, replies, receipts, failures and crashes in any order.

Safety at every moment, and once the telephones work again, liveness: whatever nobody has still reaches somebody.
`TELECARE_NIGHTS=7 pytest tests/unit/alerting/test_random_lives.py` repeats seed 7 (but for where in a moment's work a
crash strikes), and `TELECARE_NIGHTS=0-199` looks further.
"""

import asyncio
import os
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from alerting import desk
from alerting.channels import Ambiguous, Outgoing, Refused, Result, Sent, TryLater
from schema.instants import HOUR, MINUTE, SECOND, instant, moment, parse_instant
from tests.unit.alerting.house import DAUGHTER, NEIGHBOUR, NURSE, SOCIAL_WORKER, House

FIRST, _, LAST = os.environ.get("TELECARE_NIGHTS", "0-3").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)
STEPS = 45


class Night:
    """One seeded night in the house."""

    def __init__(self, house: House, seed: int) -> None:
        self.findings: list[Any] = []
        self.house = house
        self.draw = Random(seed)  # noqa: S311 - a seeded story, no secret
        self.works = True
        house.receipts = False
        house.phones.send = self._send  # type: ignore[method-assign] # the provider of this night

    async def _nobody_has_it(self, message: Outgoing) -> None:
        """Safety: nothing goes out for an alarm that somebody has."""
        query = """select a.owner, a.closed_at from attempts t join notifications n on n.id = t.notification
                   join alarms a on a.id = n.alarm where t.id = %s"""
        assert await self.house.rows(query, message.attempt) == [(None, None)]

    async def _send(self, message: Outgoing) -> Result:
        await self._nobody_has_it(message)
        self.house.phones.texts.append(message)  # type: ignore[arg-type] # counted only
        if self.works or self.draw.random() < 0.5:
            return Sent(f"SM{message.attempt}")
        if self.draw.random() < 0.2:
            raise ConnectionResetError
        return self.draw.choice([TryLater("busy"), Refused("gone"), Ambiguous("no answer")])

    async def something_happens(self) -> None:
        """Let one thing happen, and see that no promise broke."""
        happenings = [
            self._time_passes, self._time_passes, self._finding, self._finding, self._update_or_clear, self._human,
            self._human, self._reply, self._receipt, self._receipt, self._crash, self._phones_break,
        ]  # fmt: skip
        await self.draw.choice(happenings)()
        await self.is_safe()

    async def is_safe(self) -> None:
        """No alarm is stranded, no step failed, and nobody's message is forgotten."""
        now = self.house.clock.now()
        for number, owner, due in await self.house.rows("select id, owner, due_at from alarms where closed_at is null"):
            assert (owner is None) == (due is not None), number
            assert due is None or instant(due) <= now + 61 * MINUTE, number
        assert await self.house.value("select count(*) from journal where action = 'step_failed'") == 0
        stuck = "select count(*) from notifications where state = 'sending' and claimed_until is null"
        assert await self.house.value(stuck) == 0

    async def _time_passes(self) -> None:
        await self.house.advance(self.draw.choice([SECOND, 20 * SECOND, MINUTE, 5 * MINUTE]))

    async def _finding(self) -> None:
        kind = self.draw.choice(["button", "fall", "bed", "technical", "inactivity"])
        policy = self.draw.choice(["urgent", "routine", None])
        priority = self.draw.choice(["life", "urgent", "routine"])
        finding = await self.house.finds(kind, policy=policy, priority=priority)
        self.findings.append(finding)

    async def _update_or_clear(self) -> None:
        if self.findings:
            change = self.draw.choice(["updated", "cleared"])
            await self.house.finds(change=change, of=self.draw.choice(self.findings))

    async def _human(self) -> None:
        numbers = [row[0] for row in await self.house.rows("select id from alarms where closed_at is null order by id")]
        if not numbers:
            return
        number, by = self.draw.choice(numbers), self.draw.choice(["olga", "sam"])
        act = self.draw.choice(["acknowledge", "release", "take_over", "dispatch", "escalate", "close"])
        said = {"take_over": ("because",), "close": ("attended", "all well")}.get(act, ())
        async with self.house.at_the_desk() as connection:
            with suppress(desk.OwnedByAnotherError):
                await getattr(desk, act)(connection, number, by, self.house.clock.now(), *said)

    async def _reply(self) -> None:
        phone = self.draw.choice([NURSE, SOCIAL_WORKER, DAUGHTER, NEIGHBOUR])
        codes = [row[0] for row in await self.house.rows("select code from notifications where code is not null")]
        code = self.draw.choice([*codes, "", "0000"])
        word = self.draw.choice(["COMING", "CANNOT", "DONE", "", "what is going on there tonight"])
        await self.house.reply(phone, f"{word} {code}")

    async def _receipt(self) -> None:
        attempts = [row[0] for row in await self.house.rows("select id from attempts order by id")]
        if attempts:
            status, error = self.draw.choice(
                [("delivered", ""), ("delivered", ""), ("sent", ""), ("undelivered", "30003"), ("failed", "30008")]
            )
            await self.house.receipt(self.draw.choice(attempts[-6:]), status, error)

    async def _crash(self) -> None:
        """Die somewhere in the work of this moment; the next moment goes on from the database alone."""
        working = asyncio.create_task(self.house.run())
        for _ in range(self.draw.randrange(1, 40)):
            await asyncio.sleep(0)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working

    async def _phones_break(self) -> None:
        self.works = not self.works

    async def heals(self) -> None:
        """Liveness: with everything working, whatever nobody has reaches somebody within the hour."""
        self.works = True
        began = self.house.clock.now()
        await self.house.advance(HOUR + MINUTE)
        open_ones = await self.house.rows("select id from alarms where closed_at is null and owner is null")
        for (number,) in open_ones:
            whole = await self.house.whole(number)
            assert any(line.action == "step" and parse_instant(line.at) >= began for line in whole.journal), number
        waiting = "select count(*) from notifications where state in ('waiting', 'sending') and not_before <= %s"
        assert await self.house.value(waiting, moment(self.house.clock.now())) == 0


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed{seed}")
async def test_no_night_strands_an_alarm_or_pages_for_one_that_somebody_has(house: House, seed: int) -> None:
    night = Night(house, seed)
    for _ in range(STEPS):
        await night.something_happens()
    await night.heals()
    await night.is_safe()
