"""What humans do with an alarm, each in one transaction on the connection it is given.

Promises: of two who press at once one wins, and the other is told who did; every act stands in the journal
with a sentence; whatever is not owned by a human has a next escalation step with a time; closing tells the
monitor in the same transaction, so that the rule's clock starts anew. All may raise NoSuchAlarmError, and
all but `note` AlreadyClosedError.
"""

from psycopg import AsyncConnection

from schema.instants import Instant


class DeskError(Exception):
    """An act on an alarm was refused; nothing was changed. The message is a sentence for the operator."""


class NoSuchAlarmError(DeskError):
    """There is no alarm of that number."""


class NoSuchPersonError(DeskError):
    """There is no person of that id."""


class AlreadyClosedError(DeskError):
    """The alarm has been closed."""


class BadOutcomeError(DeskError):
    """The outcome is none of ours, or needs a text that was not given."""


class MissingTextError(DeskError):
    """The act needs a sentence that was not given."""


class OwnedByAnotherError(DeskError):
    """Somebody else has the alarm: `owner` says who."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner} already has this alarm.")
        self.owner = owner


async def acknowledge(connection: AsyncConnection, alarm: int, by: str, at: Instant) -> None:
    """Take the alarm; escalation stops. One's own again is fine; another's raises OwnedByAnotherError."""
    raise NotImplementedError


async def release(connection: AsyncConnection, alarm: int, by: str, at: Instant, reason: str = "") -> None:
    """Give the alarm back: escalation resumes at the step now due. Only the owner may."""
    raise NotImplementedError


async def take_over(connection: AsyncConnection, alarm: int, by: str, at: Instant, reason: str) -> None:
    """Take the alarm from whoever has it, saying why; MissingTextError without a reason."""
    raise NotImplementedError


async def note(connection: AsyncConnection, alarm: int, by: str, at: Instant, text: str) -> None:
    """Add a note to the journal: anybody, at any time, even after closing."""
    raise NotImplementedError


async def dispatch(connection: AsyncConnection, alarm: int, by: str, at: Instant, text: str = "") -> None:
    """Record that somebody was sent to the home; who does so owns the alarm."""
    raise NotImplementedError


async def escalate(connection: AsyncConnection, alarm: int, by: str, at: Instant, reason: str = "") -> None:
    """Run the next step at once; an alarm one owns is nobody's again until the next acknowledges it."""
    raise NotImplementedError


async def close(  # noqa: PLR0917 - the acts of the desk all begin with the same four
    connection: AsyncConnection, alarm: int, by: str, at: Instant, outcome: str, text: str = ""
) -> None:
    """Close with an outcome of `schema.alarms.OUTCOMES`; BadOutcomeError where a needed text is missing.

    `false_alarm` needs its cause, `other` a text, and so does closing what has not cleared.
    """
    raise NotImplementedError


async def raise_by_hand(connection: AsyncConnection, person: str, by: str, at: Instant, reason: str) -> int:
    """Raise an alarm of kind `manual` for the person, or join the open one; returns its number."""
    raise NotImplementedError
