"""Codes by which a reply names its alarm: four digits, one for each alarm and telephone.

A code is not given to the same telephone for another alarm within seven days, so that a late reply can never
acknowledge the wrong one; and it is never the code of the home's key safe, which no message may carry.
"""

import secrets
from collections.abc import Callable, Collection

from psycopg import AsyncConnection

from schema.instants import DAY, Duration, Instant, moment

KEPT_APART: Duration = 7 * DAY

_USED = "select phone, code, alarm from codes_in_use(%s::text[], %s, %s)"


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


async def codes_for(
    connection: AsyncConnection, alarm: int, phones: Collection[str], home: str | None, at: Instant
) -> dict[str, str]:
    """Return the alarm's code on each of these telephones: the one it has, or a new one.

    Holds a lock on each telephone until the transaction ends, taken in the order of their numbers, so that two
    alarms never draw the same code.
    """
    if not phones:
        return {}
    ordered = sorted(set(phones))
    cursor = await connection.execute(_USED, (ordered, moment(at - KEPT_APART), home))
    used: dict[str, dict[str, int]] = {phone: {} for phone in ordered}
    never = set[str]()
    for phone, code, number in await cursor.fetchall():
        if phone is None:
            never.add(code)
        else:
            used[phone][code] = number
    return {phone: _own(known, alarm) or choose({*known, *never}) for phone, known in used.items()}


def _own(used: dict[str, int], alarm: int) -> str | None:
    return next((code for code, number in used.items() if number == alarm), None)
