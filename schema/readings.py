"""Readings: one observed fact each, as a dialect decodes it and before anyone knows whose home it is.

A dialect is pure, `(topic, bytes) -> Decoded`, and everything it could not decode is a `Rejected` with a
reason for people: nothing that arrives is dropped in silence.
"""

from typing import Literal

import msgspec

from schema.instants import Instant

VALUES: dict[str, tuple[str, ...]] = {
    "bed": ("in", "out"),
    "chair": ("in", "out"),
    "door": ("open", "closed"),
    "motion": ("detected", "clear"),
    "fall": ("fallen", "maybe", "recovered"),
    "button": ("pressed", "cancelled"),
    "pill": ("opened", "missed"),
    "moisture": ("wet", "dry"),
    "smoke": ("alarm", "clear"),
    "gas": ("alarm", "clear"),
    "water": ("alarm", "clear"),
    "cold": ("alarm", "clear"),
    "heat": ("alarm", "clear"),
    "power": ("mains", "battery"),
    "tamper": ("open", "closed"),
    "heartbeat": ("alive",),
    "acceleration": ("window",),
    "hub": ("online", "offline"),
    "sensor": ("online", "offline"),
}
"""What each kind of reading can say (the contract of the `own` dialect, and two of our making:
`hub` is the home's status topic, `sensor` is a hub's word on the availability of one device)."""

LIFE_KINDS = frozenset({"button", "fall", "smoke", "gas"})
"""Kinds that carry life: their own lane, never merely rejected when button or fall, never muted."""

Lane = Literal["ordinary", "urgent"]


class Samples(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One window of acceleration: `rate` in Hz, `range` in g, little-endian int16 x, y, z triples.

    g = value x range / 32768; the reading's `observed_at` is the moment of the last sample.
    """

    rate: float
    range: float
    data: bytes


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One reading as its message says it. `device` is the name the message uses: our id, or `address:`."""

    home: str
    device: str
    kind: str
    value: str
    at: Instant | None = None  # what the device's own clock says, however absurd; None where it says nothing
    boot: int = 0
    seq: int | None = None  # None: the dialect has none, and identity is made of a hash of the payload
    battery: float | None = None  # 0 to 1
    signal: int | None = None  # dBm, or link quality as the hub gives it
    samples: Samples | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or a part of one, that is no reading: why, in a sentence for the installer.

    `life` tells that it speaks of a press or a fall all the same (an unreadable value on a button, say),
    so that it must raise an alarm of the home and never merely be kept.
    """

    reason: str
    home: str | None = None
    device: str | None = None
    life: str | None = None  # 'button' or 'fall'


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """Everything one message said: readings and refusals in order. Both empty: nothing for us (no fault)."""

    readings: tuple[Reading, ...] = ()
    rejected: tuple[Rejected, ...] = ()
