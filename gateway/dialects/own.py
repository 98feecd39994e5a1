"""Our own dialect: one reading, or a list of them, as JSON on `homes/HOME/DEVICE` or `urgent/HOME/DEVICE`.

    {"seq": 8123, "boot": 4, "at": "2026-11-22T02:14:03.120Z", "kind": "bed", "value": "out",
     "battery": 0.83, "signal": -67}

Bad items of a list are refused one by one and the good ones kept. A time that cannot be read is no reason to
refuse: the reading has none then. A battery or signal outside its range costs only itself, and is said.
What speaks of a press or a fall and cannot be read says so (`life`), down to text that is no JSON at all.
"""

import re
from typing import Annotated, Any

import msgspec

from gateway.dialects import acceleration
from gateway.dialects.limits import LARGE, Life, refused
from gateway.dialects.topics import Address
from schema.instants import Instant, parse_instant
from schema.readings import VALUES, Decoded, Reading, Rejected

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_SPOKEN = {kind: values for kind, values in VALUES.items() if kind not in ("hub", "sensor")}
_PLAINLY = {kind: values for kind, values in _SPOKEN.items() if kind != "acceleration"}
_LIFE = re.compile(rb'"kind"\s*:\s*"(button|fall)"')
_LIVES: dict[str, Life] = {"button": "button", "fall": "fall"}
_SIGNALS = range(-32_768, 32_768)


class Item(msgspec.Struct, frozen=True):
    """One reading as it is written; what is not named here is passed over."""

    kind: str
    value: str | None = None
    seq: _Count | None = None
    boot: _Count = 0
    at: Any = None
    battery: float | None = None
    signal: int | None = None
    rate: float | None = None
    range: float | None = None
    samples: str | None = None


one = msgspec.json.Decoder(Item).decode
"""Read one item; msgspec.MsgspecError, ValueError or RecursionError where the bytes are none."""
_many = msgspec.json.Decoder(list[Item])
_loose_many = msgspec.json.Decoder(list[msgspec.Raw])


def is_plain(item: Item) -> bool:
    """Tell whether the item is a reading that no words can be said against, whatever its time."""
    battery, signal = item.battery, item.signal
    return (
        item.value in _PLAINLY.get(item.kind, ())
        and (battery is None or 0 <= battery <= 1)
        and (signal is None or -32_768 <= signal <= 32_767)
    )


class _UnreadableError(Exception):
    """An item is no reading; the message says why."""


def decode(address: Address, payload: bytes) -> Decoded:
    """Read a message of our own dialect."""
    try:
        items = _many.decode(payload) if payload.lstrip()[:1] == b"[" else [one(payload)]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _piecewise(address, payload, error)
    if len(payload) > LARGE and any(item.kind != "acceleration" for item in items):
        return _oversized(address, payload)
    readings: list[Reading] = []
    rejected: list[Rejected] = []
    for number, item in enumerate(items):
        _take(address, item, number if len(items) > 1 else None, readings, rejected)
    return Decoded(tuple(readings), tuple(rejected))


def _take(address: Address, item: Item, number: int | None, readings: list[Reading], rejected: list[Rejected]) -> None:
    """Add the item's reading, and whatever is to be said against it."""
    try:
        reading = _reading(address, item)
    except _UnreadableError as error:
        rejected.append(_rejected(address, number, str(error), _life_of(item.kind)))
        return
    readings.append(reading)
    if reading.battery != item.battery or reading.signal != item.signal:
        rejected += [_rejected(address, number, fault, None) for fault in _minor_faults(item)]


def _reading(address: Address, item: Item) -> Reading:
    kind, battery, signal = item.kind, item.battery, item.signal
    value = "window" if kind == "acceleration" and item.value is None else item.value
    allowed = _SPOKEN.get(kind)
    if allowed is None:
        raise _UnreadableError(f"no kind '{_short(kind)}' is known; expected one of {', '.join(_SPOKEN)}")
    if value not in allowed:
        said = "nothing" if value is None else f"'{_short(value)}'"
        raise _UnreadableError(f"a reading of {kind} cannot say {said}; expected {' or '.join(allowed)}")
    try:
        samples = acceleration.samples(item.rate, item.range, item.samples) if kind == "acceleration" else None
    except ValueError as error:
        raise _UnreadableError(str(error)) from error
    return Reading(
        home=address.home,
        device=address.rest,
        kind=kind,
        value=value,
        at=None if item.at is None else _at(item.at),
        boot=item.boot,
        seq=item.seq,
        battery=battery if battery is not None and 0 <= battery <= 1 else None,
        signal=signal if signal is not None and signal in _SIGNALS else None,
        samples=samples,
    )


def _minor_faults(item: Item) -> list[str]:
    faults = []
    if item.battery is not None and not 0 <= item.battery <= 1:
        faults.append(f"battery {item.battery:g} is outside 0 to 1; the reading was kept without it")
    if item.signal is not None and item.signal not in _SIGNALS:
        faults.append(f"signal {item.signal} is outside -32768 to 32767; the reading was kept without it")
    return faults


def _at(said: Any) -> Instant | None:
    """Return the device's own time, however absurd; None where it says none that can be read."""
    try:
        return parse_instant(said) if isinstance(said, str) else None
    except (ValueError, OverflowError):
        return None


def _piecewise(address: Address, payload: bytes, error: Exception) -> Decoded:
    """Read a list item by item where it could not be read whole, else refuse the message."""
    if len(payload) > LARGE and b'"acceleration"' not in payload:
        return _oversized(address, payload)
    try:
        parts = _loose_many.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return refused(_why(error), address, life=_life_in(payload))
    readings: list[Reading] = []
    rejected: list[Rejected] = []
    for number, part in enumerate(parts):
        try:
            item = one(part)
        except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
            rejected.append(_rejected(address, number, _why(fault), _life_in(bytes(part))))
        else:
            _take(address, item, number, readings, rejected)
    return Decoded(tuple(readings), tuple(rejected))


def _oversized(address: Address, payload: bytes) -> Decoded:
    reason = f"{len(payload)} bytes are too large: only windows of acceleration may exceed {LARGE}"
    return refused(reason, address, life=_life_in(payload))


def _rejected(address: Address, number: int | None, reason: str, life: Life | None) -> Rejected:
    where = "" if number is None else f"item {number + 1} of the list: "
    return Rejected(reason=where + reason, home=address.home, device=address.rest, life=life)


def _why(error: Exception) -> str:
    match error:
        case msgspec.ValidationError():
            return f"no reading: {_short(str(error), 200)}"
        case RecursionError():
            return "no reading: nested too deeply"
        case _:
            return f"no JSON: {_short(str(error), 200)}"


def _life_of(kind: str) -> Life | None:
    """Return the kind where it speaks of a press or a fall."""
    return _LIVES.get(kind)


def _life_in(payload: bytes) -> Life | None:
    """Tell whether bytes that cannot be read speak of a press or a fall all the same."""
    found = _LIFE.search(payload)
    return _life_of(found[1].decode()) if found else None


def _short(text: str, most: int = 60) -> str:
    """Return text of a device fit for a sentence: bounded, and nothing that does not print."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:most])
