"""What few readings tell beside presence: what devices say until they say otherwise, and a room entered. Pure.

It is kept in a person's own state, as of most homes there is nothing of it to keep.
"""

from monitor.person_state import PersonState
from monitor.standing import BATTERY, TOLD_AS_STATE, AllStanding, code, of_device, turned
from monitor.watch import Outlook, WatchedDevice
from schema.entries import ReadingEntry


def stood(state: PersonState, entry: ReadingEntry, device: WatchedDevice) -> set[str]:
    """Note what the device says until it says otherwise; return of which kinds any turned."""
    place = device.number
    news = turned(state.own.standing, entry, place, device.low)
    if not news:
        return set()
    battery = code(BATTERY, place)
    standing: AllStanding = {**state.own.standing, **news}
    if battery in standing and not standing[battery].bad:
        del standing[battery]  # of batteries only the low ones stand
    state.note(standing=standing)
    return ({BATTERY} if battery in news else set()) | ({entry.kind} & TOLD_AS_STATE)


def entered(state: PersonState, before: int, device: WatchedDevice, outlook: Outlook) -> bool:
    """Note since when they are in this room, if they were last seen in another; `before` is where that was."""
    presence, came_from = state.presence, outlook.devices.get(before)
    if presence.life_by != device.number or before == device.number:
        return False
    if came_from is not None and came_from.stays and came_from.room == device.room is not None:
        return False
    state.note(entered_at=presence.life_at)
    return True


def found_again(state: PersonState, outlook: Outlook) -> None:
    """Keep what stands of devices that are there, and since when they are in a room that is still asked about."""
    own = state.own
    gone = [coded for coded in own.standing if of_device(coded) not in outlook.devices]
    if gone:
        standing: AllStanding = {coded: each for coded, each in own.standing.items() if coded not in gone}
        state.note(standing=standing)
    last = outlook.devices.get(state.presence.life_by)
    stays = last is not None and last.stays
    if stays != bool(own.entered_at):
        state.note(entered_at=state.presence.life_at if stays else 0)
