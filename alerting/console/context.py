"""What every request of the console may need: settings, the pool, the clock, and what is live."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerting.console.live import Live
from alerting.console.throttle import Throttle
from alerting.console.users import Doorkeeper
from runtime.clock import Clock
from runtime.settings import Settings

PATIENCE_S = 5.0
"""How long a request waits for the database before it says that it is away."""


@dataclass(frozen=True)
class Console:
    """The console's surroundings, made once in `create_app`."""

    settings: Settings
    pool: AsyncConnectionPool
    clock: Clock
    live: Live
    throttle: Throttle = field(default_factory=Throttle)
    doorkeeper: Doorkeeper = field(default_factory=Doorkeeper)


def console_of(request: Request) -> Console:
    """Give the request its console."""
    return cast("Console", request.app.state.console)


async def connection_of(request: Request) -> AsyncIterator[AsyncConnection]:
    """Lend the request a connection (autocommit; the desk's acts open their own transactions)."""
    async with console_of(request).pool.connection(timeout=PATIENCE_S) as connection:
        yield connection


TheConsole = Annotated[Console, Depends(console_of)]
Connected = Annotated[AsyncConnection, Depends(connection_of)]
