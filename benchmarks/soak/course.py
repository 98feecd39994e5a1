"""How a run went, but for memory: what was published, stored, raised and closed, and what was not as promised."""

from typing import NamedTuple

from benchmarks.soak.outage import Outage
from benchmarks.soak.tables import Alarms, Relation, Stored

_RATE_HELD = 0.99


class Course(NamedTuple):
    """How the run went, but for memory; counts are of the whole run."""

    minutes: float
    warm_up: float  # seconds
    rate: float
    homes: int
    seconds: float  # of publishing
    published: int
    acknowledged: int
    stored: Stored
    presses: int
    alarms: Alarms
    sent: int
    received: int  # messages that reached the stand-in for Twilio
    refused: int  # requests of the desk that were refused
    told: int
    growth: dict[str, tuple[Relation, Relation]]
    growth_hours: float
    outage: Outage | None

    @property
    def faults(self) -> list[str]:
        """What was not as promised, in sentences; empty where all was."""
        found = list(self.outage.faults) if self.outage else []
        stored = self.stored
        if self.published < _RATE_HELD * self.rate * self.seconds:
            pace = self.published / self.seconds
            found.append(f"the rate was not held: {pace:,.0f} readings/s instead of {self.rate:,.0f}")
        if self.acknowledged != self.published:
            found.append(f"the broker acknowledged {self.acknowledged:,} of {self.published:,} readings")
        if stored.numbers != self.acknowledged:
            found.append(f"{self.acknowledged - stored.numbers:,} acknowledged readings are not stored")
        if stored.rows != stored.numbers:
            found.append(f"{stored.rows - stored.numbers:,} readings are stored more than once")
        if stored.logged != stored.rows:
            found.append(f"the log tells {stored.logged:,} readings, {stored.rows:,} are stored")
        if self.alarms.pressed != self.presses:
            found.append(f"{self.presses:,} presses became {self.alarms.pressed:,} alarms")
        if self.alarms.pressed_closed != self.alarms.pressed:
            found.append(f"{self.alarms.pressed - self.alarms.pressed_closed} alarms of presses were not closed")
        if self.received < self.sent:
            found.append(f"{self.sent:,} messages were said to be sent, {self.received:,} arrived")
        return found
