"""What is allowed and worth knowing: gaps in consent, plans, duty and telephone numbers, each in a sentence.

None of these keeps a file from loading. They are said when it loads, by `telecare people check` and by
`telecare doctor`. People are named by their ids alone.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date

import msgspec

from schema.duty_gaps import Span, duty_gaps
from schema.instants import DAY, Instant
from schema.localtime import local
from schema.people import Device, Home, Person, Team
from schema.people_records import PeopleFile
from schema.people_references import usable_kinds
from schema.plans import DEFAULT_POLICY, AnyRule, CarePlan, Policy

ROTA_DAYS = 14
REVIEW_DAYS = 7
_BY_EXIT = frozenset({"door_open", "wandering", "not_home", "visit_missed", "absence"})


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whom and what to look at: homes and policies as far as these people touch them."""

    policies: Mapping[str, Policy]
    teams: Mapping[str, Team]
    homes: Mapping[str, Home]
    people: Collection[Person]
    plans: Mapping[str, CarePlan]  # by person


def scope_of(people_file: PeopleFile) -> Scope:
    """Return everything a file holds."""
    return Scope(
        policies=people_file.policies,
        teams=people_file.teams,
        homes={home.id: home for home in people_file.homes},
        people=people_file.people,
        plans={record.id: record.care_plan for record in people_file.people if record.care_plan is not None},
    )


def announcements(scope: Scope, at: Instant) -> tuple[str, ...]:
    """Return every gap in a sentence: the teams', the homes', then each person's."""
    return (
        *team_gaps(scope.teams, at),
        *(gap for home in scope.homes.values() for gap in name_gaps(home)),
        *(gap for person in scope.people for gap in _person(person, scope, at)),
    )


def team_gaps(teams: Mapping[str, Team], at: Instant) -> Iterator[str]:
    """Yield where a team could not be reached in the next fortnight."""
    for name, team in teams.items():
        if not team.members:
            yield f"team {name}: has no members; steps that notify it are passed over"
            continue
        zone = team.rota.zone if team.rota else "UTC"
        gaps = duty_gaps(team, at, at + ROTA_DAYS * DAY)
        if gaps:
            more = f", and {len(gaps) - 1} more" if len(gaps) > 1 else ""
            yield f"team {name}: nobody is on duty {_span(gaps[0], zone)}{more} in the next {ROTA_DAYS} days"
        for member in team.members:
            if member.phone is None:
                yield f"team {name}: {member.id} has no telephone number and cannot be reached"


def name_gaps(home: Home) -> Iterator[str]:
    """Yield devices whose hub knows them by a name that NATS does not take for a topic."""
    for device in home.devices:
        if device.address is not None and any(letter.isspace() for letter in device.address):
            yield (
                f"home {home.id}: device {device.id} is called '{device.address}' at its hub, with a space, on which "
                "the NATS broker cuts the hub off; call it otherwise there and here"
            )


def plan_gaps(person: Person, plan: CarePlan | None, today: date) -> Iterator[str]:
    """Yield a missing plan, and a review that is due."""
    if plan is None:
        yield f"{person.id}: has no care plan; only presses for help and falls raise alarms"
    elif plan.review is not None and (days := (plan.review - today).days) <= REVIEW_DAYS:
        when = f"{plan.review.day} {plan.review:%B %Y}"
        yield f"{person.id}: the review of the care plan {_due(days)} ({when}); the plan stays in force"


def consent_gaps(person: Person, home: Home | None, plan: CarePlan | None) -> Iterator[str]:
    """Yield what was never agreed, and the rules that do not run for want of it."""
    if person.consent is None:
        yield f"{person.id}: no consent is recorded; the rules run, and somebody should ask"
        return
    idle: dict[str, list[str]] = {}
    for rule in plan.rules if plan else ():
        kinds = {device.kind for device in _fitting(rule, person, home)}
        if rule.needs_consent and kinds and kinds.isdisjoint(person.consent.covers):
            idle.setdefault(" or ".join(sorted(kinds)), []).append(rule.stable_id)
    for kinds_named, rules in idle.items():
        yield f"{person.id}: consent does not cover {kinds_named}; not running: {', '.join(rules)}"


def contact_gaps(person: Person, plan: CarePlan | None, policies: Mapping[str, Policy]) -> Iterator[str]:
    """Yield contacts who cannot be reached, and policies that turn to contacts who are not there."""
    for contact in person.contacts:
        if contact.phone is None:
            yield f"{person.id}: contact {contact.id} has no telephone number and cannot be reached"
    named = {rule.policy for rule in plan.rules} if plan else set()
    turning = sorted(
        name or "the service's own"
        for name in named
        for policy in (DEFAULT_POLICY if name is None else policies.get(name, ()),)
        if any("contacts" in step.targets for step in policy)
    )
    if turning and not person.contacts:
        yield f"{person.id}: has no contacts, to whom policy {' and '.join(turning)} turns"


def _person(person: Person, scope: Scope, at: Instant) -> Iterator[str]:
    home, plan = scope.homes.get(person.home), scope.plans.get(person.id)
    today = local(at, home.zone if home else "UTC").date()
    yield from plan_gaps(person, plan, today)
    yield from consent_gaps(person, home, plan)
    for rule in plan.rules if plan and home else ():
        if not _fitting(rule, person, home):
            yield f"{person.id}: rule {rule.stable_id} has no device to listen to in home {person.home}"
    yield from contact_gaps(person, plan, scope.policies)


def _fitting(rule: AnyRule, person: Person, home: Home | None) -> list[Device]:
    """Return the home's devices that the rule listens to."""
    kinds = usable_kinds(rule)
    return [
        device
        for device in (home.devices if home else ())
        if (not kinds or device.kind in kinds)
        and device.person in {None, person.id}
        and (device.id == rule.device if rule.device else device.exit or rule.name not in _BY_EXIT)
    ]


def _due(days: int) -> str:
    if days < 0:
        return f"was due {-days} days ago" if days < -1 else "was due yesterday"
    return f"is due in {days} days" if days > 1 else ("is due tomorrow" if days else "is due today")


def _span(span: Span, zone: str) -> str:
    begins, ends = (local(at, zone) for at in span)
    until = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%a} {ends.day} {ends:%b %H:%M}"
    return f"{begins:%a} {begins.day} {begins:%b %H:%M} to {until}"
