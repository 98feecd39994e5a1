"""The `telecare migrate` command's work: one connection, migrated."""

import psycopg
from psycopg import AsyncConnection

from runtime.migrate import MigrationChangedError, migrate
from telecare.refusal import Refusal


async def bring_up_to_date(database_url: str) -> list[str]:
    """Migrate the database; return what was applied. Refusal in one line where it cannot be."""
    try:
        async with await AsyncConnection.connect(database_url, autocommit=True, connect_timeout=10) as connection:
            return await migrate(connection)
    except MigrationChangedError as error:
        raise Refusal(str(error)) from error
    except psycopg.OperationalError as error:
        raise Refusal(f"the database cannot be reached ({str(error).splitlines()[0]}). Nothing was changed.") from error
