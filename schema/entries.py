"""What a log row holds: the entries the monitor folds over, and nothing that it must not know.

No name, address or phone number of anybody is ever in here: a person is an id. Entries are packed with
msgpack as arrays with an integer tag, so a field is only ever added at the end, with a default.
"""

import msgspec

from schema.instants import Instant
from schema.people import Absence, Consent, Device
from schema.plans import CarePlan
from schema.readings import Samples


class ReadingEntry(msgspec.Struct, frozen=True, array_like=True, tag=0, gc=False):
    """One stored reading. `device` is `devices.number`: a row of one home, which the fold knows by then."""

    device: int
    kind: str
    value: str
    observed_at: Instant  # the fact's time: the device's own, or `received_at` where `clock_doubted`
    received_at: Instant
    seq: int = 0
    boot: int = 0
    retained: bool = False  # arrived on connecting: a state, never a fresh press or movement
    clock_doubted: bool = False
    battery: float | None = None
    signal: int | None = None
    samples: Samples | None = None


class UnregisteredPress(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """A press or fall from a device that the home does not have, or that could not be read whole."""

    home: str
    device: str
    kind: str  # 'button' or 'fall'
    observed_at: Instant
    received_at: Instant
    reason: str


class Tick(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Time has passed: the row's `committed_at`. Deadlines fire here and nowhere else."""

    behind: bool = False  # readings older than this moment were still waiting to be stored
    blind: bool = False  # appended by the monitor while no gateway lived: nothing could have been seen
    hearing_since: Instant = 0  # by the gateway's clock: since when all its lanes hear the broker; 0 where not said
    stored_until: Instant = 0  # where behind: what was published before then is in the log all the same


class HomeSet(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """A home as it now is: its zone and its devices, whole."""

    home: str
    zone: str
    area: str | None
    devices: tuple["NumberedDevice", ...]


class NumberedDevice(msgspec.Struct, frozen=True, array_like=True):
    """A device together with the number by which readings name it."""

    number: int
    device: Device


class PersonSet(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """A person as the rules may know them: where they live, what they consented to, when they are away."""

    person: str
    home: str
    consent: Consent | None
    absences: tuple[Absence, ...]


class PlanSet(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """A version of a person's care plan, in force from `plan.starts`. Running clocks go on."""

    person: str
    version: int
    plan: CarePlan


class TestModeSet(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """An installer tests a home until then (None: has ended). Alarms of it are marked, never held back."""

    __test__ = False  # not a test of pytest's

    home: str
    until: Instant | None
    by: str


class AlarmClosed(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """A human closed an alarm that rested on these findings: the rules' clocks start anew."""

    subject: str
    findings: tuple[str, ...]
    at: Instant


class PersonAnswered(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """The person, asked, says that they are well: clears what asked first."""

    person: str
    findings: tuple[str, ...]
    at: Instant


Entry = (
    ReadingEntry | UnregisteredPress | Tick | HomeSet | PersonSet | PlanSet | TestModeSet | AlarmClosed | PersonAnswered
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Entry])


def pack(entries: list[Entry]) -> bytes:
    """Pack the entries of one log row."""
    return _encoder.encode(entries)


def unpack(packed: bytes) -> list[Entry]:
    """Unpack one log row; msgspec.DecodeError where the bytes are no entries."""
    return _decoder.decode(packed)
