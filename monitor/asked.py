"""What a rule as a plan writes it asks for, read: windows, lengths, numbers, and which devices it needs. Pure."""

from schema.people import Device
from schema.plans import AnyRule, BatteryRule, LongStayRule, NotInBedRule, RepeatedFallsRule, RestlessNightRule


def asks_of(rule: AnyRule, device: Device) -> bool:
    """Tell whether a rule asks how long somebody stays where this device looks."""
    if not isinstance(rule, LongStayRule):
        return False
    return device.id == rule.device if rule.device is not None else device.room == rule.room


def low_of(rules: tuple[AnyRule, ...], device: Device) -> float:
    """Return the charge below which the device's battery is low: the highest that a rule about it names."""
    asking = [rule for rule in rules if isinstance(rule, BatteryRule)]
    its_own = [rule for rule in asking if rule.device == device.id]
    return max((share(rule.below) for rule in its_own or asking if rule.device in {None, device.id}), default=0.0)


def share(text: str) -> float:
    """Read `20%`."""
    return int(text.removesuffix("%")) / 100


def window_of(rule: AnyRule) -> str | None:
    """Return the hours of a rule, as text."""
    if isinstance(rule, NotInBedRule):
        return f"{rule.by}-{rule.until}"
    window: str | None = getattr(rule, "between", None)
    return window


def length_of(rule: AnyRule) -> str:
    """Return how long a rule waits, as text."""
    if isinstance(rule, RepeatedFallsRule):
        return rule.within
    return getattr(rule, "longer_than", None) or "0s"


def times_of(rule: AnyRule) -> int:
    """Return how often something may happen."""
    if isinstance(rule, RestlessNightRule):
        return rule.more_than
    return rule.times if isinstance(rule, RepeatedFallsRule) else 0
