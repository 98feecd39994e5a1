"""What devices say, each dialect a file, all of them pure: `(topic, bytes) -> Decoded`.

`decode` is total: whatever the topic and the bytes, it returns readings, refusals with a sentence for the
installer, or nothing where the message is not for us. It never raises.
"""

from collections.abc import Callable

from gateway.dialects import own, status, topics, zigbee2mqtt
from gateway.dialects.limits import LARGEST, refused
from schema.readings import Decoded

__all__ = ["decode"]

_DIALECTS: dict[topics.Speech, Callable[[topics.Address, bytes], Decoded]] = {
    "own": own.decode,
    "status": status.decode,
    "zigbee2mqtt": zigbee2mqtt.decode,
}
_NOT_YET = "the {speech} dialect is not spoken here yet; expected a reading in our own dialect, or zigbee2mqtt"
_NO_TOPIC = (
    "no topic of ours; expected homes/HOME/DEVICE, urgent/HOME/DEVICE, homes/HOME/status or homes/HOME/zigbee2mqtt/NAME"
)


def decode(topic: str, payload: bytes) -> Decoded:
    """Read one message: the topic says in which dialect."""
    address = topics.read(topic)
    if address is None:
        return refused(_NO_TOPIC)
    if len(payload) >= LARGEST:
        return refused(f"{len(payload)} bytes are too large: a message must have fewer than {LARGEST}", address)
    if address.speech == "reassure":  # our own word, down to the home
        return Decoded()
    dialect = _DIALECTS.get(address.speech)
    return dialect(address, payload) if dialect else refused(_NOT_YET.format(speech=address.speech), address)
