"""Alarms and their words: what operators, the API and the tables all say the same way."""

from typing import Literal, get_args

Priority = Literal["life", "urgent", "routine", "notice"]
Kind = Literal[
    "button",
    "fall",
    "bed",
    "inactivity",
    "door",
    "pills",
    "night",
    "environment",
    "visit",
    "manual",
    "technical",
]
State = Literal["raised", "acknowledged", "dispatched", "on_scene", "closed"]
Role = Literal["operator", "supervisor", "responder", "installer", "care_team", "administrator"]
Outcome = Literal[
    "attended", "assisted_up", "conveyed_to_hospital", "emergency_services", "reassured", "false_alarm",
    "equipment", "test", "other",
]  # fmt: skip
SubjectKind = Literal["person", "home", "service"]
Certainty = Literal["certain", "fallen", "maybe"]

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
"""Most pressing first."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def more_pressing(one: Priority, other: Priority) -> Priority:
    """Return the more pressing of the two."""
    return min(one, other, key=PRIORITIES.index)
