"""How the service is: /health (it answers), /ready (it can serve), /metrics (Prometheus). No personal value in any."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from alerting.console.context import Connected, Console, console_of
from alerting.console.lag import Lag, lag
from alerting.console.models import Ready
from runtime.database import GONE
from schema.instants import SECOND, moment

router = APIRouter(tags=["health"])

_OPEN = """
    select priority, owner is not null, count(*), extract(epoch from %s - min(raised_at))
    from alarms where closed_at is null and not canary group by 1, 2
"""

# Of the newest only, so that being asked often never costs much.
_MESSAGES = """
    select channel, state, count(*) from (select * from notifications order by id desc limit 5000) newest
    where created_at > %s group by 1, 2
"""


@router.get("/health")
async def health() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "alive"}


@router.get("/ready", responses={503: {"model": Ready}})
async def ready(request: Request) -> Response:
    """Tell whether requests can be served: the database answers, and the desk sees alarms as they change."""
    console = console_of(request)
    behind, answers = Lag(None, 0), True
    try:
        async with console.lend(2) as connection:
            behind = await lag(connection, console.clock.now())
    except (*GONE, PoolTimeout):
        answers = False
    state = Ready(
        database="answers" if answers else "away",
        live=console.live.is_live,
        log_age_s=None if behind.log is None else behind.log / SECOND,
        findings_waiting=behind.findings if answers else None,
    )
    return JSONResponse(state.model_dump(), 200 if answers and state.live else 503)


@router.get("/metrics")
async def metrics(request: Request, connection: Connected) -> Response:
    """Return what a Prometheus server asks for, counted at this moment."""
    return Response(await _measure(console_of(request), connection), media_type=CONTENT_TYPE_LATEST)


async def _measure(console: Console, connection: AsyncConnection) -> bytes:
    now = console.clock.now()
    registry = CollectorRegistry()
    count = Gauge("telecare_open_alarms", "Alarms that are not closed.", ["priority", "owned"], registry=registry)
    oldest = Gauge("telecare_oldest_alarm_s", "Age of the oldest open one.", ["priority", "owned"], registry=registry)
    for priority, owned, number, age in await (await connection.execute(_OPEN, (moment(now),))).fetchall():
        count.labels(priority, str(owned).lower()).set(number)
        oldest.labels(priority, str(owned).lower()).set(float(age))
    said = Gauge("telecare_messages_1h", "Messages of the last hour.", ["channel", "state"], registry=registry)
    for channel, state, number in await (
        await connection.execute(_MESSAGES, (moment(now - 3600 * SECOND),))
    ).fetchall():
        said.labels(channel, state).set(number)
    behind = await lag(connection, now)
    since = -1 if behind.log is None else behind.log / SECOND
    Gauge("telecare_log_age_s", "Since anything was appended; -1: never.", registry=registry).set(since)
    Gauge("telecare_findings_waiting", "Not yet taken by alerting.", registry=registry).set(behind.findings)
    Gauge("telecare_desk_live", "1 while the desk sees alarms as they change.", registry=registry).set(
        int(console.live.is_live)
    )
    return generate_latest(registry)
