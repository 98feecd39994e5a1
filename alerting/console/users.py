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
MOST_IN_LINE = 50

_hasher = PasswordHasher()
_UNKNOWN = "$argon2id$v=19$m=65536,t=3,p=4$0OFNapqhzoAGY8n3NM7ZpA$j2GKo7XoGm2DQAd7JGVHhXkd3fMPuMYGg/7KK1cg4NI"
"""Of no password that anybody has: what is checked when there is no such user, as it takes as long.

It stands here as making it would cost each start of this service half a second; a test holds that it is up to date.
"""


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


class Kept(NamedTuple):
    """A user, and what is kept of their password."""

    user: User
    password_hash: str


async def find(connection: AsyncConnection, id: str) -> Kept | None:  # noqa: A002 - the column's name
    """Return the user of that id, or None where there is none or they may no longer come in."""
    cursor = await connection.execute(
        "select id, name, role, password_hash from users where id = %s and disabled_at is null", (id,)
    )
    row = await cursor.fetchone()
    return Kept(User(*row[:3]), row[3]) if row else None


class DoorBusyError(Exception):
    """More people want to log in at once than can be checked."""


class Doorkeeper:
    """Checks passwords, one at a time, on no connection; a queue that grows too long is turned away."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._in_line = 0

    async def admits(self, kept: Kept | None, password: str) -> bool:
        """Tell whether the password is right; it takes as long for a user that is not there."""
        if self._in_line >= MOST_IN_LINE:
            raise DoorBusyError
        self._in_line += 1
        try:
            async with self._one_at_a_time:
                right = _matches(kept.password_hash if kept else _UNKNOWN, password)
                await asyncio.sleep(PAUSE_S)
        finally:
            self._in_line -= 1
        return kept is not None and right


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
