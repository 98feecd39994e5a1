"""What every request of the console may need: settings, the pool, the clock, and what is live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

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
    turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Keep half of the pool for whom it is shared with: no crowd at the door holds up an escalation."""
        object.__setattr__(self, "turns", asyncio.Semaphore(max(1, self.pool.max_size // 2)))

    @asynccontextmanager
    async def lend(self, seconds: float | None = None) -> AsyncIterator[AsyncConnection]:
        """Lend a connection in turn; PoolTimeout where none comes free in so many seconds."""
        patience = PATIENCE_S if seconds is None else seconds
        try:
            await asyncio.wait_for(self.turns.acquire(), patience)
        except TimeoutError as error:
            raise PoolTimeout("the console's share of the connections is in use") from error
        try:
            async with self.pool.connection(timeout=patience) as connection:
                yield connection
        finally:
            self.turns.release()


def console_of(request: Request) -> Console:
    """Give the request its console."""
    return cast("Console", request.app.state.console)


async def connection_of(request: Request) -> AsyncIterator[AsyncConnection]:
    """Lend the request a connection (autocommit; the desk's acts open their own transactions)."""
    async with console_of(request).lend() as connection:
        yield connection


TheConsole = Annotated[Console, Depends(console_of)]
Connected = Annotated[AsyncConnection, Depends(connection_of)]
