"""The gateway as a service: two lanes from the broker to the log, each with a session and connection of its own.

`urgent` carries what carries life, so that a press overtakes any backlog of the `ordinary` lane.
"""

import gc
from collections.abc import Coroutine
from typing import Any

from psycopg.conninfo import make_conninfo

from gateway.cap import Cap
from gateway.housekeeping import Housekeeping
from gateway.ingest import Ingest
from gateway.marks import Marks
from gateway.registry import Registry
from gateway.session import Session
from gateway.sightings import Sightings
from gateway.steady import Connect, SteadyConnection
from gateway.ticks import MarkedLane, Ticks
from gateway.vitals import Vitals
from runtime.clock import Clock, SystemClock
from runtime.database import PATIENCE, Connection, Listener
from runtime.probes import NOWHERE, Address, Probe, serve_probes
from runtime.service import run_together
from runtime.settings import Settings
from schema.readings import Lane

TOPICS: dict[Lane, tuple[str, ...]] = {"urgent": ("urgent/+/+",), "ordinary": ("homes/#",)}
MARKS: dict[Lane, str] = {"urgent": "urgent/_mark/{}", "ordinary": "homes/_mark/{}"}
"""Where a lane publishes to itself, matched by its own subscription; `_mark` is no home's id."""


def connector(database_url: str, name: str) -> Connect:
    """Return what opens a connection shown by the server under this name."""
    address = make_conninfo(database_url, application_name=f"gateway {name}", **PATIENCE)
    return lambda: Connection.connect(address)


def tasks(
    database_url: str, mqtt_url: str, name: str, clock: Clock, *, probed: Address = NOWHERE
) -> dict[str, Coroutine[Any, Any, None]]:
    """Wire a gateway, and return the tasks that must live together; needs a running event loop."""
    registry, sightings, cap = Registry(), Sightings(), Cap()
    listener = Listener(database_url, ["log"])
    running: dict[str, Coroutine[Any, Any, None]] = {"listener": listener.run()}
    marked, lanes = [], dict[Lane, Marks]()
    for lane, topics in TOPICS.items():
        marks = lanes[lane] = Marks(MARKS[lane].format(name))
        session = Session(mqtt_url, lane, client_id=f"telecare-{name}-{lane}", topics=topics, marks=marks, clock=clock)
        ingest = Ingest(
            lane, connector(database_url, lane), session, registry, marks=marks, sightings=sightings, cap=cap
        )
        session.receive = ingest.receive
        marked.append(MarkedLane(marks, session))
        running[f"{lane}_session"], running[f"{lane}_lane"] = session.run(), ingest.run()
    ticks = Ticks(marked, SteadyConnection(connector(database_url, "ticks"), "ticks"), clock)
    home = SteadyConnection(connector(database_url, "housekeeping"), "housekeeping")
    housekeeping = Housekeeping(home, registry, sightings, listener, clock)
    probes = serve_probes(*probed, Probe(Vitals(database_url, lanes, clock).reasons))
    return running | {"ticks": ticks.run(), "housekeeping": housekeeping.run(), "probes": probes}


# A batch is some thousands of objects that live for milliseconds, none of them in a cycle.
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


async def serve(settings: Settings) -> None:
    """Run until stopped; the database and the broker may be away, at the start or later."""
    gc.freeze()  # what is imported stays
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    running: dict[str, Any] = tasks(
        settings.database_url, settings.mqtt_url, settings.gateway, SystemClock(),
        probed=(settings.http_host, settings.metrics_port),
    )  # fmt: skip
    await run_together("gateway", **running)
