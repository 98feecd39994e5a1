"""The provider of messages and everybody's telephones: it takes, forgets to answer, delivers, and tells when it likes.

What the provider took is out of our hands: it arrives though we are killed while we wait for the answer. Who
gets a message may answer it; webhooks reach us if alerting lives at that moment, and not at all otherwise.
"""

import asyncio
import re
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from alerting.channels import Ambiguous, Outgoing, Refused, Result, Sent, TryLater
from alerting.receipts import handle_status
from alerting.replies import handle_reply
from schema.instants import Instant
from tests.simulation.weather import draws

if TYPE_CHECKING:
    from tests.simulation.world import World

_ANSWERS_WITHIN = 10.0
_CODE = re.compile(r"(?:COMING|YES) (\d{4})")


class Text(NamedTuple):
    """A message the provider took."""

    at: Instant
    message: Outgoing
    to: str  # whose telephone it is


class Telephones:
    """A channel, as alerting knows it, and the world behind it."""

    def __init__(self, world: "World") -> None:
        self.taken: list[Text] = []
        self.replies = 0
        self._world = world
        self._draw = draws(world.seed, "telephones")
        self._patience = self._draw.choice([0.0, 0.3, 0.8])  # how many answer at all

    async def send(self, message: Outgoing) -> Result:
        """Take a message, or not; the answer may fail to come."""
        draw, chances = self._draw, self._world.weather.chances
        await asyncio.sleep(draw.uniform(0.05, 0.6))
        if draw.random() < chances.refused:
            return draw.choice([TryLater("the provider is busy"), Refused("that is no mobile number")])
        self._take(message)
        if draw.random() < chances.unanswered:
            await asyncio.sleep(_ANSWERS_WITHIN)
            return Ambiguous("no answer")
        await asyncio.sleep(draw.uniform(0.05, 0.6))
        return Sent(f"SM{message.attempt:032}")

    def _take(self, message: Outgoing) -> None:
        to = self._world.village.phones.get(message.phone, message.phone)
        self.taken.append(Text(self._world.clock.now(), message, to))
        self._world.story.tell("telephones", f"{to} is sent attempt {message.attempt}: {message.body[:40]}...")
        self._world.keep(self._delivered(message, to))

    async def _delivered(self, message: Outgoing, to: str) -> None:
        """Deliver it, tell so, and let its reader answer."""
        draw, chances = self._draw, self._world.weather.chances
        early = draw.random() < chances.receipt_early
        await asyncio.sleep(0.01 if early else draw.uniform(1, 20))
        fails = draw.random() < chances.undelivered
        statuses = [("sent", ""), ("undelivered", draw.choice(["30003", "30008"])) if fails else ("delivered", "")]
        if draw.random() < chances.receipt_early:
            statuses.reverse()
        for status, error in statuses:
            for _ in range(2 if draw.random() < chances.receipt_twice else 1):
                if draw.random() >= chances.receipt_lost:
                    self._tell(message, status, error)
                    await asyncio.sleep(draw.uniform(0, 2))
        if not fails and draw.random() < self._patience:
            await asyncio.sleep(draw.uniform(3, 60))
            self._answer(message, to)

    def _tell(self, message: Outgoing, status: str, error: str) -> None:
        form = {"MessageStatus": status, "ErrorCode": error, "MessageSid": f"SM{message.attempt:032}"}

        async def receipt() -> None:
            async with self._world.pool.connection() as connection:
                await handle_status(connection, message.attempt, form, self._world.clock.now())

        self._call("a receipt", receipt())

    def _answer(self, message: Outgoing, to: str) -> None:
        found = _CODE.search(message.body)
        assert found is not None, f"a message names the code to answer with: {message.body}"
        word = self._draw.choice(["COMING", "COMING", "CANNOT", "what is it"])
        self.replies += 1
        form = {"From": message.phone, "Body": f"{word} {found[1]}", "MessageSid": f"IN{self.replies:032}"}
        self._world.story.tell(to, f"answers {word} to attempt {message.attempt}")
        for _ in range(2 if self._draw.random() < self._world.weather.chances.receipt_twice else 1):
            self._call("a reply", self._reply(form))

    async def _reply(self, form: dict[str, Any]) -> None:
        async with self._world.pool.connection() as connection:
            await handle_reply(connection, form, self._world.clock.now())

    def _call(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        self._world.processes["alerting"].serve(what, work)
