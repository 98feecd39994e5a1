"""How the service is: /health (it answers), /ready (it does its work), /metrics (Prometheus). No personal value in any.

The console tells what the tables and itself know of the whole service; gateway, monitor and watcher each tell more of
themselves on their own port (`runtime.probes`).
"""

from collections.abc import Iterator
from contextlib import suppress
from math import isinf

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.registry import Collector
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from alerting.console.context import Connected, Console, console_of
from alerting.console.measures import Measures, measure, reasons
from alerting.console.models import Ready
from runtime.database import GONE
from runtime.probes import Probe
from schema.instants import SECOND, moment

router = APIRouter(tags=["health"])

_OPEN = """
    select priority, owner is not null, count(*), extract(epoch from %s - min(raised_at))
    from alarms where closed_at is null and not canary group by 1, 2
"""

# Of the newest only, so that being asked often never costs much.
_MESSAGES = """
    select newest.channel, newest.state, count(*)
    from (select * from notifications order by id desc limit 5000) newest join alarms on alarms.id = newest.alarm
    where newest.created_at > %s and not alarms.canary group by 1, 2
"""

_FIGURES = {
    "log_age": ("telecare_log_age_seconds", "Since anything was appended to the log."),
    "gateway_silent": ("telecare_gateway_silent_seconds", "Since a gateway appended anything to the log."),
    "monitor_lag_rows": ("telecare_monitor_lag_rows", "Rows of the log that the monitor has not committed yet."),
    "monitor_lag": ("telecare_monitor_lag_seconds", "Age of the oldest of them."),
    "findings_waiting": (
        "telecare_findings_waiting",
        "Said by the monitor, not yet taken by alerting (10000 at most).",
    ),
    "findings_lag": ("telecare_findings_lag_seconds", "Age of the oldest of them."),
    "escalation_overdue": ("telecare_escalation_overdue_seconds", "Of the escalation step that should have run first."),
    "unsent": ("telecare_unsent_seconds", "How long the oldest message that could go out has waited."),
    "canary_age": ("telecare_canary_age_seconds", "Since a canary's press last came up at the desk."),
}
assert set(_FIGURES) == set(Measures._fields)


@router.get("/health")
async def health() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "alive"}


@router.get("/ready", responses={503: {"model": Ready}})
async def ready(request: Request) -> Response:
    """Tell whether the service does its work, and where it does not, why, in words."""
    seen, why = await _seen(console_of(request))
    state = Ready(
        ready=not why,
        reasons=why,
        database="away" if seen is None else "answers",
        live=console_of(request).live.is_live,
        log_age_s=None if seen is None or isinf(seen.log_age) else seen.log_age,
        findings_waiting=None if seen is None else seen.findings_waiting,
    )
    return JSONResponse(state.model_dump(), 503 if why else 200)


@router.get("/metrics")
async def metrics(request: Request, connection: Connected) -> Response:
    """Return what a Prometheus server asks for, counted at this moment."""
    registry = CollectorRegistry()
    await _measure(console_of(request), connection, registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def probe(app: FastAPI) -> Probe:
    """Return what the service's own port answers: the same figures, and those of the process."""
    console: Console = app.state.console
    registry = CollectorRegistry()

    async def seen() -> list[str]:
        fresh = CollectorRegistry()
        with suppress(*GONE, PoolTimeout):
            async with console.lend(2) as connection:
                await _measure(console, connection, fresh)
        kept.told = fresh
        return (await _seen(console))[1]

    kept = _Both()
    registry.register(kept)
    return Probe(seen, registry)


class _Both(Collector):
    """The figures measured last, and those of the process."""

    def __init__(self) -> None:
        self.told = CollectorRegistry()

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        yield from REGISTRY.collect()
        yield from self.told.collect()


async def _seen(console: Console) -> tuple[Measures | None, list[str]]:
    """Return what the tables tell, or None where the database is away, and why the service is not ready."""
    live = console.live.is_live
    try:
        async with console.lend(2) as connection:
            seen = await measure(connection, console.clock.now())
    except (*GONE, PoolTimeout):
        return None, ["the database does not answer"]
    blind = [] if live else ["the desk does not see alarms as they change"]
    return seen, [*reasons(seen), *blind]


async def _measure(console: Console, connection: AsyncConnection, registry: CollectorRegistry) -> None:
    now = console.clock.now()
    count = Gauge("telecare_open_alarms", "Alarms that are not closed.", ["priority", "owned"], registry=registry)
    oldest = Gauge(
        "telecare_oldest_alarm_seconds", "Age of the oldest open one.", ["priority", "owned"], registry=registry
    )
    for priority, owned, number, age in await (await connection.execute(_OPEN, (moment(now),))).fetchall():
        count.labels(priority, str(owned).lower()).set(number)
        oldest.labels(priority, str(owned).lower()).set(float(age))
    said = Gauge("telecare_messages_1h", "Messages of the last hour.", ["channel", "state"], registry=registry)
    for channel, state, number in await (
        await connection.execute(_MESSAGES, (moment(now - 3600 * SECOND),))
    ).fetchall():
        said.labels(channel, state).set(number)
    seen = await measure(connection, now)
    for name, value in seen._asdict().items():
        Gauge(*_FIGURES[name], registry=registry).set(value)
    live = console.live.is_live
    Gauge("telecare_desk_live", "1 while the desk sees alarms as they change.", registry=registry).set(live)
    Gauge("telecare_ready", "1 while nothing is too far behind.", registry=registry).set(live and not reasons(seen))
