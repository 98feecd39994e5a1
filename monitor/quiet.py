"""The short way of a reading: what most of them do to a person's state, done at once.

Of a hundred readings some eighty only say that a device lives, or that somebody who is up and at home moves on. They
say nothing of findings, bring no deadline nearer, and ask no rule. The short way takes just these, and leaves all
else to `monitor.person.step`. It promises to come to the same: what it does stands there at length, in
`monitor.seeing`, and a test takes lives both ways.
"""

from monitor.person_state import PersonState
from monitor.presence import LONG_SILENCE, LOST, Presence
from monitor.rules import HEARD
from monitor.seeing import TOLD, hub_speaks
from monitor.standing import TOLD_AS_STATE, code
from monitor.trail import go_on
from monitor.watch import Watch, WatchedDevice
from schema.entries import ReadingEntry
from schema.instants import MILLISECOND, Instant
from schema.readings import VALUES

_QUIET = frozenset(VALUES) - HEARD - TOLD_AS_STATE - (TOLD - {"motion"})
"""Movement, and kinds of reading that no rule hears and that tell nothing but that a device lives."""
_A_BATTERY = code("battery", 1)
"""What stands of a device's battery, by its place: `place * _A_BATTERY`."""


def taken_quietly(  # noqa: PLR0911 - each return is another reason for the long way
    state: PersonState, entry: ReadingEntry, place: int, at: Instant, watch: Watch
) -> bool:
    """Take a reading in and return True; or return False with nothing done, where it may be more than that."""
    kind, presence, own = entry.kind, state.presence, state.own
    held = presence.held
    if held & LOST or kind not in _QUIET or entry.retained or own.busy or state.plan_runs is not True:
        return False
    outlook = watch.outlook
    device, observed, heard = outlook.devices.get(place), entry.observed_at, presence.heard
    if device is None or (outlook.starts is not None and at < outlook.starts):
        return False
    before, battery = heard[place], entry.battery
    if not before:
        return False
    if battery is not None and (battery < device.low or (own.standing and place * _A_BATTERY in own.standing)):
        return False
    if kind == "motion" and entry.value == "detected" and device.seen:
        life_at = presence.life_at
        if held or not life_at or not MILLISECOND <= observed - life_at < LONG_SILENCE:
            return False  # the end of a long silence is learned from
        if device.stays and presence.life_by != place:
            return False  # entered: how long they stay is asked about
        _move_on(presence, observed, device)
    if place == outlook.hub:
        hub_speaks(presence, observed)
    if observed > before:
        heard[place] = observed
    presence.home_heard = max(presence.home_heard, entry.received_at)
    return True


def _move_on(presence: Presence, at: Instant, device: WatchedDevice) -> None:
    place = device.number
    if presence.moving_by != place:
        go_on(presence, at, place)
        presence.life_by = place
        if device.elsewhere:
            presence.elsewhere_by = place
    presence.life_at = at
    if device.elsewhere:
        presence.elsewhere_at = at
    if not device.passage:
        presence.inside_at = at
