"""A bound on what one home's faults may fill: so many refused messages an hour are kept, the rest counted.

Homes that nobody registered share one bound, so that inventing names gains nothing. The bound is this
process's own: started again, it begins anew.
"""

from schema.instants import HOUR, Instant

KEPT_AN_HOUR = 200


class Cap:
    """Counts refusals by home and hour; forgets hours that have passed."""

    def __init__(self, most: int = KEPT_AN_HOUR) -> None:
        self._most = most
        self._hour: Instant = 0
        self._kept: dict[str, int] = {}

    def admit(self, home: str, at: Instant) -> bool:
        """Tell whether one more of the home's is to be kept; '' stands for all that nobody registered."""
        hour = at - at % HOUR
        if hour != self._hour:
            self._hour, self._kept = hour, {}
        kept = self._kept.get(home, 0)
        self._kept[home] = kept + 1
        return kept < self._most
