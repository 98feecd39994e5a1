"""What the screen calls things, in the operators' words; the API keeps the contract's."""

from datetime import date
from typing import Literal, get_args

import phonenumbers

from schema.alarms import OUTCOMES, Kind, Outcome, Priority, Role, State
from schema.instants import DAY, MINUTE, SECOND, Duration, Instant, in_words
from schema.localtime import local
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
)

DESK_ZONE = "Europe/London"
"""Whose clock is shown where no home is concerned."""

PRIORITY: dict[Priority, str] = {"life": "Life", "urgent": "Urgent", "routine": "Routine", "notice": "Notice"}

KIND: dict[Kind, str] = {
    "button": "Pressed for help",
    "fall": "Fall",
    "bed": "Bed",
    "inactivity": "No sign of life",
    "door": "Door left open",
    "pills": "Pills not taken",
    "night": "Out, not back",
    "environment": "Danger in the home",
    "visit": "Visit missed",
    "manual": "Raised by hand",
    "technical": "Equipment",
}

STATE: dict[State, str] = {
    "raised": "Nobody has it",
    "acknowledged": "Acknowledged",
    "dispatched": "Help sent",
    "on_scene": "Help is there",
    "closed": "Closed",
}

OUTCOME: dict[Outcome, str] = {
    "attended": "Attended",
    "assisted_up": "Helped up",
    "conveyed_to_hospital": "Taken to hospital",
    "emergency_services": "Emergency services",
    "reassured": "Spoken to, reassured",
    "false_alarm": "False alarm",
    "equipment": "Equipment",
    "test": "Test",
    "other": "Other",
}
assert tuple(OUTCOME) == OUTCOMES

FalseCause = Literal["pressed_by_mistake", "sensor_misread", "known_activity", "visitor", "pet", "not_found_out"]
FALSE_CAUSE: dict[FalseCause, str] = {
    "pressed_by_mistake": "Pressed by mistake",
    "sensor_misread": "Sensor misread",
    "known_activity": "Ordinary doings",
    "visitor": "A visitor or carer",
    "pet": "A pet",
    "not_found_out": "Not found out",
}
assert tuple(FALSE_CAUSE) == get_args(FalseCause)

ROLE: dict[Role, str] = {
    "operator": "Operator",
    "supervisor": "Supervisor",
    "responder": "Responder",
    "installer": "Installer",
    "care_team": "Care team",
    "administrator": "Administrator",
}

NOTIFICATION: dict[str, str] = {
    "waiting": "Waiting",
    "sending": "Sending",
    "sent": "Sent, no receipt yet",
    "delivered": "Delivered",
    "failed": "Failed",
    "not_sent": "Not sent",
    "withdrawn": "Withdrawn",
}

CHANNEL: dict[str, str] = {"console": "Desk", "sms": "SMS", "voice": "Call"}


SEEN: dict[tuple[str, str], str] = {
    ("bed", "in"): "Into bed",
    ("bed", "out"): "Out of bed",
    ("chair", "in"): "Into the chair",
    ("chair", "out"): "Out of the chair",
    ("door", "open"): "Door opened",
    ("door", "closed"): "Door closed",
    ("motion", "detected"): "Movement",
    ("motion", "clear"): "Movement ended",
    ("fall", "fallen"): "Fall",
    ("fall", "maybe"): "Possible fall",
    ("fall", "recovered"): "Up again",
    ("acceleration", "fallen"): "Moved as in a fall",
    ("acceleration", "maybe"): "Moved as perhaps in a fall",
    ("acceleration", "window"): "Movement of what is worn",
    ("button", "pressed"): "Pressed for help",
    ("button", "cancelled"): "Press cancelled",
    ("pill", "opened"): "Pill box opened",
    ("pill", "missed"): "Pill box missed",
    ("heartbeat", "alive"): "Sign of life of the device",
    ("hub", "online"): "Hub online",
    ("hub", "offline"): "Hub offline",
}


def seen(kind: str, value: str) -> str:
    """Say a reading: `bed`, `out` -> `Out of bed`; one without a phrase of its own is said as it came."""
    return SEEN.get((kind, value)) or f"{humanly(kind)}: {humanly(value)}".strip(": ").capitalize()


def phone(number: str) -> str:
    """Say a telephone number in groups: `+44 7700 900121`; one that is none as it stands."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


def humanly(word: str) -> str:
    """Say a word of the contract as a person would: `care_team` -> `care team`."""
    return word.replace("_", " ")


def age(span: Duration) -> str:
    """Say how long somebody has waited as a clock shows it: `0:42`, `12:05`, `3:07:12`, `2 days`."""
    seconds = max(span, 0) // SECOND
    if seconds >= 2 * 86400:
        return in_words(span)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def when(at: Instant, zone: str, now: Instant) -> str:
    """Say a local time, with the day where it is not today's: `02:14:05`, `Sat 21 Nov 02:14`."""
    shown = local(at, zone)
    if shown.date() == local(now, zone).date():
        return shown.strftime("%H:%M:%S")
    year = "" if abs(now - at) < 300 * DAY else f" {shown.year}"
    return f"{shown:%a} {shown.day} {shown:%b}{year} {shown:%H:%M}"


def ago(at: Instant, now: Instant) -> str:
    """Say how long ago: `now`, `17 min ago`."""
    return "now" if now - at < MINUTE // 6 else f"{in_words(now - at)} ago"


def day(value: date | None) -> str:
    """Say a date: `2 April 1938`."""
    return f"{value.day} {value:%B} {value.year}" if value else ""


def years(born: date | None, today: date) -> int | None:
    """Return how old somebody is on a day."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) if born else None


def span(text: str) -> str:
    """Say a duration as a plan writes it: `20m` -> `20 min`."""
    return f"{text[:-1]} { ({'s': 's', 'm': 'min', 'h': 'h', 'd': 'days'}[text[-1]]) }"


def rule_sentence(rule: AnyRule) -> str:  # noqa: C901, PLR0911, PLR0912 - a sentence a rule
    """Say what a rule of a plan watches for, for somebody who has the plan's owner on the telephone."""
    match rule:
        case ButtonRule():
            return "A press for help"
        case FallRule():
            return f"A fall (clears if recovered within {span(rule.cancel_within)})"
        case ImpactRule():
            return f"What is worn moves as in a fall (clears if recovered within {span(rule.cancel_within)})"
        case BedExitRule():
            return f"Out of bed longer than {span(rule.longer_than)}{_between(rule.between)}"
        case NotUpRule():
            return f"Not up by {rule.by}"
        case InactivityRule():
            return f"No sign of life for {span(rule.longer_than)}{_between(rule.between)}"
        case WanderingRule():
            return f"Gone out and not back in {span(rule.longer_than)}{_between(rule.between)}"
        case AbsenceRule():
            usual = "longer than is usual, at most " if rule.learned else ""
            return f"Out for {usual}{span(rule.longer_than)}: asked first"
        case DoorOpenRule():
            return f"Exit door open longer than {span(rule.longer_than)}{_between(rule.between)}"
        case MissedPillsRule():
            return f"Pill box not opened{_between(rule.between)}"
        case SilenceRule():
            return f"Nothing heard from {rule.device or 'a device'} for {span(rule.longer_than)}"
        case NotInBedRule():
            return f"Not in bed {span(rule.longer_than)} after {rule.by}"
        case NotHomeRule():
            by = f" by {rule.by}" if rule.by else ""
            return f"Out and not back{by}{f' in {span(rule.longer_than)}' if rule.longer_than else ''}"
        case LongStayRule():
            return f"In the {rule.device or rule.room} longer than {span(rule.longer_than)}{_between(rule.between)}"
        case RestlessNightRule():
            return f"Out of bed more than {rule.more_than} times{_between(rule.between)}: a notice"
        case RepeatedFallsRule():
            return f"Fallen {rule.times} times within {span(rule.within)}: a notice"
        case EnvironmentRule():
            return "Smoke, gas, water, cold or heat"
        case WetBedRule():
            return f"Wet bed longer than {span(rule.longer_than)}{_between(rule.between)}"
        case VisitMissedRule():
            return f"No carer's visit{_between(rule.between)}, {rule.days}"
        case BatteryRule():
            return f"Battery below {rule.below} longer than {span(rule.longer_than)}"
        case PowerRule():
            return f"No mains power for {span(rule.longer_than)}"
        case TamperRule():
            return f"A device opened or taken off longer than {span(rule.longer_than)}"


def _between(window: str | None) -> str:
    return f", {window.replace('-', ' to ')}" if window else ""
