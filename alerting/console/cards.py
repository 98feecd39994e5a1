"""Alarms as the screen shows them: with names for ids, and the clock of the home they are about."""

from collections.abc import Iterable
from typing import NamedTuple

from psycopg import AsyncConnection

from alerting.console import records, words
from alerting.console.alarm_reading import who
from alerting.console.models import AlarmListed, AlarmWhole
from alerting.console.users import User


class Card(NamedTuple):
    """One alarm to look at."""

    alarm: AlarmListed
    name: str  # of whom or what it is about
    zone: str
    owner: str | None  # by name
    mine: bool

    @property
    def what(self) -> str:
        """What is the matter, in a word or two."""
        return words.KIND[self.alarm.kind]

    @property
    def waiting(self) -> bool:
        """Tell whether nobody has it."""
        return self.alarm.owner is None and self.alarm.state != "closed"


class Queue(NamedTuple):
    """The open alarms, as an operator needs them: the one to take now, who else waits, what is in hand."""

    first: Card | None
    waiting: list[Card]
    taken: list[Card]


async def cards(connection: AsyncConnection, alarms: Iterable[AlarmListed | AlarmWhole], user: User) -> list[Card]:
    """Return the alarms as cards, in the order given."""
    alarms = list(alarms)
    people = await records.names(connection, {alarm.person for alarm in alarms if alarm.person})
    residents = await records.residents(connection, {alarm.home for alarm in alarms if alarm.home and not alarm.person})
    zones = await records.zones(connection, {alarm.home for alarm in alarms if alarm.home})
    owners = await who(connection, [alarm.owner for alarm in alarms], alarms)
    return [
        Card(
            alarm=alarm,
            name=_name(alarm, people, residents),
            zone=zones.get(alarm.home or "", words.DESK_ZONE),
            owner=owners.get(alarm.owner, alarm.owner) if alarm.owner else None,
            mine=alarm.owner == user.id,
        )
        for alarm in alarms
    ]


def queue(found: list[Card]) -> Queue:
    """Sort cards, most pressing first, into what waits and what somebody has."""
    waiting = [card for card in found if card.waiting]
    return Queue(waiting[0] if waiting else None, waiting[1:], [card for card in found if not card.waiting])


def _name(alarm: AlarmListed, people: dict[str, str], residents: dict[str, str]) -> str:
    if alarm.person:
        return people.get(alarm.person, alarm.person)
    if alarm.home is None:
        return f"This service: {alarm.subject}"
    return f"Home of {residents[alarm.home]}" if alarm.home in residents else f"Home {alarm.home}"
