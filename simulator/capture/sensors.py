"""What a recording's sensor is in our words, by what the recording calls it.

Kind follows what the thing is made of, so that it is true to what it can know:
- a mat under somebody is `bed` or `chair` (in while pressed); a mat elsewhere sees somebody stand on it: `motion`;
- a PIR is `motion`;
- everything else is a contact (reed, mercury or float switch): `door`, open while it is on. A cupboard, a
  flush, a tap and a light switch are each moved by a hand at both ends, and that is what a contact says.
Only a door that leads out of the home is an exit. A sensor the recording does not name is a contact too:
it went on and off, and no more is known of it.
"""

import re
from collections import Counter

from schema.people import RESERVED_DEVICE_IDS, Device, DeviceKind

ON_AND_OFF: dict[DeviceKind, tuple[str, str]] = {
    "bed": ("in", "out"),
    "chair": ("in", "out"),
    "motion": ("detected", "clear"),
    "door": ("open", "closed"),
}
"""What a sensor of the kind says when its span starts and when it ends."""

_MAT = {"press", "pressure", "mat", "bedmat"}
_BED = {"bed", "bedmat", "matras", "mattress"}
_CHAIR = {"chair", "couch", "sofa", "stoel", "bank", "settee"}
_PIR = {"pir", "motion", "movement", "beweging"}
_FURNITURE = {"drawer", "cabinet", "cupboard", "closet", "key", "keys", "kast", "lade", "light", "lamp", "switch"}
_DOOR = {"door", "doors", "deur"}
_WAY_OUT = {"front", "back", "main", "outside", "entrance", "entry", "foyer", "porch", "exit", "voor", "achter"}
_EXIT = {"frontdoor", "backdoor", "voordeur", "achterdeur", "buitendeur"}
_ROOMS = {
    "bedroom": {"bedroom", "slaapkamer", "bed", "dresser", "jewelry", "bedmat"},
    "bathroom": {"bathroom", "badkamer", "shower", "bath", "bathtub"},
    "toilet": {"toilet"},
    "kitchen": {
        "kitchen", "keuken", "fridge", "freezer", "refrigerator", "cupboard", "cups", "plates", "pans", "groceries",
        "cutlary", "cutlery", "stove", "oven", "microwave", "magnetron", "toaster", "dishwasher", "gootsteen",
    },
    "living room": {"living", "woonkamer", "couch", "sofa", "bank"},
    "study": {"office", "study"},
    "hall": {"hall", "foyer", "front", "frontdoor", "voordeur", "entrance", "porch"},
}  # fmt: skip


def devices(names: dict[int, str], sensors: list[int]) -> dict[int, Device]:
    """Return the device that each sensor is, with an id that is the home's alone."""
    taken: Counter[str] = Counter(RESERVED_DEVICE_IDS)
    return {sensor: _device(sensor, names.get(sensor), taken) for sensor in sensors}


def _device(sensor: int, name: str | None, taken: Counter[str]) -> Device:
    if name is None:
        return Device(id=_free(f"sensor-{sensor}", taken), kind="door")
    words = set(re.findall(r"[^\W\d_]+", name.lower()))
    kind, leads_out = _kind(words), _leads_out(words)
    numbered = kind != "door" or leads_out
    wanted = kind if numbered else re.sub(r"[\W_]+", "-", name.lower()).strip("-") or f"sensor-{sensor}"
    return Device(id=_free(wanted, taken, numbered=numbered), kind=kind, room=_room(name, words), exit=leads_out)


def _kind(words: set[str]) -> DeviceKind:
    if words & _PIR:
        return "motion"
    if not words & _MAT:
        return "door"
    if words & _BED:
        return "bed"
    return "chair" if words & _CHAIR else "motion"


def _leads_out(words: set[str]) -> bool:
    if words & _FURNITURE or _kind(words) != "door":
        return False
    return bool(words & _EXIT or (words & _DOOR and words & _WAY_OUT))


def _room(name: str, words: set[str]) -> str | None:
    """Return the room the name begins with, where it names one as MIT's do, else the one its words hint at."""
    room, comma, _ = name.partition(",")
    if comma:
        return room.strip().lower()
    return next((room for room, hints in _ROOMS.items() if words & hints), None)


def _free(wanted: str, taken: Counter[str], *, numbered: bool = False) -> str:
    """Return the id, made the only one of its home: `bed-1`, `bed-2`; `fridge`, `fridge-2`."""
    taken[wanted] += 1
    return f"{wanted}-{taken[wanted]}" if numbered or taken[wanted] > 1 else wanted
