"""Sentences for the operator: times on the home's wall clock, places, what could be seen. They name no person."""

from monitor.presence import blind_since
from monitor.trail import Sighting, sightings
from monitor.verdicts import Scene
from monitor.watch import Outlook
from schema.findings import Evidence
from schema.instants import HOUR, MINUTE, Instant, in_words
from schema.localtime import local
from schema.plans import InactivityRule

_TODAY = 20 * HOUR
_SPEAKS_WITHIN = 25 * HOUR
"""How long a battery sensor may be quiet before nobody should call it live (zigbee2mqtt's own limit)."""
_SHOWS_LIFE = frozenset(InactivityRule.needs_consent)


def clock(at: Instant, scene: Scene) -> str:
    """Say `02:14`, or `Tue 02:14` where that would be taken for another day's."""
    shown = local(at, scene.watch.zone)
    return shown.strftime("%H:%M" if abs(scene.at - at) < _TODAY else "%a %H:%M")


def place(number: int, watch: Outlook) -> str:
    """Say where a device looks: `in the hall`, `at the hall door`, or by its id where no room is known."""
    device = watch.devices.get(number)
    if device is None:
        return "by a device since removed"
    if device.room is None:
        return f"by {device.id}"
    return f"at the {device.room} door" if device.device.kind == "door" else f"in the {device.room}"


def last_seen(since: Instant, scene: Scene) -> str:
    """Say `last seen 02:17 in the hall`, or `nothing seen since`."""
    presence = scene.presence
    if presence.life_at <= since:
        return "nothing seen since"
    return f"last seen {clock(presence.life_at, scene)} {place(presence.life_by, scene.watch)}"


def eyes(scene: Scene) -> str:
    """Say which rooms' sensors could have seen something: `bathroom sensor live`; empty where there are none."""
    said = []
    for number, device in scene.watch.devices.items():
        if device.device.kind == "motion" and device.seen and number != scene.presence.life_by:
            heard = scene.presence.heard[number]
            name = device.room or device.id
            if not heard:
                said.append(f"{name} sensor never heard")
            elif _silent(number, heard, scene):
                said.append(f"{name} sensor silent since {clock(heard, scene)}")
            else:
                said.append(f"{name} sensor live")
    return ", ".join(said[:3])


def dark_since(scene: Scene) -> Instant:
    """Return since when nothing that shows life was heard, if all of it is silent for longer than it ever should be.

    That is what the plan's own `silence` rules say of a device, or a day. 0 where any of it is live, or none was heard.
    """
    heard = {
        number: scene.presence.heard[number]
        for number, device in scene.watch.devices.items()
        if device.seen and device.device.kind in _SHOWS_LIFE
    }
    last = max(heard.values(), default=0)
    return last if last and all(_silent(number, at, scene) for number, at in heard.items()) else 0


def _silent(number: int, heard: Instant, scene: Scene) -> bool:
    rules = (rule for rule in scene.watch.in_force(scene.at) if rule.name == "silence" and rule.device == number)
    longest = min((rule.longer_than for rule in rules), default=_SPEAKS_WITHIN)
    return scene.at - heard > longest + blind_since(scene.presence, heard)


def sentence(*parts: str) -> str:
    """Join what there is to say."""
    return "; ".join(part for part in parts if part)


def evidence(since: Instant, scene: Scene) -> tuple[Evidence, ...]:
    """Return what was seen from `since` on, oldest first: the first sighting and the newest ones."""
    trail = sightings(scene.presence)
    seen = sorted(
        (each for each in trail if each.at >= since),
        key=lambda each: each.at,
    )
    told = seen[:1] + seen[1:][-11:]
    return tuple(fact(each, scene.watch) for each in told)


def fact(seen: Sighting, watch: Outlook) -> Evidence:
    """Return a sighting as evidence."""
    device = watch.devices.get(seen.device)
    return Evidence(
        at=seen.at,
        device=device.id if device else "",
        kind=seen.kind,
        value=seen.value,
        room=device.room if device else None,
    )


def heard_late(at: Instant, scene: Scene) -> str:
    """Say how old something is that only arrives now; empty where it is fresh."""
    age = scene.at - at
    return f", heard {in_words(age)} later" if age > MINUTE else ""


def where(fact: Evidence) -> str:
    """Say where a fact was seen: by room, or by device where the room is not known."""
    return f"in the {fact.room}" if fact.room else f"told by {fact.device}"
