"""What `button` and `fall` share: a call counts once however often it is delivered, and each has its own onset."""

import msgspec

from monitor.verdicts import State
from schema.entries import ReadingEntry
from schema.findings import Evidence
from schema.instants import Instant

Identity = tuple[str, Instant, int, int]
"""Device, time, boot and seq: what is the same on every redelivery."""
_KEPT = 32


class CallState(State):
    """The calls heard last: the gateway lets none through twice, and a call is too dear to rely on it."""

    known: list[Identity] = msgspec.field(default_factory=list)

    def first_time(self, identity: Identity) -> bool:
        """Tell whether this call is new, and know it from now on."""
        if identity in self.known:
            return False
        self.known = [*self.known[1 - _KEPT :], identity]
        return True

    def onset(self, fact: Evidence) -> Instant:
        """Return the call's own time; a microsecond apart where one device called twice at one instant."""
        return fact.at + sum(each[:2] == (fact.device, fact.at) for each in self.known) - 1


def identity(device: str, reading: ReadingEntry) -> Identity:
    """Return what makes this call the same call."""
    return device, reading.observed_at, reading.boot, reading.seq
