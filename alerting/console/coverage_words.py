"""Gaps of coverage in the operators' words: what we cannot see, since when, and what is the matter."""

from collections.abc import Mapping
from typing import NamedTuple

from alerting.console import words
from schema.coverage import Cause, Gap
from schema.instants import MINUTE, SECOND, Duration, Instant, in_words

DEVICE: dict[str, str] = {
    "hub": "hub",
    "button": "pendant",
    "bed": "bed mat",
    "chair": "chair pad",
    "door": "door contact",
    "motion": "motion sensor",
    "fall": "fall sensor",
    "acceleration": "worn sensor",
    "pill": "pill box",
}
_CALLS = frozenset({"button", "fall", "acceleration"})
_SERVICE: dict[Cause, str] = {
    "broker": "the broker was away",
    "gateway": "the gateway was down",
    "backlog": "a backlog was being worked off",
    "database": "the database was away",
    "monitor": "the monitor was down",
}
_SERVICE_NOW: dict[Cause, str] = {cause: said.replace(" was ", " is ") for cause, said in _SERVICE.items()}


class Named(NamedTuple):
    """A device as it is spoken of."""

    kind: str
    room: str | None


class Clock(NamedTuple):
    """Whose wall clock times are told by, and what it shows."""

    zone: str
    now: Instant


def said(gap: Gap, devices: Mapping[str, Named], clock: Clock) -> str:
    """Say a gap: `We cannot see the bedroom since 02:10: bed mat silent`."""
    what, why = _what(gap, devices), _why(gap, devices)
    if gap.ended is None:
        return f"We cannot {what} since {_when(gap.began, clock)}: {why}"
    return f"We could not {what} from {_when(gap.began, clock)} to {_when(gap.ended, clock)}: {why}"


def device_name(name: str, devices: Mapping[str, Named]) -> str:
    """Name a device by room and kind, or by its id."""
    known = devices.get(name)
    if known is None:
        return name
    kind = DEVICE.get(known.kind, f"{words.humanly(known.kind)} sensor")
    return f"{known.room} {kind}" if known.room else f"{kind} {name}"


def unknown(names: list[str], devices: Mapping[str, Named], *, daily: bool) -> str:
    """Say what is not known of devices that show no heartbeat."""
    named = _listed([device_name(name, devices) for name in names])
    speak, live = ("speaks", "it lives") if len(names) == 1 else ("speak", "they live")
    if daily:
        return f"{named} {speak} only when something happens: whether {live} would show only after a day"
    return f"{named} {speak} only when used: whether {live} is not known"


def length(span: Duration) -> str:
    """Say how long: to the second under two minutes, in minutes under a day."""
    return in_words(span) if span >= SECOND else "less than 1 s"


def _what(gap: Gap, devices: Mapping[str, Named]) -> str:
    if gap.cause == "hub":
        return "see the home"
    if gap.cause != "device":
        return "see anybody"
    known = [devices[each] for each in gap.devices if each in devices]
    if known and all(each.kind in _CALLS for each in known):
        return "hear a fall" if known[0].kind in ("fall", "acceleration") else "hear a press"
    rooms = sorted({each.room for each in known if each.room})
    return f"see the {' or the '.join(rooms)}" if rooms and len(rooms) <= 2 else "see who moves"


def _why(gap: Gap, devices: Mapping[str, Named]) -> str:
    if gap.cause == "hub":
        return "the hub is cut off or silent" if gap.ended is None else "the hub was cut off or silent"
    if gap.cause != "device":
        return (_SERVICE_NOW if gap.ended is None else _SERVICE)[gap.cause]
    names = [device_name(each, devices) for each in gap.devices]
    return f"{_listed(names)} silent" if names else "the device is silent"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _when(at: Instant, clock: Clock) -> str:
    shown = words.when(at, clock.zone, clock.now)
    return shown[:5] if shown[2] == ":" and clock.now - at > MINUTE else shown
