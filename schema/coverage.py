"""Coverage: the time in which a rule could not see, and why. The arithmetic of it, pure.

The monitor writes what it knows of devices, homes and the service itself (`coverage_gaps`); here stands which of
these a rule rests on, and how the gaps of all of them come to the gaps of the rule. Spans are half-open.

What each rule could not see stands as a table in docs/coverage.md, and a test holds the two equal.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from schema.instants import Duration, Instant
from schema.people import Device
from schema.plans import (
    AbsenceRule,
    AnyRule,
    BatteryRule,
    BedExitRule,
    ButtonRule,
    DoorOpenRule,
    EnvironmentRule,
    FallRule,
    ImpactRule,
    InactivityRule,
    LongStayRule,
    MissedPillsRule,
    NotHomeRule,
    NotInBedRule,
    NotUpRule,
    PowerRule,
    RepeatedFallsRule,
    RestlessNightRule,
    SilenceRule,
    TamperRule,
    VisitMissedRule,
    WanderingRule,
    WetBedRule,
    impact_like_fall,
)

What = Literal["listening", "watching", "home", "device"]
"""Whose gap it is: of the way from the broker to the log, of the monitor, of a home, of one device."""

Cause = Literal["device", "hub", "broker", "gateway", "backlog", "database", "monitor"]

NEVER_GATED = frozenset({"button", "fall", "acceleration", "hub"})
"""Kinds of device whose readings no consent holds back (as monitor.watch has it)."""
_SHOWS_LIFE = frozenset(InactivityRule.needs_consent)
_DANGERS = frozenset({"smoke", "gas", "water", "cold", "heat"})


class Gap(msgspec.Struct, frozen=True, order=True):
    """A span in which something could not be seen. `devices` are ids: none where the home or the service is meant."""

    began: Instant
    ended: Instant | None  # None: still
    cause: Cause
    devices: tuple[str, ...] = ()

    def until(self, end: Instant) -> Instant:
        """Return its end, or `end` where it has none yet."""
        return end if self.ended is None else min(self.ended, end)


class Rests(msgspec.Struct, frozen=True):
    """What a rule rests on, beside the service: ids of devices."""

    each: tuple[str, ...] = ()  # no other sees what this one sees: one gone, and the rule cannot see
    one_of: tuple[str, ...] = ()  # any of them will do: the rule cannot see once all are gone
    hub: bool = True  # the home must reach us


class Coverage(msgspec.Struct, frozen=True):
    """What one rule could not see of a span of time: disjoint gaps, oldest first."""

    gaps: tuple[Gap, ...]
    partly: tuple[Gap, ...]  # some of what it rests on was gone, and the rest could see

    def unseen(self, start: Instant, end: Instant) -> Duration:
        """Return how long it could not see between the two."""
        return sum(gap.until(end) - max(gap.began, start) for gap in self.gaps)


def in_force(rules: Sequence[AnyRule]) -> list[tuple[str, AnyRule]]:
    """Return the rules by id as the monitor runs them, with a `button`, `fall` and `impact` where the plan has none."""
    own = [
        make
        for make in (ButtonRule(), FallRule(), impact_like_fall(tuple(rules)))
        if not any(isinstance(rule, type(make)) and rule.device is None for rule in rules)
    ]
    named: dict[str, AnyRule] = {}
    for rule in (*rules, *own):
        name, again = rule.stable_id, 2
        while name in named:
            name, again = f"{rule.stable_id}#{again}", again + 1
        named[name] = rule
    return list(named.items())


def rests_on(
    rule: AnyRule, devices: Iterable[Device], covers: Iterable[str] | None, rules: Sequence[AnyRule] = ()
) -> Rests | str:
    """Return what the rule rests on among the person's devices, or why it does not run.

    `covers` are the kinds of device consented to, None where nobody was asked; `rules` are all of the plan's, as a
    rule about every device leaves those to which another of its name is about.
    """
    gated = None if covers is None or not rule.needs_consent else NEVER_GATED | set(covers)
    seen = [each for each in devices if gated is None or each.kind in gated]
    if covers is not None and rule.needs_consent and not set(covers) & set(rule.needs_consent):
        return f"consent covers no {' or '.join(rule.needs_consent)}"
    if rule.device is not None:
        seen = [each for each in seen if each.id == rule.device]
        if not seen:
            return f"the home has no device '{rule.device}'"
    else:
        taken = {other.device for other in rules if other.name == rule.name}
        seen = [each for each in seen if each.id not in taken]
    return _rests(rule, seen)


def _rests(rule: AnyRule, seen: list[Device]) -> Rests | str:  # noqa: C901, PLR0911, PLR0912 - a line a rule
    match rule:
        case ButtonRule():
            return _each(seen, "button", "pendant")
        case FallRule() | RepeatedFallsRule():
            return _each(seen, "fall", "fall sensor")
        case ImpactRule():
            return _each(seen, "acceleration", "worn sensor")
        case BedExitRule() | NotInBedRule() | RestlessNightRule():
            return _each(seen, "bed", "bed mat")
        case MissedPillsRule():
            return _each(seen, "pill", "pill box")
        case AbsenceRule() | WanderingRule() | DoorOpenRule() | NotHomeRule() | VisitMissedRule():
            doors = [each for each in seen if each.exit or rule.device is not None]
            return _each(doors, "door", "exit door's contact")
        case WetBedRule():
            return _each(seen, "moisture", "moisture sensor")
        case LongStayRule():
            rooms = [each for each in seen if rule.device is not None or each.room == rule.room]
            return _each(rooms, "motion", f"motion sensor in the {rule.room}")
        case EnvironmentRule():
            dangers = tuple(each.id for each in seen if each.kind in _DANGERS)
            return Rests(each=dangers) if dangers else "the home has no detector of smoke, gas, water, cold or heat"
        case BatteryRule() | PowerRule() | TamperRule():
            return Rests(each=(rule.device,) if rule.device is not None else ())
        case InactivityRule():
            eyes = tuple(each.id for each in seen if each.kind in _SHOWS_LIFE)
            return Rests(one_of=eyes) if eyes else "the home has nothing that shows life"
        case NotUpRule():
            beds = tuple(each.id for each in seen if each.kind == "bed")
            eyes = tuple(each.id for each in seen if each.kind in ("motion", "door"))
            return Rests(each=beds, one_of=eyes) if beds or eyes else "the home has no bed mat, motion or door sensor"
        case SilenceRule():
            hub = rule.device is None or any(each.kind == "hub" for each in seen)
            return Rests(hub=not hub)


def _each(seen: Iterable[Device], kind: str, name: str) -> Rests | str:
    found = tuple(each.id for each in seen if each.kind == kind)
    return Rests(each=found) if found else f"the home has no {name}"


def coverage(
    rests: Rests, service: Iterable[Gap], home: Iterable[Gap], devices: Mapping[str, Sequence[Gap]], end: Instant
) -> Coverage:
    """Return what a rule could not see, from the gaps of what it rests on, each cut to the span asked about."""
    gaps = list(service)
    if rests.hub:
        gaps += home
    for name in rests.each:
        gaps += devices.get(name, ())
    gaps += _all_at_once([devices.get(name, ()) for name in rests.one_of], end)
    whole = disjoint(gaps, end)
    partly = [gap for name in rests.one_of for gap in devices.get(name, ())]
    return Coverage(tuple(whole), tuple(sorted(gap for gap in partly if not _within(gap, whole, end))))


def cut(gaps: Iterable[Gap], start: Instant, end: Instant) -> list[Gap]:
    """Return what of the gaps lies between start and end; one that goes on at `end` still has no end."""
    found = []
    for gap in gaps:
        if gap.began < end and gap.until(end) > start:
            ended = None if gap.ended is None or gap.ended > end else gap.ended
            found.append(msgspec.structs.replace(gap, began=max(gap.began, start), ended=ended))
    return found


def disjoint(gaps: Iterable[Gap], end: Instant) -> list[Gap]:
    """Return the gaps so that none overlaps another, oldest first: what began first names the cause."""
    found: list[Gap] = []
    reached = None
    for gap in sorted(gaps, key=lambda each: (each.began, -each.until(end))):
        if reached is not None and gap.until(end) <= reached:
            continue
        began = gap.began if reached is None else max(gap.began, reached)
        found.append(msgspec.structs.replace(gap, began=began))
        reached = gap.until(end)
    return found


def _within(gap: Gap, whole: list[Gap], end: Instant) -> bool:
    return any(each.began <= gap.began and gap.until(end) <= each.until(end) for each in whole)


def _all_at_once(lists: list[Sequence[Gap]], end: Instant) -> list[Gap]:
    """Return where every list has a gap: nothing that could see was left."""
    if not lists:
        return []
    common = disjoint(lists[0], end)
    for other in lists[1:]:
        others = disjoint(other, end)
        common = [both for one in common for two in others if (both := _both(one, two, end)) is not None]
    return common


def _both(one: Gap, two: Gap, end: Instant) -> Gap | None:
    began, until = max(one.began, two.began), min(one.until(end), two.until(end))
    if began >= until:
        return None
    still = one.ended is None and two.ended is None
    return Gap(began, None if still else until, one.cause, (*one.devices, *two.devices))
