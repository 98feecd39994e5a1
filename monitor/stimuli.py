"""What a person's (or a home's) state can be stepped with. `at` is the log's time, never a clock's.

Facts sit at `entry.observed_at`; deadlines run on `at`. Nothing else ever reaches the core.
"""

import msgspec

from schema.entries import ReadingEntry, UnregisteredPress
from schema.instants import Instant


class ReadingArrived(msgspec.Struct, frozen=True, tag="reading_arrived", gc=False):
    """A reading of a device that concerns the subject. It fires no timer, however late it comes.

    `place` is the device's place in its home; 0: the entry names it by that, as tests do.
    """

    entry: ReadingEntry
    at: Instant
    place: int = 0


class TimePassed(msgspec.Struct, frozen=True, tag="time_passed"):
    """The log's time is now `at`: deadlines with `due <= at` fire.

    A subject is given it whenever one of its timers is due, and in any case at the first `blind` one and at
    the first that is not blind again (how it knows the time in which nothing could have been heard). More
    often does no harm. `behind`: older readings still wait to be stored, but for those published before
    `stored_until`; so deadlines fire that were due by then, and say how late.
    `blind`: no gateway lived; deadlines that rest on the absence of readings wait for the next that is not.
    """

    at: Instant
    behind: bool = False
    blind: bool = False
    stored_until: Instant = 0

    @property
    def fires_until(self) -> Instant:
        """Up to when deadlines may fire: nothing that would have put them off can still be on its way. 0: none."""
        if self.blind:
            return 0
        return min(self.stored_until, self.at) if self.behind else self.at


class WatchChanged(msgspec.Struct, frozen=True, tag="watch_changed"):
    """Plan, consent, absences, devices or test mode are new, and so is the watch; running clocks go on.

    Also the first stimulus of a new state: from then on the subject is watched.
    """

    at: Instant


class AlarmWasClosed(msgspec.Struct, frozen=True, tag="alarm_was_closed"):
    """A human closed the alarm these findings belonged to: the clock of what still holds starts anew at `at`."""

    findings: tuple[str, ...]
    at: Instant


class PersonHasAnswered(msgspec.Struct, frozen=True, tag="person_has_answered"):
    """The person, asked, says that they are well: clears these findings, presses and falls excepted."""

    findings: tuple[str, ...]
    at: Instant


class UnregisteredPressArrived(msgspec.Struct, frozen=True, tag="unregistered_press_arrived"):
    """A press or a fall that names no device of the home (for homes only)."""

    press: UnregisteredPress
    at: Instant


Stimulus = ReadingArrived | TimePassed | WatchChanged | AlarmWasClosed | PersonHasAnswered | UnregisteredPressArrived
