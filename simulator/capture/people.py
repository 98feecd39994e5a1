"""The people file that fits a capture: its homes as they were fitted, somebody living in each, and a plan.

Written as text, so that a newcomer finds a file to read and change. The plan names no start: it is in
force from the beginning of whatever is played. No consent block: rules run, and the gap is announced.
"""

from collections.abc import Callable, Sequence

import msgspec

from schema.people import Device
from simulator import recommended
from simulator.capture.make import Captured

_HEAD = "# The homes of a recording, for `telecare replay`. Nobody here is real; change the plan and play it again.\n"
_PERSON = """\
  - id: {person}
    name: {name}
    home: {home}
    care_plan:
      reason: recorded life, watched as if it were somebody's in our care
      rules:
"""
_NEEDS: dict[str, Callable[[Device], bool]] = {
    "bed_exit": lambda device: device.kind == "bed",
    "absence": lambda device: device.exit,
    "door_open": lambda device: device.exit,
    "silence": lambda device: device.id == "hub",
}
"""What a home must have for a rule of the recommended plan."""


def people_file(captured: Sequence[Captured]) -> str:
    """Return the YAML that `telecare people load` and `telecare replay --people` take."""
    homes = "".join(_home(one) for one in captured)
    people = "\n".join(_person(one) for one in captured)
    return f"{_HEAD}{recommended.policies_text()}\nhomes:\n{homes}\npeople:\n{people}"


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
    return head + "".join(f"        {line}\n" for line in recommended.rule_lines() if _can_keep(captured, line))


def _can_keep(captured: Captured, line: str) -> bool:
    needs = _NEEDS.get(line.partition("rule: ")[2].partition(",")[0])
    return needs is None or any(needs(device) for device in captured.devices)


def _quoted(text: str) -> str:
    """Quote as JSON does, which YAML reads: an id may look like a number or like `no`."""
    return msgspec.json.encode(text).decode()
