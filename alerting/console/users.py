"""Who works here: their passwords are kept as argon2, and checking one takes the same time for anybody.

Checks are made one at a time with a pause after each: argon2 is costly by design, and this process also
escalates alarms, so that a flood of guesses must never take its event loop for itself.
"""

import asyncio
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from psycopg import AsyncConnection, errors

from schema.alarms import Role

SHORTEST_PASSWORD = 8
PAUSE_S = 0.05

_hasher = PasswordHasher()
_UNKNOWN = _hasher.hash("nobody's password")  # what is checked when there is no such user: it takes as long


class User(NamedTuple):
    """Somebody who works here."""

    id: str
    name: str
    role: Role


class UserExistsError(Exception):
    """A user of that id is there already."""


async def create_user(connection: AsyncConnection, id: str, name: str, role: Role, password: str) -> None:  # noqa: A002 - the column's name
    """Add a user; UserExistsError where the id is taken, ValueError where the password is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"The password of '{id}' is too short; expected {SHORTEST_PASSWORD} characters or more.")
    try:
        await connection.execute(
            "insert into users (id, name, role, password_hash) values (%s, %s, %s, %s)",
            (id, name, role, _hasher.hash(password)),
        )
    except errors.UniqueViolation as error:
        raise UserExistsError(f"There is a user '{id}' already; nothing was changed.") from error


async def names(connection: AsyncConnection) -> dict[str, str]:
    """Return id -> name of everybody who works here."""
    cursor = await connection.execute("select id, name from users")
    return dict(await cursor.fetchall())


class Doorkeeper:
    """Checks passwords, one at a time."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def admit(self, connection: AsyncConnection, id: str, password: str) -> User | None:  # noqa: A002 - the column's name
        """Return the user, or None: unknown, disabled or a wrong password, which nobody outside can tell apart."""
        cursor = await connection.execute(
            "select id, name, role, password_hash from users where id = %s and disabled_at is null", (id,)
        )
        row = await cursor.fetchone()
        async with self._one_at_a_time:
            right = _matches(row[3] if row else _UNKNOWN, password)
            await asyncio.sleep(PAUSE_S)
        return User(*row[:3]) if row and right else None


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
