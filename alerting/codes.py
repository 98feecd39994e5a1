"""Codes by which a reply names its alarm: four digits, one for each alarm and telephone.

A code is not given to the same telephone for another alarm within seven days, so that a late reply can never
acknowledge the wrong one; and it is never the code of the home's key safe, which no message may carry.
"""

import secrets
from collections.abc import Callable, Collection

from psycopg import AsyncConnection

from schema.instants import DAY, Duration, Instant, moment

KEPT_APART: Duration = 7 * DAY
_LOCK = 20261124

_USED = "select code, alarm from notifications where phone = %s and code is not null and created_at > %s"


class NoCodeLeftError(Exception):
    """A telephone was sent ten thousand alarms in a week: no code is left that would not be taken for another's."""


def choose(taken: Collection[str], draw: Callable[[int], int] = secrets.randbelow) -> str:
    """Return a code that is not taken; `draw(n)` gives a number below n."""
    free = 10_000 - len({code for code in taken if len(code) == 4})
    if free <= 0:
        raise NoCodeLeftError
    start = draw(10_000)
    candidates = (f"{(start + step * 7) % 10_000:04d}" for step in range(10_000))  # 7 and 10000 share no divisor
    return next(code for code in candidates if code not in taken)


async def code_for(connection: AsyncConnection, alarm: int, phone: str, home: str | None, at: Instant) -> str:
    """Return the code of this alarm on this telephone: the one it has, or a new one.

    Holds a lock on the telephone until the transaction ends, so that two alarms never draw the same code; ask
    for several telephones in the order of their numbers.
    """
    await connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, phone))
    cursor = await connection.execute(_USED, (phone, moment(at - KEPT_APART)))
    used: dict[str, int] = dict(await cursor.fetchall())
    own = next((code for code, number in used.items() if number == alarm), None)
    if own is not None:
        return own
    cursor = await connection.execute("select key_safe_code from homes where id = %s", (home,))
    row = await cursor.fetchone()
    return choose({*used, *(str(value) for value in row or () if value)})
