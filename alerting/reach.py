"""Whom a target of a policy names at a moment, and whom it cannot reach, with the reason why.

Pure. The desk can always be reached: it shows every open alarm, and its console is never 'empty'. Contacts are
tried one by one, a minute apart, in their order, and only those who agreed to be told; a contact's `quiet`
hours hold back only what is about equipment, never what is about the person.
"""

from typing import Literal

import msgspec

from alerting.rota import on_duty
from schema.instants import MINUTE, Duration, Instant, in_words
from schema.localtime import window
from schema.people import Channel, Contact, Member, Team

BETWEEN_CONTACTS: Duration = MINUTE
"""How long one contact has before the next is tried."""
USABLE: tuple[Channel, ...] = ("sms",)
"""What this service can send by; somebody who takes calls only is passed over, with that reason."""

RecipientKind = Literal["desk", "member", "contact"]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient by one channel, not to go out before a moment."""

    target: str  # as the policy names it: operators, contacts, a team
    recipient: str
    kind: RecipientKind
    channel: Literal["console", "sms"]
    phone: str | None
    not_before: Instant


class Missed(msgspec.Struct, frozen=True):
    """Somebody whom a target names and who is not told, with a reason for the journal."""

    who: str
    why: str


class Reached(msgspec.Struct, frozen=True):
    """What a target comes to at a moment. No page at all: the target is passed over."""

    pages: tuple[Page, ...] = ()
    missed: tuple[Missed, ...] = ()


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Who could be told of an alarm: the teams, and the contacts of whom it is about, in their order."""

    teams: dict[str, Team]
    contacts: tuple[Contact, ...]
    zone: str  # the home's, for `quiet`
    about_equipment: bool = False  # not an alarm of the person


def desk(at: Instant) -> Page:
    """Return the page to the operators' desk, which is delivered by being shown there."""
    return Page(target="operators", recipient="operators", kind="desk", channel="console", phone=None, not_before=at)


def reach(target: str, roster: Roster, at: Instant) -> Reached:
    """Return whom the target names at `at`."""
    if target == "operators":
        return Reached((desk(at),))
    if target == "contacts":
        return _contacts(roster, at)
    if target == "person":
        return Reached(missed=(Missed("person", "asking the person first is not possible yet"),))
    if target in roster.teams:
        return _team(target, roster.teams[target], at)
    return Reached(missed=(Missed(target, f"there is no team called '{target}'"),))


def _team(name: str, team: Team, at: Instant) -> Reached:
    try:
        members = on_duty(team, at)
    except ValueError as error:  # whom to leave out cannot be told: all are told rather than nobody
        return _members(
            name, team.members, at, Missed(name, f"its rota cannot be read ({error}): all its members count")
        )
    if not members:
        return Reached(missed=(Missed(name, "nobody is on duty" if team.members else "it has no members"),))
    return _members(name, members, at)


def _members(name: str, members: tuple[Member, ...], at: Instant, *missed: Missed) -> Reached:
    pages = []
    for member in members:
        why = _unreachable(member)
        if why:
            missed = (*missed, Missed(member.id, why))
        pages += [_page(name, member, "member", channel, at) for channel in _channels(member)]
    return Reached(tuple(pages), missed)


def _contacts(roster: Roster, at: Instant) -> Reached:
    agreed = [contact for contact in roster.contacts if _agreed(contact, equipment=roster.about_equipment)]
    if not agreed:
        return Reached(missed=(Missed("contacts", "no contact agreed to be told"),))
    pages: list[Page] = []
    missed: list[Missed] = []
    turn = at
    for contact in agreed:
        why = _unreachable(contact)
        held_until = _quiet_until(contact, roster, turn)
        if why:
            missed.append(Missed(contact.id, why))
        elif held_until is not None:
            missed.append(Missed(contact.id, f"asked for quiet; will be told in {in_words(held_until - at)}"))
        not_before = turn if held_until is None else held_until
        pages += [_page("contacts", contact, "contact", channel, not_before) for channel in _channels(contact)]
        if not why and held_until is None:
            turn += BETWEEN_CONTACTS
    return Reached(tuple(pages), tuple(missed))


def _agreed(contact: Contact, *, equipment: bool) -> bool:
    return "alarms" in contact.told or (equipment and "technical" in contact.told)


def _quiet_until(contact: Contact, roster: Roster, at: Instant) -> Instant | None:
    if not roster.about_equipment or contact.quiet is None:
        return None
    try:
        quiet = window(contact.quiet, roster.zone, at)
    except ValueError:  # quiet hours nobody can read hold nothing back
        return None
    return None if quiet is None else quiet[1]


def _channels(who: Member | Contact) -> tuple[Literal["sms"], ...]:
    return ("sms",) if who.phone and "sms" in who.channels else ()


def _unreachable(who: Member | Contact) -> str | None:
    if who.phone is None:
        return "has no telephone number"
    return None if _channels(who) else "takes calls only, which this service does not make yet"


def _page(target: str, who: Member | Contact, kind: RecipientKind, channel: Literal["sms"], at: Instant) -> Page:
    return Page(target=target, recipient=who.id, kind=kind, channel=channel, phone=who.phone, not_before=at)
