"""What the fold holds for each subject it watches: a person, a home, or the gateways together. Pure.

A subject's key names it in `finding_changes` and decides its partition: a person's id, `home:` or
`service:` and the id of another. All are stepped through the same two functions, so the fold below them
knows no difference.
"""

from collections.abc import Callable, Container
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from monitor import faults, home, person, person_state, quiet
from monitor.stimuli import Stimulus
from schema.alarms import SubjectKind
from schema.entries import ReadingEntry
from schema.findings import FindingChange
from schema.instants import HOUR, MINUTE, Duration, Instant

PARTITIONS = 16
"""Into so many parts people are divided, so that monitors can divide them among themselves."""

RETRY_AFTER: Duration = MINUTE
"""How long a subject whose step threw is left before its deadlines are tried again."""
SAY_AGAIN_AFTER: Duration = HOUR
"""How often a subject's failing is said, however often it fails."""


class Packed(NamedTuple):
    """A state as a checkpoint keeps it, so divided that a chunk of them is small."""

    common: bytes = b""  # what many states share
    own: bytes = b""  # what is this one's
    words: bytes = b""  # 64 bits each, mostly instants


class Core(NamedTuple):
    """The pure core of one kind of subject. A state has `wake_at` (see monitor.person), and packs.

    Where `pack` and `unpack` are None, the state is a msgspec Struct and packs as such. `taken_quietly` is a short
    way for readings, see monitor.quiet.
    """

    state: type
    new_state: Callable[[Any], Any]
    step: Callable[[Any, Stimulus, Any], tuple[Any, tuple[FindingChange, ...]]]
    timers: Callable[[Any, Any], dict[str, Instant]]
    pack: Callable[[Any], tuple[bytes, bytes, bytes]] | None = None
    unpack: Callable[[bytes, bytes, bytes], Any] | None = None
    taken_quietly: Callable[[Any, ReadingEntry, int, Instant, Any], bool] | None = None


PERSON = Core(
    person_state.PersonState,
    person.new_state,
    person.step,
    person.timers,
    person_state.pack,
    person_state.unpack,
    quiet.taken_quietly,
)
HOME = Core(home.HomeState, home.new_state, home.step, home.timers)
GATEWAYS = Core(faults.GatewayState, faults.new_gateway_state, faults.step_gateway, faults.gateway_timers)


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A subject as a checkpoint keeps it; its watch comes from the log's facts."""

    kind: SubjectKind
    id: str
    state: Packed | None  # None: it could not be watched yet
    failed_at: Instant | None = None
    failure_said_at: Instant | None = None


class Subject(msgspec.Struct, eq=False, gc=False):
    """One subject: its state, what it is watched by, when it is next due."""

    kind: SubjectKind
    id: str
    core: Core
    serial: int
    home: str | None = None
    state: Any = None
    watch: Any = None
    watched: bool = False  # has a state, and a watch that goes with it
    asleep_until: int = 0  # restored as of this position: what comes up to it is in the state already
    due: Instant | None = None
    failed_at: Instant | None = None  # when its step last threw
    failure_said_at: Instant | None = None

    def keep(self) -> Kept:
        """Return what a checkpoint must keep."""
        packed = None if self.state is None else self._pack()
        return Kept(self.kind, self.id, packed, self.failed_at, self.failure_said_at)

    def restore(self, kept: Kept, position: int) -> None:
        """Take up the state as of `position`; msgspec.DecodeError or ValueError where it is of another make."""
        self.asleep_until = position
        self.failed_at, self.failure_said_at = kept.failed_at, kept.failure_said_at
        if kept.state is not None:
            self.state = self._unpack(kept.state)

    def _pack(self) -> Packed:
        if self.core.pack is None:
            return Packed(own=msgspec.msgpack.encode(self.state))
        return Packed(*self.core.pack(self.state))

    def _unpack(self, packed: Packed) -> Any:
        if self.core.unpack is None:
            return msgspec.msgpack.decode(packed.own, type=self.core.state)
        return self.core.unpack(*packed)

    def take_watch(self, watch: Any) -> None:
        """Be watched by this from now on; what nobody knew yet begins with the core's new state."""
        self.watch = watch
        if self.state is None:
            self.state = self.core.new_state(watch)
        self.watched = True

    def is_new(self) -> bool:
        """Tell whether nothing has happened that it must remember."""
        return self.watched and self.failed_at is None and bool(self.state == self.core.new_state(self.watch))

    def heard(self) -> Container[int]:
        """Return the devices whose readings concern the subject, by their places in the home."""
        if not self.watched:
            return ()
        devices: Container[int] = self.watch.presses if self.kind == "home" else self.watch.outlook.devices
        return devices

    def note_failure(self, at: Instant) -> bool:
        """Note that its step threw; tell whether that is to be said (once in `SAY_AGAIN_AFTER`)."""
        self.failed_at = at
        if self.failure_said_at is not None and at - self.failure_said_at < SAY_AGAIN_AFTER:
            return False
        self.failure_said_at = at
        return True

    def next_due(self, blind_at: Instant | None) -> Instant | None:
        """Return when it wants to be stepped next.

        While ticks are blind, deadlines already past wait for the first that is not (which is given to
        everybody); only those to come count.
        """
        due: Instant | None = self.state.wake_at
        if due is not None and blind_at is not None and due <= blind_at:
            to_come = (at for at in self.core.timers(self.state, self.watch).values() if at > blind_at)
            due = min(to_come, default=None)
        if due is not None and self.failed_at is not None:
            due = max(due, self.failed_at + RETRY_AFTER)
        return due


def key_of(kind: SubjectKind, id_: str) -> str:
    """Return the subject's key."""
    return id_ if kind == "person" else f"{kind}:{id_}"


def partition_of(key: str) -> int:
    """Return the partition of a subject's key: stable over processes, machines and versions."""
    return crc32(key.encode()) % PARTITIONS
