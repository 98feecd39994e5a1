"""Homes, devices, people, contacts and teams, as `examples/people.yaml` shapes them.

Validated here once, at the edge: unknown fields are refused, as a misspelt `longer_then` would otherwise
be a rule that never fires.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[^\s/#+$*>]+$")]
"""An id that can stand in an MQTT topic: no space, no slash, no wildcard."""
WindowText = Annotated[str, msgspec.Meta(pattern=r"^\s*\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}\s*$")]
"""A local time window, `22:00-07:00`."""
ClockText = Annotated[str, msgspec.Meta(pattern=r"^\d{1,2}:\d{2}$")]
"""A local time of day, `10:30`."""
PhoneText = Annotated[str, msgspec.Meta(pattern=r"^\+\d{7,15}$")]
"""A telephone number in E.164, `+447700900123`."""

DeviceKind = Literal[
    "hub", "button", "bed", "chair", "door", "motion", "fall", "acceleration", "pill", "moisture",
    "smoke", "gas", "water", "cold", "heat", "power", "tamper",
]  # fmt: skip
Dialect = Literal["own", "zigbee2mqtt", "shelly", "tasmota", "esphome", "chirpstack", "ttn"]
Channel = Literal["sms", "voice"]
Told = Literal["alarms", "all_clear", "daily", "technical"]

RESERVED_DEVICE_IDS = frozenset({"status", "zigbee2mqtt", "shelly", "tasmota", "esphome", "reassure"})
"""Device ids that would be taken for a topic of the contract."""

RESERVED_HOME_IDS = frozenset({"_mark"})
"""Home ids that would be taken for a topic of the gateway's own (`homes/_mark/{gateway}`)."""

CANARY_PREFIX = "_canary-"
"""How the ids of the service's own canary homes begin (schema.canaries); no household's may."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a file people write: every field by name, and none that we do not know."""


class KeySafe(Strict, frozen=True, kw_only=True):
    """Where the key safe hangs and its code: shown only to who accepted, each look audited."""

    where: str = ""
    code: str = ""


class Device(Strict, frozen=True, kw_only=True):
    """A sensor, pendant or hub of one home."""

    id: Id
    kind: DeviceKind
    room: str | None = None
    exit: bool = False  # doors: leads out of the home
    worn: Literal["waist", "wrist", "hip", "chest", "pocket"] | None = None
    dialect: Dialect = "own"
    address: str | None = None  # its EUI, or the friendly name the hub knows it by
    person: str | None = None  # whose it is, where several live here


class Home(Strict, frozen=True, kw_only=True):
    """A home: where it is, how to get in, what is fitted."""

    id: Id
    address: str = ""
    zone: str
    area: str | None = None
    key_safe: KeySafe | None = None
    devices: tuple[Device, ...]


class Contact(Strict, frozen=True, kw_only=True):
    """Somebody who may be told of an alarm, in the order of the list."""

    id: Id
    name: str
    relation: str = ""
    phone: PhoneText | None = None
    key_holder: bool = False
    told: tuple[Told, ...] = ("alarms",)
    quiet: WindowText | None = None
    channels: tuple[Channel, ...] = ("sms", "voice")


class Consent(Strict, frozen=True, kw_only=True):
    """Who agreed to what being sensed. `covers` names kinds of device."""

    given_by: str = ""
    on: date | None = None
    capacity: str = ""
    covers: tuple[DeviceKind, ...] = ()


class Absence(Strict, frozen=True, kw_only=True, rename={"starts": "from", "ends": "to"}):
    """Away by plan, wall-clock in the home's zone (`2026-12-24T10:00`). Mutes no pendant and no fall."""

    starts: str
    ends: str
    why: str = ""


class Person(Strict, frozen=True, kw_only=True):
    """Somebody who lives in a home of ours; their plan stands apart, versioned (`schema.plans`)."""

    id: Id
    name: str
    born: date | None = None
    home: Id
    phone: PhoneText | None = None
    notes: str = ""
    gp: str = ""
    contacts: tuple[Contact, ...] = ()
    consent: Consent | None = None
    absences: tuple[Absence, ...] = ()


class Member(Strict, frozen=True, kw_only=True):
    """Somebody on a team's duty list."""

    id: Id
    name: str
    phone: PhoneText | None = None
    channels: tuple[Channel, ...] = ("sms", "voice")


class Shift(Strict, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One line of a rota: `every` names days (`mon-fri`, `sat`); a shift past midnight is its first day's."""

    who: Id
    every: str = "mon-sun"
    from_: ClockText = "00:00"
    to: ClockText = "24:00"


class Rota(Strict, frozen=True, kw_only=True):
    """Who is on duty when, in wall-clock times of the zone."""

    zone: str = "Europe/London"
    shifts: tuple[Shift, ...] = ()


class Team(Strict, frozen=True, kw_only=True):
    """A team that answers: its members and their rota (none: all are always on duty)."""

    members: tuple[Member, ...] = ()
    rota: Rota | None = None
