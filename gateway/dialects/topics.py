"""Topics of the contract taken apart: whose home, which dialect, and what is left for the dialect to read.

A topic is text that anybody may have chosen: what is no topic of ours comes back as None, never as an error.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

Speech = Literal["own", "status", "zigbee2mqtt", "shelly", "tasmota", "esphome", "reassure"]

HUB = "status"
"""The name a reading about the home's hub bears: a reserved device id, so no device can be meant by it."""

_SOFTWARE: dict[str, Speech] = {
    "zigbee2mqtt": "zigbee2mqtt",
    "shelly": "shelly",
    "tasmota": "tasmota",
    "esphome": "esphome",
}
_RESERVED = frozenset({"status", "reassure", *_SOFTWARE})
_LANES = ("homes", "urgent")


class Address(NamedTuple):
    """A topic read: `rest` is the device's id, or all that follows a hub's base topic."""

    speech: Speech
    home: str
    rest: str


@lru_cache(maxsize=16_384)  # homes say the same topics all day
def read(topic: str) -> Address | None:
    """Return what the topic says, or None where it is no topic of the contract."""
    lane, _, path = topic.partition("/")
    home, _, rest = path.partition("/")
    if lane not in _LANES or not home or not rest or not topic.isprintable():
        return None
    first, slash, behind = rest.partition("/")
    if not slash:
        return _device_or_status(lane, home, first)
    if lane == "homes" and first in _SOFTWARE and behind:
        return Address(_SOFTWARE[first], home, behind)
    if lane == "homes" and first and behind == "reassure":
        return Address("reassure", home, first)
    return None


def _device_or_status(lane: str, home: str, device: str) -> Address | None:
    if lane == "homes" and device == HUB:
        return Address("status", home, HUB)
    return None if device in _RESERVED else Address("own", home, device)
