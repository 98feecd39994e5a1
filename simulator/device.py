"""`telecare device`: one reading of one device, for the installer at the door and the newcomer at the keyboard.

It returns when the broker has the reading (PUBACK): from then on it is the service's to keep.
"""

import aiomqtt
import msgspec

from runtime.clock import Clock
from schema.instants import SECOND, Instant, iso
from schema.readings import LIFE_KINDS, VALUES
from simulator.brokers import connected
from simulator.capture.lines import name_fault

_NOT_SENT = {"hub", "sensor", "acceleration"}  # a status topic, a hub's word on a device, and samples
SENT = {kind: values for kind, values in VALUES.items() if kind not in _NOT_SENT}
"""What a device can say in a word."""


class BadReadingError(Exception):
    """No device can send this; the message says what is possible."""


class Press(msgspec.Struct, frozen=True):
    """A reading to be sent: its topic and its payload."""

    topic: str
    payload: bytes


def reading(home: str, device: str, kind: str, value: str, at: Instant, *, urgent: bool | None = None) -> Press:
    """Return the message of this reading; BadReadingError where there is none such.

    What carries life goes on the urgent lane unless `urgent` says otherwise.
    """
    if kind not in SENT:
        raise BadReadingError(f"'{kind}' is no kind of reading; expected one of {', '.join(SENT)}")
    if value not in SENT[kind]:
        raise BadReadingError(f"'{value}' is nothing that {kind} says; expected one of {', '.join(SENT[kind])}")
    lane = "urgent" if (kind in LIFE_KINDS if urgent is None else urgent) else "homes"
    for name in (home, device):
        if fault := name_fault(name):
            raise BadReadingError(f"'{name}' is no id of a home or device: it {fault}")
    topic = f"{lane}/{home}/{device}"
    payload = {"seq": at % SECOND, "boot": at // SECOND, "at": iso(at), "kind": kind, "value": value}
    return Press(topic, msgspec.json.encode(payload))


class NotSentError(Exception):
    """The broker did not acknowledge the reading; the message says whether it may have arrived all the same."""


async def send(mqtt_url: str, press: Press, clock: Clock) -> None:
    """Publish it, and return once the broker has acknowledged it; NotSentError where it does not."""
    tried = False
    try:
        async with connected(mqtt_url, f"device-{clock.now()}") as client:
            tried = True
            await client.publish(press.topic, press.payload, qos=1)
    except aiomqtt.MqttError as error:
        said = (
            "the broker did not acknowledge it; it may have arrived" if tried else "no broker answers; nothing was sent"
        )
        raise NotSentError(f"{said} ({error})") from error
