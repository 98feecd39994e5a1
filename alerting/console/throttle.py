"""How often a wrong password may be tried: by user and address, and by address over all users.

Kept in memory: a restart forgets it, which gives a guesser a handful of tries more and nobody a lock-out.
A user is never locked out everywhere, or anybody could keep an operator from the desk at night.
"""

from collections import deque

from schema.instants import MINUTE, Duration, Instant

WITHIN: Duration = 15 * MINUTE
TRIES_OF_A_USER = 5
TRIES_OF_AN_ADDRESS = 30
MOST_REMEMBERED = 10_000


class Throttle:
    """Remembers who tried, until the password was right."""

    def __init__(self) -> None:
        self._tries: dict[tuple[str, ...], deque[Instant]] = {}

    def wait(self, user: str, address: str, at: Instant) -> Duration:
        """Return how long this user at this address must wait before the next try; 0: none."""
        return max(
            self._wait((user, address), TRIES_OF_A_USER, at),
            self._wait((address,), TRIES_OF_AN_ADDRESS, at),
        )

    def tried(self, user: str, address: str, at: Instant) -> None:
        """Note a try before its password is checked, so that many at once are no way round the limit."""
        for key in ((user, address), (address,)):
            self._tries.setdefault(key, deque(maxlen=TRIES_OF_AN_ADDRESS)).append(at)
        while len(self._tries) > MOST_REMEMBERED:
            del self._tries[next(iter(self._tries))]

    def not_checked(self, user: str, address: str) -> None:
        """Take back the latest try: its password was never looked at."""
        for key in ((user, address), (address,)):
            if tries_made := self._tries.get(key):
                tries_made.pop()

    def succeeded(self, user: str, address: str) -> None:
        """Forget the user's tries at this address, and this one of the address's: the password was right."""
        self._tries.pop((user, address), None)
        if of_address := self._tries.get((address,)):
            of_address.pop()

    def _wait(self, key: tuple[str, ...], tries: int, at: Instant) -> Duration:
        tries_made = self._tries.get(key, deque[Instant]())
        while tries_made and tries_made[0] <= at - WITHIN:
            tries_made.popleft()
        return tries_made[-tries] + WITHIN - at if len(tries_made) >= tries else 0
