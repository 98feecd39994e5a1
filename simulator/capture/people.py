"""The people file that fits a capture: its homes as they were fitted, somebody living in each, and a plan.

Written as text, so that a newcomer finds a file to read and change. The plan names no start: it is in
force from the beginning of whatever is played. No consent block: rules run, and the gap is announced.
"""

from collections.abc import Sequence

import msgspec

from schema.people import Device
from simulator.capture.make import Captured

_HEAD = """\
# The homes of a recording, for `telecare replay`. Nobody here is real; change the plan and play it again.
policies:
  routine:
    - {after: 0s,  notify: operators}
    - {after: 30m, notify: operators, repeat: 30m}
  urgent:
    - {after: 0s,  notify: operators}
    - {after: 60s, notify: operators, repeat: 4m}

"""
_PERSON = """\
  - id: {person}
    name: {name}
    home: {home}
    care_plan:
      reason: recorded life, watched as if it were somebody's in our care
      rules:
"""
_RULES = """\
        - {rule: button, policy: urgent}
        - {rule: inactivity, between: "07:00-22:00", longer_than: 4h, policy: urgent}
"""
_NOT_UP = '        - {rule: not_up, by: "10:30", policy: routine}\n'
_BED_RULES = '        - {rule: bed_exit, between: "22:00-06:00", longer_than: 30m, policy: urgent}\n'
_DOOR_RULES = """\
        - {rule: wandering, between: "22:00-06:00", longer_than: 10m, policy: urgent}
        - {rule: door_open, longer_than: 15m, policy: routine}
"""


def people_file(captured: Sequence[Captured]) -> str:
    """Return the YAML that `telecare people load` and `telecare replay --people` take."""
    homes = "".join(_home(one) for one in captured)
    people = "\n".join(_person(one) for one in captured)
    return f"{_HEAD}homes:\n{homes}\npeople:\n{people}"


def _home(captured: Captured) -> str:
    devices = "".join(f"      - {_device(device)}\n" for device in captured.devices)
    return f"  - id: {_quoted(captured.home)}\n    zone: {captured.zone}\n    devices:\n{devices}"


def _device(device: Device) -> str:
    parts = [f"id: {_quoted(device.id)}", f"kind: {device.kind}"]
    parts += [f"room: {_quoted(device.room)}"] if device.room else []
    parts += ["exit: true"] if device.exit else []
    return "{" + ", ".join(parts) + "}"


def _person(captured: Captured) -> str:
    head = _PERSON.format(
        person=_quoted(f"{captured.home}-resident"),
        name=_quoted(f"Resident of {captured.home}"),
        home=_quoted(captured.home),
    )
    has_bed = any(device.kind == "bed" for device in captured.devices)
    has_exit = any(device.exit for device in captured.devices)
    return head + _RULES + (_BED_RULES if has_bed else "") + _NOT_UP + (_DOOR_RULES if has_exit else "")


def _quoted(text: str) -> str:
    """Quote as JSON does, which YAML reads: an id may look like a number or like `no`."""
    return msgspec.json.encode(text).decode()
