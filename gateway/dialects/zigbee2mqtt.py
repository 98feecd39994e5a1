"""What zigbee2mqtt says below a home's base topic: `homes/HOME/zigbee2mqtt/NAME`, the name as the hub knows it.

One message tells several facts and becomes a reading of each kind. Polarities are the converter's, not ours:
`contact` true means closed. A message with no fact that we know shows that its device lives (`heartbeat`).
A fact of the wrong type is refused by itself, and one that speaks of a press or a fall says so.
"""

import re
from typing import Any

import msgspec

from gateway.dialects.limits import LARGE, Life, refused
from gateway.dialects.presence import presence
from gateway.dialects.topics import HUB, Address
from schema.instants import MILLISECOND, Instant, parse_instant
from schema.readings import Decoded, Reading, Rejected

_HELP = frozenset({"emergency", "sos", "panic", "help", "medical"})
"""Actions that ask for help. Any other action of a remote is somebody moving about."""
_FALLS = {"none": "recovered", "maybe_fall": "maybe", "maybe": "maybe", "fall": "fallen"}
# field: (kind, what true says, what false says). The first word of a kind's two is the one that prevails.
_FLAGS = {
    "contact": ("door", "closed", "open"),
    "occupancy": ("motion", "detected", "clear"),
    "presence": ("motion", "detected", "clear"),
    "vibration": ("motion", "detected", "clear"),
    "water_leak": ("water", "alarm", "clear"),
    "smoke": ("smoke", "alarm", "clear"),
    "gas": ("gas", "alarm", "clear"),
    "carbon_monoxide": ("gas", "alarm", "clear"),
    "tamper": ("tamper", "open", "closed"),
}
_PREVAIL = frozenset({"detected", "alarm"})
_PRESS = re.compile(rb'"sos"\s*:\s*true|"action"\s*:\s*"(?:' + "|".join(sorted(_HELP)).encode() + rb')"')
_FALL = re.compile(rb'"fall_down_status"\s*:\s*"(?:maybe_fall|maybe|fall)"')


def decode(address: Address, payload: bytes) -> Decoded:
    """Read one message of a zigbee2mqtt hub."""
    name = address.rest
    if name == "bridge" or name.startswith("bridge/"):
        return _bridge(address, payload)
    if name.endswith(("/set", "/get")) or "/set/" in name or "/get/" in name or not payload:
        return Decoded()  # a command on its way to a device, or a retained message being cleared
    device, slash, last = name.rpartition("/")
    if slash and last == "availability":
        return _availability(address._replace(rest=device), payload)
    return _message(address, payload)


def _bridge(address: Address, payload: bytes) -> Decoded:
    """Read the software's own state as the hub's; its inventory and its log are not for us."""
    if address.rest != "bridge/state" or not payload:
        return Decoded()
    said = presence(payload)
    if said is None:
        return refused("no state of a zigbee2mqtt bridge; expected online or offline", address)
    return Decoded((Reading(home=address.home, device=HUB, kind="hub", value=said),))


def _availability(address: Address, payload: bytes) -> Decoded:
    said = presence(payload)
    if said is None:
        return refused("no availability of a device; expected online or offline", address)
    return Decoded((Reading(home=address.home, device=address.rest, kind="sensor", value=said),))


def _message(address: Address, payload: bytes) -> Decoded:
    if len(payload) > LARGE:
        return refused(f"{len(payload)} bytes are too large for a zigbee2mqtt device", address, life=_life_in(payload))
    try:
        fields: Any = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return refused(f"no JSON: {str(error)[:200]}", address, life=_life_in(payload))
    if not isinstance(fields, dict):
        return refused("no JSON object; zigbee2mqtt must be set to `output: json`", address)
    facts = _Facts(address)
    facts.read(fields)
    return facts.decoded(fields)


class _Facts:
    """What one message says, gathered field by field: one value a kind."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._said: dict[str, str] = {}
        self._rejected: list[Rejected] = []

    def read(self, fields: dict[str, Any]) -> None:
        """Take every field that we know."""
        for field, (kind, when_true, when_false) in _FLAGS.items():
            said = fields.get(field)
            if isinstance(said, bool):
                self._say(kind, when_true if said else when_false)
            elif said is not None:
                self._refuse(f"{field} is {_shown(said)}; expected true or false")
        self._action(fields.get("action"))
        self._sos(fields.get("sos"))
        self._fall(fields.get("fall_down_status"))

    def decoded(self, fields: dict[str, Any]) -> Decoded:
        """Return a reading of each kind, or of the device's being alive."""
        at, battery, signal = _last_seen(fields.get("last_seen")), _battery(fields), _signal(fields)
        said = self._said or ({} if self._rejected else {"heartbeat": "alive"})
        readings = tuple(
            Reading(
                home=self._address.home,
                device=self._address.rest,
                kind=kind,
                value=value,
                at=at,
                battery=battery,
                signal=signal,
            )
            for kind, value in said.items()
        )
        return Decoded(readings, tuple(self._rejected))

    def _action(self, said: Any) -> None:
        if said is None or said == "":
            return  # the hub takes the action back after each: it says nothing new
        if not isinstance(said, str):
            self._refuse(f"action is {_shown(said)}; expected a word")
        elif said in _HELP:
            self._say("button", "pressed")
        else:
            self._say("motion", "detected")

    def _sos(self, said: Any) -> None:
        if said is True:
            self._say("button", "pressed")
        elif said is not None and said is not False:
            self._refuse(f"sos is {_shown(said)}; expected true or false", "button")

    def _fall(self, said: Any) -> None:
        value = _FALLS.get(said) if isinstance(said, str) else None
        if value is not None:
            self._say("fall", value)
        elif said is not None:
            self._refuse(f"fall_down_status is {_shown(said)}; expected one of {', '.join(_FALLS)}", "fall")

    def _say(self, kind: str, value: str) -> None:
        if self._said.get(kind) not in _PREVAIL:
            self._said[kind] = value

    def _refuse(self, reason: str, life: Life | None = None) -> None:
        address = self._address
        self._rejected.append(Rejected(reason=reason, home=address.home, device=address.rest, life=life))


def _last_seen(said: Any) -> Instant | None:
    """Read ISO 8601 with an offset, or milliseconds since 1970; None where the hub is not set to say it."""
    try:
        if isinstance(said, str):
            return parse_instant(said)
        return int(said) * MILLISECOND if isinstance(said, int | float) and not isinstance(said, bool) else None
    except (ValueError, OverflowError):
        return None


def _battery(fields: dict[str, Any]) -> float | None:
    """Return the percentage as a share; None where there is none, or none that could be."""
    said = fields.get("battery")
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 100:
        return None
    return said / 100


def _signal(fields: dict[str, Any]) -> int | None:
    said = fields.get("linkquality")
    return said if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= 255 else None


def _life_in(payload: bytes) -> Life | None:
    """Tell whether bytes that cannot be read speak of a press or a fall all the same."""
    if _PRESS.search(payload):
        return "button"
    return "fall" if _FALL.search(payload) else None


def _shown(said: Any) -> str:
    """Say a value that was not expected, short and printable."""
    if isinstance(said, list | dict):
        return "a list" if isinstance(said, list) else "an object"
    return "".join(letter if letter.isprintable() else "?" for letter in str(said)[:40])
