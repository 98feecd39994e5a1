"""A lane without a broker: messages are handed to it, and what it acknowledges is written down."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, OperationalError

from gateway.cap import Cap
from gateway.ingest import Ingest
from gateway.marks import Marks
from gateway.message import Message, message
from gateway.registry import Registry
from gateway.service import connector
from gateway.sightings import Sightings
from schema.instants import HOUR, SECOND, Instant, iso, parse_instant

NOW: Instant = parse_instant("2026-11-22T02:14:05.123Z")


class Broker:
    """Stands in for the session: remembers what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[Message] = []
        self.paused = self.held = False

    def acknowledge(self, message: Message) -> None:
        """Write it down."""
        self.acknowledged.append(message)

    def pause(self) -> None:
        """Write it down."""
        self.paused = True

    def resume(self) -> None:
        """Write it down."""
        self.paused = False

    def hold(self) -> None:
        """Write it down."""
        self.held = True

    def release(self) -> None:
        """Write it down."""
        self.held = False


class Faults:
    """What goes wrong with the next commits: 'before' they take effect, or 'after', the answer being lost."""

    def __init__(self, *coming: str) -> None:
        self.coming = list(coming)
        self.met = 0


class FaultyConnection(AsyncConnection[Any]):
    """A connection whose commits fail as told."""

    faults = Faults()

    async def commit(self) -> None:
        """Commit, or fail as told."""
        fault = self.faults.coming.pop(0) if self.faults.coming else None
        if fault == "after":
            await super().commit()
        if fault is not None:
            self.faults.met += 1
            raise OperationalError(f"the connection broke {fault} the commit took effect")
        await super().commit()


class Lane:
    """An `Ingest` with everything around it, driven batch by batch."""

    def __init__(self, database_url: str, faults: Faults | None = None, cap: Cap | None = None) -> None:
        self.broker = Broker()
        self.registry = Registry()
        self.sightings = Sightings()
        self.faults = faults or Faults()
        self._database_url = database_url
        self._marks = Marks("homes/_mark/test")
        self.ingest = Ingest(
            "ordinary",
            self._open if faults else connector(database_url, "test"),
            self.broker,
            self.registry,
            marks=self._marks,
            sightings=self.sightings,
            cap=cap or Cap(),
        )

    async def _open(self) -> AsyncConnection:
        connection = await FaultyConnection.connect(self._database_url)
        connection.faults = self.faults  # type: ignore[misc]  # each test's own
        return connection

    async def batch(self, *messages: Message) -> None:
        """Let the messages arrive together, and store them."""
        for each in messages:
            self.ingest.receive(each)
        left = len(messages)
        while left > 0:
            left -= await self.ingest.run_once()


@asynccontextmanager
async def lane(database_url: str, faults: Faults | None = None, cap: Cap | None = None) -> AsyncIterator[Lane]:
    made = Lane(database_url, faults, cap)
    try:
        yield made
    finally:
        await made.ingest._database.close()


def came(
    topic: str,
    said: Any,
    *,
    at: Instant = NOW,
    redelivered: bool = False,
    retained: bool = False,
) -> Message:
    """Return a message as it would come from the broker `at` then."""
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    return message(topic, payload, at, packet=1, redelivered=redelivered, retained=retained)


def bed(home: str, *numbers: int, value: str = "out") -> Sequence[Message]:
    """Return one message a number, observed a second apart, from the bed of the home."""
    return [
        came(f"homes/{home}/bed-1", {"seq": n, "at": iso(NOW - HOUR + n * SECOND), "kind": "bed", "value": value})
        for n in numbers
    ]
