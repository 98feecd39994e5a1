"""What messages say. No name, address, telephone number, key-safe code, diagnosis or reason is ever in one.

Pure. A message is made of the alarm's number, its kind in fixed words, how long it has waited and a code to
answer with: none of its parts is text that anybody typed. The link to the alarm is added when it is sent.
"""

from alerting.reach import RecipientKind
from schema.alarms import Kind, Priority
from schema.instants import Instant
from schema.localtime import clock_text

_WHAT: dict[Kind, str] = {
    "button": "pendant pressed",
    "fall": "possible fall",
    "bed": "out of bed",
    "inactivity": "no sign of activity",
    "door": "door open",
    "pills": "pill box not opened",
    "night": "out at night",
    "environment": "smoke, gas, water or temperature",
    "visit": "visit missed",
    "manual": "raised by the desk",
    "technical": "equipment",
}


def page(
    *, alarm: int, kind: Kind, priority: Priority, raised_at: Instant, zone: str, code: str, recipient: RecipientKind
) -> str:
    """Return the message that asks somebody to go; `zone` is the home's, for the time it names."""
    since = clock_text(raised_at, zone)
    if recipient == "contact":
        return _to_family(kind, since, code)
    return (
        f"Telecare: {priority} alarm {alarm} ({_WHAT[kind]}), waiting since {since}."
        f" Reply COMING {code} if you are going, or CANNOT {code}."
    )


def desk(*, alarm: int, kind: Kind, priority: Priority, raised_at: Instant, zone: str) -> str:
    """Return what the desk is told, in the same fixed words."""
    since = clock_text(raised_at, zone)
    return f"{priority.capitalize()} alarm {alarm} ({_WHAT[kind]}), waiting since {since}."


def with_link(body: str, public_url: str, alarm: int) -> str:
    """Return the message with a link to the alarm, where we can be reached from outside."""
    return f"{body} {public_url.rstrip('/')}/alarms/{alarm}" if public_url else body


def _to_family(kind: Kind, since: str, code: str) -> str:
    if kind == "technical":
        what = "the telecare equipment in the home of the person you are a contact for needs a look"
    else:
        what = "an alarm has been raised for the person you are a contact for"
    return f"Telecare: {what}, waiting since {since}. Reply YES {code} if you can go, or NO {code} if you cannot."


def accepted(code: str) -> str:
    """Answer somebody who accepted."""
    return (
        f"Thank you: the alarm is yours and nobody else is being called. Reply DONE {code} when all is well,"
        f" or CANNOT {code} if you cannot go after all."
    )


def already_yours(code: str) -> str:
    """Answer somebody who accepts what they accepted before."""
    return f"You have this alarm already. Reply DONE {code} when all is well, or CANNOT {code} if you cannot go."


def taken() -> str:
    """Answer somebody who accepts what another has."""
    return "Thank you. Somebody else has this alarm already, so you need not go."


def declined() -> str:
    """Answer somebody who cannot go."""
    return "Thank you for telling us. We are asking somebody else."


def noted() -> str:
    """Answer what was written down for the desk."""
    return "Thank you. Your message is with the desk."


def over() -> str:
    """Answer a reply to an alarm that has been closed."""
    return "This alarm has been closed. You need not do anything."


def which(codes: list[str]) -> str:
    """Ask which alarm is meant."""
    return f"You have {len(codes)} alarms waiting. Please reply with the code of one: {', '.join(codes)}."


def unknown_code() -> str:
    """Answer a code that was not sent to this number of late."""
    return "We know no alarm by that code on this number. Please look at the last message you had from us."


def nothing_open() -> str:
    """Answer somebody for whom nothing is waiting."""
    return "No alarm is waiting for your answer. In an emergency call 999."


def how_to_answer(code: str) -> str:
    """Answer what was not understood, which the desk has been shown."""
    return f"Your message is with the desk. To answer: COMING {code}, CANNOT {code} or DONE {code}."
