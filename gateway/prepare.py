"""From a message to what is to be stored of it, purely: readings with identity, a refusal, calls for help.

Promises: nothing that arrives leads to nothing, unless its dialect says that it is not for us; a call for
help (a press, a fall) from a device that the home does not have, or that cannot be read, becomes an
`UnregisteredPress`, which raises an alarm of the home all the same.
"""

from typing import NamedTuple

import msgspec

from gateway.dialects import decode, topics
from gateway.dialects.limits import LARGEST
from gateway.dialects.topics import Address
from gateway.identity import CALLS, Undated, undated
from gateway.message import KEPT, Message
from gateway.registry import Directory, Registered
from gateway.stamp import dated_at, stamp
from schema.entries import ReadingEntry, UnregisteredPress
from schema.readings import Decoded, Reading, Rejected

_REASONS_SHOWN = 3


class Candidate(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A reading of a message, to be stored if it is new; `undated` where its time is no help to tell."""

    message: Message
    entry: ReadingEntry
    undated: Undated | None = None


class Refusal(NamedTuple):
    """A row of `rejected_messages`."""

    home: str | None
    device: str | None
    reason: str
    waits: bool = False


class Prepared(msgspec.Struct, gc=False):
    """What is to be stored of one message. All empty: nothing for us."""

    message: Message
    candidates: list[Candidate] = []
    refusal: Refusal | None = None
    presses: list[UnregisteredPress] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.candidates or self.refusal or self.presses)


def read(message: Message) -> Decoded:
    """Decode the message; one too large to be held whole is refused as its dialect would."""
    if message.size == len(message.payload):  # held in full
        return decode(message.topic, message.payload)
    address = topics.read(message.topic)
    reason = f"{message.size} bytes are too large: a message may have {LARGEST} at most"
    home, device = (address.home, address.rest) if address else (None, None)
    return Decoded(rejected=(Rejected(reason=reason, home=home, device=device),))


def unknown_home(decoded: Decoded, topic: str, directory: Directory) -> str | None:
    """Return the home that must be asked for before a device of its is called unregistered, where it must."""
    address = topics.read(topic)
    if address is None:
        return None
    found = (directory.find(reading.home, address.speech, reading.device) for reading in decoded.readings)
    if all(found) and (decoded.readings or directory.knows(address.home)):
        return None
    return address.home


def prepare(message: Message, decoded: Decoded, directory: Directory) -> Prepared:
    """Return what is to be stored of a decoded message."""
    prepared = Prepared(message)
    address = topics.read(message.topic)
    unregistered: list[Rejected] = []
    for reading in decoded.readings:
        assert address is not None, "only a topic of ours gives readings"
        device = directory.find(reading.home, address.speech, reading.device)
        if device is None or device.retired:
            unregistered.append(_unregistered(reading, device, directory))
            _call_unregistered(prepared, reading, unregistered[-1].reason)
        else:
            _accept(prepared, _meant(reading, device, address), device)
    if decoded.rejected or unregistered:
        for rejected in decoded.rejected:
            _call_unreadable(prepared, rejected)
        waits = bool(unregistered) and _can_wait(message)
        prepared.refusal = _refusal([*decoded.rejected, *unregistered], waits=waits)
    return prepared


def poisoned(prepared: Prepared, reason: str) -> Prepared:
    """Return what is left of a message that the database will not have: its bytes, and any call for help."""
    address = topics.read(prepared.message.topic)
    again = Prepared(prepared.message)
    refusal = Refusal(address.home if address else None, address.rest if address else None, reason)
    again.refusal = refusal
    again.presses = list(prepared.presses)
    for entry in (candidate.entry for candidate in prepared.candidates):
        if address and (entry.kind, entry.value) in CALLS and not entry.retained:
            press = UnregisteredPress(
                address.home, address.rest, entry.kind, entry.observed_at, entry.received_at, reason
            )
            again.presses.append(press)
    return again


def clean(text: str) -> str:
    """Return text that PostgreSQL can hold: no NUL, no lone surrogate, bounded."""
    return text[:KEPT].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _meant(reading: Reading, device: Registered, address: Address) -> Reading:
    """Read a remote fitted as somebody's button as one: whichever of its keys they press, they ask for help."""
    if address.speech != "zigbee2mqtt" or device.kind != "button":
        return reading
    if (reading.kind, reading.value) == ("motion", "detected"):
        return msgspec.structs.replace(reading, kind="button", value="pressed")
    return reading


def _accept(prepared: Prepared, reading: Reading, device: Registered) -> None:
    message = prepared.message
    entry = stamp(reading, device.number, message.received_at, message.payload, retained=message.retained)
    doubted = entry.clock_doubted
    identity = undated(reading, entry, message.payload, redelivered=message.redelivered) if doubted else None
    prepared.candidates.append(Candidate(message, entry, identity))


def _unregistered(reading: Reading, device: Registered | None, directory: Directory) -> Rejected:
    name, home = reading.device, reading.home
    if name == topics.HUB:
        reason = f"no hub is registered to home {home}"
    elif device is not None:
        reason = f"device {name} of home {home} was retired"
    elif not directory.knows(home):
        reason = f"no home {home} with devices is registered"
    elif other := directory.elsewhere(home, name):
        reason = f"no device {name} is registered to home {home}: it is a device of home {other}"
    else:
        reason = f"no device {name} is registered to home {home}"
    return Rejected(reason=reason, home=home, device=name)


def _call_unregistered(prepared: Prepared, reading: Reading, reason: str) -> None:
    if (reading.kind, reading.value) not in CALLS or prepared.message.retained:
        return
    received_at = prepared.message.received_at
    at = dated_at(reading, received_at)
    observed_at = received_at if at is None else at
    press = UnregisteredPress(reading.home, reading.device, reading.kind, observed_at, received_at, reason)
    prepared.presses.append(press)


def _call_unreadable(prepared: Prepared, rejected: Rejected) -> None:
    if rejected.life is None or rejected.home is None or prepared.message.retained:
        return
    at = prepared.message.received_at
    press = UnregisteredPress(rejected.home, rejected.device or "", rejected.life, at, at, rejected.reason)
    prepared.presses.append(press)


def _can_wait(message: Message) -> bool:
    """Whether the message can be decoded anew from what is kept of it; a state would no longer be known as one."""
    return message.size <= KEPT and not message.retained


def _refusal(refused: list[Rejected], *, waits: bool) -> Refusal:
    """Return one row for the message, naming its first faults, each once."""
    reasons = list(dict.fromkeys(rejected.reason for rejected in refused))
    reason = "; ".join(reasons[:_REASONS_SHOWN])
    if len(reasons) > _REASONS_SHOWN:
        reason += f"; and {len(reasons) - _REASONS_SHOWN} more"
    return Refusal(refused[0].home, refused[0].device, reason, waits)
