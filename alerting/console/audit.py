"""The audit trail: every look at a person's record and every change by hand leaves a row."""

from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from schema.instants import Instant, moment

Looked = Literal[
    "logged in", "log-in refused", "logged out",
    "looked at alarm", "looked at person", "looked at timeline", "looked at coverage", "listed people",
    "looked at messages", "shown key safe code", "rehearsed",
]  # fmt: skip


async def note(
    connection: AsyncConnection, at: Instant, actor: str, action: Looked, person: str | None = None, **detail: Any
) -> None:
    """Write one row; `detail` says the alarm, the reason given, or what was searched for."""
    await connection.execute(
        "insert into audit (at, actor, action, person, detail) values (%s, %s, %s, %s, %s)",
        (moment(at), actor, action, person, Jsonb(detail)),
    )
