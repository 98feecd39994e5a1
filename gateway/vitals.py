"""How the gateway is, for /ready and /metrics on its own port: what it counts, and whether it hears and stores.

It is ready while each lane hears the broker and has proved within 15 s, by a mark of its own that came back through
the broker and the database, that nothing published before it waits. A backlog that drains is told as one.
"""

from collections.abc import Mapping
from math import inf

import psycopg
from prometheus_client import Gauge
from psycopg import AsyncConnection

from gateway.marks import Marks
from runtime.clock import Clock
from runtime.log import head
from schema.instants import SECOND, Duration, in_words
from schema.readings import Lane

LATE: Duration = 15 * SECOND

CONNECTED = Gauge("telecare_gateway_connected", "1 while the lane hears the broker.", ["lane"])
LOG_AGE = Gauge("telecare_log_age_seconds", "Since anything was appended to the log.")


class Vitals:
    """Measures the gateway."""

    def __init__(self, database_url: str, lanes: Mapping[Lane, Marks], clock: Clock) -> None:
        self._url = database_url
        self._lanes = lanes
        self._clock = clock

    async def reasons(self) -> list[str]:
        """Measure, and return why the gateway is not ready."""
        now, said = self._clock.now(), list[str]()
        for lane, marks in self._lanes.items():
            CONNECTED.labels(lane).set(marks.connected)
            if not marks.connected:
                said.append(f"the {lane} lane does not hear the broker")
            elif not marks.back_since(now - LATE):
                said.append(f"the {lane} lane is behind: what was published {in_words(LATE)} ago may not be stored yet")
        try:
            async with await AsyncConnection.connect(self._url, connect_timeout=2, autocommit=True) as connection:
                newest = await head(connection)
        except psycopg.Error:
            return [*said, "the database does not answer: the broker keeps what comes"]
        LOG_AGE.set(inf if newest is None else max(now - newest.committed_at, 0) / SECOND)
        return said
