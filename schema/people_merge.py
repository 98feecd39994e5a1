"""A file's word upon what is known: what the file does not mention stays as it is.

Fields of a home or a person that are not mentioned stay, and so do a home's devices; lists that are
mentioned (contacts, absences), and each device, consent or key safe, are taken whole as written.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec

from schema.people import Home, Person

LeftOut = AbstractSet[tuple[str, str, str]]
"""(section, id, field) of what the file does not mention."""


def merged_home(known: Home | None, written: Home, left_out: LeftOut) -> Home:
    """Return the home as it is after the load."""
    if known is None:
        return written
    devices = {device.id: device for device in (*known.devices, *written.devices)}
    kept = {
        field: getattr(known, field) for field in Home.__struct_fields__ if ("homes", written.id, field) in left_out
    }
    return msgspec.structs.replace(written, **{**kept, "devices": tuple(devices.values())})


def merged_person(known: Person | None, written: Person, left_out: LeftOut) -> Person:
    """Return the person as they are after the load, their absences in order of time."""
    absences = tuple(sorted(written.absences, key=lambda absence: absence.starts))
    written = msgspec.structs.replace(written, absences=absences)
    if known is None:
        return written
    kept = {
        field: getattr(known, field) for field in Person.__struct_fields__ if ("people", written.id, field) in left_out
    }
    return msgspec.structs.replace(written, **kept)


def released(home: Home, living: Mapping[str, str]) -> Home:
    """Return the home with no device given to somebody who does not live there (any more)."""
    devices = tuple(
        device
        if device.person is None or living.get(device.person) == home.id
        else msgspec.structs.replace(device, person=None)
        for device in home.devices
    )
    return msgspec.structs.replace(home, devices=devices)
