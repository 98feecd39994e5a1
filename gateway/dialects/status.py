"""The home's own status, `homes/HOME/status`: retained `online` or `offline`, the latter the hub's last will.

An empty payload clears what was retained and says nothing.
"""

from gateway.dialects.limits import refused
from gateway.dialects.presence import presence
from gateway.dialects.topics import HUB, Address
from schema.readings import Decoded, Reading


def decode(address: Address, payload: bytes) -> Decoded:
    """Read the hub's status as a reading of kind `hub`, of the device named `status`."""
    if not payload.strip():
        return Decoded()
    said = presence(payload)
    if said is None:
        return refused("no status of a hub; expected online or offline", address)
    return Decoded((Reading(home=address.home, device=HUB, kind="hub", value=said),))
