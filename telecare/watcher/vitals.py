"""How the watcher is, for /ready and /metrics on its own port."""

from collections.abc import Callable
from math import inf

from prometheus_client import Gauge

from runtime.clock import Clock
from schema.instants import SECOND, Duration, in_words
from telecare.watcher.judgement import Known, standing_still
from telecare.watcher.texts import reason

OUTAGE = Gauge("telecare_watcher_outage", "1 while presses get lost.")
SEEN_AGE = Gauge("telecare_watcher_seen_age_seconds", "Since a press last came up at the desk in time.")
TOOK = Gauge("telecare_watcher_press_seconds", "From that press to its being seen.")
UNTOLD = Gauge("telecare_watcher_untold", "Telephones that could not be told yet.")


class Vitals:
    """Measures the watcher by what it knows."""

    def __init__(self, known: Callable[[], Known], every: Duration, clock: Clock) -> None:
        self._known = known
        self._every = every
        self._clock = clock

    async def reasons(self) -> list[str]:
        """Measure, and return why not all is well."""
        known, now = self._known(), self._clock.now()
        OUTAGE.set(known.outage is not None)
        SEEN_AGE.set(inf if known.seen_at is None else max(now - known.seen_at, 0) / SECOND)
        TOOK.set(known.took / SECOND)
        UNTOLD.set(len(known.unsent))
        said = [idle] if (idle := standing_still(known, self._every, now)) else []
        if known.outage:
            said.append(f"presses get lost, {in_words(now - known.outage.since)} by now. {reason(known.outage)}")
        if known.unsent:
            said.append(f"{len(known.unsent)} on call could not be told yet")
        return said
