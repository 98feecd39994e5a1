"""Which device belongs to which home: known in memory, and kept true by the log.

Whoever changes a home appends a `HomeSet` to the log; `follow` reads those and loads the homes they name.
Before a device is called unregistered the database is asked, so that one registered a moment ago is known.
"""

from collections.abc import Iterable
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from gateway.dialects.topics import HUB, Address, Speech
from schema.entries import HomeSet, unpack

_REMEMBERED = 65_536  # topics, which anybody may invent


class Registered(NamedTuple):
    """A device as the table has it."""

    number: int
    home: str
    id: str
    kind: str
    dialect: str
    address: str | None
    retired: bool


class Directory:
    """Devices by the names that messages use. Pure: filled from outside, a home at a time."""

    def __init__(self) -> None:
        self._homes: dict[str, list[Registered]] = {}
        self._named: dict[tuple[str, str, str], Registered] = {}
        self._bearers: dict[str, set[str]] = {}
        self._own: dict[Address, Registered | None] = {}  # found before; forgotten with every change

    def knows(self, home: str) -> bool:
        """Whether anything of the home is known."""
        return home in self._homes

    def put(self, home: str, devices: Iterable[Registered]) -> None:
        """Set what the home has, whole; fitted devices go before retired ones where names collide."""
        self._own.clear()
        for old in self._homes.pop(home, ()):
            for key in _keys(old):
                self._named.pop(key, None)
            self._bearers[old.id].discard(home)
        for device in sorted(devices, key=lambda each: (each.retired, each.number)):
            self._homes.setdefault(home, []).append(device)
            self._bearers.setdefault(device.id, set()).add(home)
            for key in _keys(device):
                self._named.setdefault(key, device)

    def find(self, home: str, speech: Speech, name: str) -> Registered | None:
        """Return the device that the name means there: by the address its hub knows it by, else by its id."""
        return self._named.get((home, speech, name)) or self._named.get((home, "", name))

    def own(self, address: Address) -> Registered | None:
        """Return what `find` does for a topic of our own dialect; quick for one asked before."""
        try:
            return self._own[address]
        except KeyError:
            if len(self._own) >= _REMEMBERED:
                self._own.clear()
            found = self._own[address] = self.find(address.home, address.speech, address.rest)
            return found

    def elsewhere(self, home: str, name: str) -> str | None:
        """Return the one other home that has a device of this id; None where there is none, or several."""
        others = self._bearers.get(name, set()) - {home}
        return next(iter(others)) if len(others) == 1 else None


def _keys(device: Registered) -> Iterable[tuple[str, str, str]]:
    """Yield (home, dialect, name) by which messages may name the device; the dialect is '' for its id."""
    yield device.home, "", device.id
    if device.address is not None:
        yield device.home, device.dialect, device.address
    if device.kind == "hub" and not device.retired:
        yield device.home, "", HUB


_DEVICES = """
    select number, home, id, kind, dialect, address, retired_at is not null as retired
    from devices where %(everything)s or home = any(%(homes)s)
"""
_LAST_FACT = "select coalesce(max(position), 0) from log where kind = 'facts'"
_FACTS = "select position, entries from log where kind = 'facts' and position > %s order by position"


class Registry:
    """The directory, kept true on connections that its callers lend."""

    def __init__(self) -> None:
        self.directory = Directory()
        self._position = -1  # of the last facts followed; -1: nothing was loaded yet

    async def follow(self, connection: AsyncConnection) -> bool:
        """Take in what the log has said of homes since the last time; tell whether there was anything."""
        if self._position < 0:
            row = await (await connection.execute(_LAST_FACT)).fetchone()
            await self._load(connection, None)
            self._position = row[0] if row else 0
            return True
        rows = await (await connection.execute(_FACTS, (self._position,))).fetchall()
        homes = {entry.home for _, packed in rows for entry in unpack(packed) if isinstance(entry, HomeSet)}
        if homes:
            await self._load(connection, homes)
        if rows:
            self._position = rows[-1][0]
        return bool(homes)

    async def ask(self, connection: AsyncConnection, homes: set[str]) -> None:
        """Ask the database for these homes."""
        await self._load(connection, homes)

    async def _load(self, connection: AsyncConnection, homes: set[str] | None) -> None:
        async with connection.cursor(row_factory=class_row(Registered)) as cursor:
            await cursor.execute(_DEVICES, {"everything": homes is None, "homes": list(homes or ())})
            found: dict[str, list[Registered]] = {home: [] for home in homes or ()}
            for device in await cursor.fetchall():
                found.setdefault(device.home, []).append(device)
        for home, devices in found.items():
            self.directory.put(home, devices)
