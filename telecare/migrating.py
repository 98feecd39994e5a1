"""The `telecare migrate` command's work: one connection, migrated, and the canary homes beside the tables."""

import psycopg
from psycopg import AsyncConnection

from runtime.clock import SystemClock
from runtime.migrate import MigrationChangedError, migrate
from runtime.settings import Settings
from telecare import canaries
from telecare.refusal import Refusal


async def bring_up_to_date(settings: Settings) -> list[str]:
    """Migrate the database, and see that it has its canary homes; return what was done. Refusal where it cannot be."""
    url = settings.database_url
    try:
        async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=10) as connection:
            applied = [f"applied {name}" for name in await migrate(connection)]
            made = await canaries.move_in(connection, settings, SystemClock().now())
            return applied + [f"made the canary home {home}" for home in made]
    except MigrationChangedError as error:
        raise Refusal(str(error)) from error
    except psycopg.OperationalError as error:
        raise Refusal(f"the database cannot be reached ({str(error).splitlines()[0]}). Nothing was changed.") from error
