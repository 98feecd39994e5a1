"""What a human does to an alarm, from whichever door: `alerting.desk` behind, refusals told as problems.

Each act is one transaction of the desk's. The loser of two who press at once gets 409 and the winner's name.
"""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

from psycopg import AsyncConnection

from alerting import desk
from alerting.console.alarm_reading import who
from alerting.console.models import Close
from alerting.console.problems import Problem
from alerting.console.users import User
from schema.instants import Instant


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (desk.NoSuchAlarmError, desk.NoSuchPersonError) as error:
        raise Problem(404, str(error)) from error
    except desk.AlreadyClosedError as error:
        raise Problem(409, str(error)) from error
    except (desk.BadOutcomeError, desk.MissingTextError) as error:
        raise Problem(422, str(error)) from error


async def _done(connection: AsyncConnection, act: Awaitable[None]) -> None:
    """Do the act, telling a refusal; the owner is named as people know them."""
    with _refusals():
        try:
            await act
        except desk.OwnedByAnotherError as error:
            names = await who(connection, [error.owner])
            owner = names.get(error.owner, error.owner)
            raise Problem(409, f"{owner} has this alarm already; nothing was changed.", owner=owner) from error


class Acts:
    """One user's acts at one moment, on a connection."""

    def __init__(self, connection: AsyncConnection, user: User, at: Instant) -> None:
        self._connection = connection
        self._by = user.id
        self._at = at

    async def acknowledge(self, alarm: int) -> None:
        """Take it; one's own again is fine."""
        await _done(self._connection, desk.acknowledge(self._connection, alarm, self._by, self._at))

    async def release(self, alarm: int, reason: str = "") -> None:
        """Give it back: escalation goes on."""
        await _done(self._connection, desk.release(self._connection, alarm, self._by, self._at, reason))

    async def take_over(self, alarm: int, reason: str) -> None:
        """Take it from whoever has it, saying why."""
        await _done(self._connection, desk.take_over(self._connection, alarm, self._by, self._at, reason))

    async def note(self, alarm: int, text: str) -> None:
        """Keep a note in its journal."""
        await _done(self._connection, desk.note(self._connection, alarm, self._by, self._at, text))

    async def dispatch(self, alarm: int, text: str = "") -> None:
        """Record that somebody was sent."""
        await _done(self._connection, desk.dispatch(self._connection, alarm, self._by, self._at, text))

    async def escalate(self, alarm: int, reason: str = "") -> None:
        """Bring its next step to now."""
        await _done(self._connection, desk.escalate(self._connection, alarm, self._by, self._at, reason))

    async def close(self, alarm: int, how: Close) -> None:
        """Close it with an outcome; the cause of a false alarm and what was said besides make one text."""
        text = "; ".join(part for part in (how.cause, how.text) if part)
        await _done(self._connection, desk.close(self._connection, alarm, self._by, self._at, how.outcome, text))

    async def raise_by_hand(self, person: str, reason: str) -> int:
        """Raise one for somebody who telephones; returns its id, or that of the one it joined."""
        with _refusals():
            return await desk.raise_by_hand(self._connection, person, self._by, self._at, reason)
