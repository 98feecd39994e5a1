"""A care plan as lines to read: what each rule watches for, whom it tells, what keeps it from running."""

from datetime import date
from typing import Any, NamedTuple

import msgspec

from alerting.console import words
from alerting.console.models import Person
from schema.plans import AnyRule


class PlanLine(NamedTuple):
    """One rule, said."""

    says: str
    id: str
    policy: str
    held_back: str  # why it does not run; empty: it runs


def plan_lines(person: Person | None) -> list[PlanLine]:
    """Return the lines of the plan in force; none where there is no plan."""
    if person is None or person.care_plan is None:
        return []
    covered = None if person.consent is None else set(person.consent.get("covers", ()))
    return [_line(written, covered) for written in person.care_plan.rules]


def review_due(person: Person, today: date) -> bool:
    """Tell whether the plan's review date has passed: it is announced, and ends nothing."""
    plan = person.care_plan
    return plan is not None and plan.review is not None and plan.review <= today


def _line(written: dict[str, Any], covered: set[str] | None) -> PlanLine:
    try:
        rule = msgspec.convert(written, AnyRule)
    except msgspec.ValidationError:
        return PlanLine(str(written.get("rule", "a rule")), "", "", "this version does not know it")
    needed = set(rule.needs_consent)
    held = bool(needed) and covered is not None and not needed & covered
    return PlanLine(
        says=words.rule_sentence(rule),
        id=rule.stable_id,
        policy=rule.policy or "default",
        held_back="does not run: not covered by consent" if held else "",
    )
