"""What installers look at: devices with when each was last heard, and messages that were no readings."""

from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from schema.instants import DAY, HOUR, Duration, Instant, instant, moment

MOST_DEVICES = 300
MOST_REJECTED = 50
LOW_BATTERY = 0.2
USUALLY_HEARD: Duration = 26 * HOUR
"""A battery sensor reports once a day at the least; past this it is shown as silent (peers use 25 h)."""

# What needs a hand first: never heard, then the longest silent. Names of people are no installer's business.
_SEEN = """
    select devices.home, homes.zone, homes.area, devices.id, devices.kind, devices.room, devices.exit,
           devices.dialect, devices.address,
           (extract(epoch from seen.last_seen_at) * 1000000)::bigint as last_seen_at, seen.battery, seen.signal
    from devices join homes on homes.id = devices.home left join device_sightings seen on seen.device = devices.number
    where devices.retired_at is null
"""
# Canary homes are the service's own: they are found by their name and stand in no list.
_CANARIES_BY_NAME = """
      and (not starts_with(devices.home, '_canary-')
           or exists (select from unnest(%s::text[]) word where word ilike '%%canary%%'))
"""
_DEVICES = (
    _SEEN  # noqa: S608 - constants of this module
    + _CANARIES_BY_NAME
    + """
      and (select coalesce(bool_and(concat_ws(' ', devices.home, homes.area, devices.id, devices.kind, devices.room,
                                              devices.address) ilike '%%' || word || '%%'), true)
           from unnest(%s::text[]) word)
    order by seen.last_seen_at nulls first, devices.home, devices.id limit %s
"""
)

_OF_HOME = _SEEN + " and devices.home = %s and (devices.person is null or devices.person = %s) order by devices.id"

_REJECTED = """
    select id, (extract(epoch from received_at) * 1000000)::bigint as received_at, topic, home, device, reason,
           substring(payload from 1 for 300) as payload, size
    from rejected_messages order by received_at desc, id desc limit %s
"""

_UNCOUNTED = "select home, hour, messages from rejected_counts where hour > %s order by hour desc, home limit 50"


class DeviceSeen(NamedTuple):
    """A device, and when it was last heard."""

    home: str
    zone: str
    area: str | None
    id: str
    kind: str
    room: str | None
    exit: bool
    dialect: str
    address: str | None
    last_seen_at: Instant | None
    battery: float | None
    signal: int | None

    @property
    def battery_low(self) -> bool:
        """Tell whether its battery wants changing."""
        return self.battery is not None and self.battery <= LOW_BATTERY

    def silent(self, now: Instant) -> bool:
        """Tell whether it has not been heard for longer than any device should be silent."""
        return self.last_seen_at is not None and now - self.last_seen_at > USUALLY_HEARD

    def condition(self, now: Instant) -> str:
        """Say what is the matter with it, in a word: never heard, silent, battery low, or in order."""
        if self.last_seen_at is None:
            return "never heard"
        if self.silent(now):
            return "silent"
        return "battery low" if self.battery_low else "in order"


class RejectedMessage(NamedTuple):
    """What arrived and is no reading."""

    id: int
    received_at: Instant
    topic: str
    home: str | None
    device: str | None
    reason: str
    payload: bytes
    size: int

    @property
    def excerpt(self) -> str:
        """Its beginning, as far as it is text."""
        text = bytes(self.payload).decode("utf-8", "replace")
        return "".join(letter if letter.isprintable() else "\N{MIDDLE DOT}" for letter in text)


class NotKept(NamedTuple):
    """How many messages of a home were counted, not kept, past its cap for the hour."""

    home: str
    hour: Instant
    messages: int


async def devices(connection: AsyncConnection, text: str) -> list[DeviceSeen]:
    """Return at most 300 devices of whom every word of the text is said somewhere, what needs a hand first."""
    found = [word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for word in text.split()]
    async with connection.cursor(row_factory=class_row(DeviceSeen)) as cursor:
        return await (await cursor.execute(_DEVICES, (found, found, MOST_DEVICES))).fetchall()


async def of_home(connection: AsyncConnection, home: str, person: str) -> list[DeviceSeen]:
    """Return the devices of a home that are this person's or everybody's."""
    async with connection.cursor(row_factory=class_row(DeviceSeen)) as cursor:
        return await (await cursor.execute(_OF_HOME, (home, person))).fetchall()


async def rejected(connection: AsyncConnection) -> list[RejectedMessage]:
    """Return the newest rejected messages."""
    async with connection.cursor(row_factory=class_row(RejectedMessage)) as cursor:
        return await (await cursor.execute(_REJECTED, (MOST_REJECTED,))).fetchall()


async def not_kept(connection: AsyncConnection, now: Instant) -> list[NotKept]:
    """Return what was only counted in the last day."""
    cursor = await connection.execute(_UNCOUNTED, (moment(now - DAY),))
    return [NotKept(home, instant(hour), messages) for home, hour, messages in await cursor.fetchall()]
