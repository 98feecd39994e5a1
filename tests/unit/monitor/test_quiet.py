"""The short way of readings: what goes it, what never does, and that it comes to the same as the long one.

That it comes to the same whatever happens is held by `test_machine`, which takes lives both ways.
"""

import msgspec
import pytest

from monitor.person import step
from monitor.person_state import PersonState, pack, unpack
from monitor.quiet import taken_quietly
from monitor.rules import RULES
from monitor.stimuli import ReadingArrived
from monitor.trail import sightings
from schema.entries import ReadingEntry
from schema.people import Device
from schema.readings import VALUES
from tests.unit.monitor.story import DEVICES, NUMBERS, Story, watch_of

QUIET = {"rule": "inactivity", "longer_than": "4h"}
BED = {"rule": "bed_exit", "id": "bed-night", "between": "22:00-07:00", "longer_than": "20m"}
WANDERING = {"rule": "wandering", "between": "22:00-06:00", "longer_than": "10m"}


def at_home(*rules: dict[str, str]) -> Story:
    """Give Ada, up and at home, every device heard."""
    story = Story(watch_of(QUIET, *rules), "12:00")
    return story.at("12:10", *(f"{each.id} alive" for each in DEVICES), "motion-1 detected", "motion-2 detected")


def quietly(story: Story, device: str, kind: str, value: str, *, retained: bool = False) -> bool:
    """Tell whether the reading would go the short way; the story stays as it is."""
    entry = ReadingEntry(NUMBERS[device], kind, value, story.now + 1_000, story.now, 999, 0, retained)
    return taken_quietly(unpack(*pack(story.state)), entry, entry.device, story.now, story.watch)


def test_movement_of_somebody_up_and_at_home_and_signs_of_a_device_go_the_short_way() -> None:
    story = at_home()
    assert quietly(story, "motion-1", "motion", "detected")
    assert quietly(story, "motion-1", "motion", "clear")
    assert quietly(story, "hub", "heartbeat", "alive")


@pytest.mark.parametrize("kind", sorted(frozenset[str]().union(*(rule.hears for rule in RULES.values()))))
def test_what_a_rule_hears_never_goes_the_short_way(kind: str) -> None:
    story = at_home()
    assert not any(quietly(story, "motion-1", kind, value) for value in VALUES[kind])


@pytest.mark.parametrize("kind", ["bed", "door", "chair", "hub", "sensor"])
def test_what_tells_more_than_that_a_device_lives_never_goes_the_short_way(kind: str) -> None:
    story = at_home()
    assert not any(quietly(story, "fridge", kind, value) for value in VALUES[kind])


@pytest.mark.parametrize("held", ["bed-1 in", "door-1 open", "hub offline"])
def test_movement_that_may_end_what_holds_a_clock_back_goes_the_long_way(held: str) -> None:
    story = at_home(BED).at("12:20", held)
    assert not quietly(story, "motion-2", "motion", "detected")


def test_while_anything_runs_every_reading_is_shown_to_its_rule() -> None:
    story = at_home().until("16:20")
    assert story.told == ["16:10 raised inactivity"]
    assert not quietly(story, "motion-1", "motion", "detected")
    assert story.at("16:30", "motion-1 detected").told[-1] == "16:30 cleared inactivity"


def test_a_retained_reading_and_one_older_than_what_is_known_go_the_long_way() -> None:
    story = at_home()
    assert not quietly(story, "motion-1", "motion", "detected", retained=True)
    story.now -= 2_000
    assert not quietly(story, "motion-1", "motion", "detected")


def test_evidence_reads_the_same_whichever_way_movement_was_taken_in() -> None:
    story = at_home()
    long_way = unpack(*pack(story.state))
    for seconds, device in enumerate(["motion-1"] * 3 + ["motion-2", "motion-1", "motion-2", "motion-2"]):
        at = story.now + (1 + seconds) * 1_000_000
        entry = ReadingEntry(NUMBERS[device], "motion", "detected", at, at, seconds)
        assert taken_quietly(story.state, entry, entry.device, at, story.watch)
        long_way, _ = step(long_way, ReadingArrived(entry, at), story.watch)
        assert seen(story.state) == seen(long_way)
    fridge = ReadingArrived(ReadingEntry(NUMBERS["fridge"], "door", "open", at + 1_000_000, at, 99), at)
    assert seen(step(story.state, fridge, story.watch)[0]) == seen(step(long_way, fridge, story.watch)[0])


def seen(state: PersonState) -> list[object]:
    """Return her trail as evidence shows it, by packed state too."""
    trail = sightings(state.presence)
    assert sightings(unpack(*pack(state)).presence) == trail
    return [msgspec.structs.astuple(each) for each in trail]


def test_where_the_bedroom_is_moved_next_door_her_last_place_is_named_rightly() -> None:
    story = at_home().at("12:20", "motion-3 detected")
    moved = tuple(msgspec.structs.replace(each, room="study") if each.id == "bed-1" else each for each in DEVICES)
    story.goes_by(watch_of(QUIET, devices=moved)).at("12:30", "motion-3 detected")
    assert story.state.presence.elsewhere_by == NUMBERS["motion-3"]


def test_who_is_out_by_another_door_than_it_seemed_is_missed_in_time() -> None:
    """Two doors within a minute, then movement that only one of them explains: the clock of that one had run out."""
    homes = (*DEVICES, Device(id="door-2", kind="door", room="kitchen", exit=True))
    story = Story(watch_of(WANDERING, devices=homes), "21:00").at(
        "21:40", "motion-2 detected", "door-1 closed", "door-2 closed"
    )
    story.at("21:50", "door-1 open").at("21:50:05", "door-1 closed").at("22:09:50", "door-1 open")
    story.at("22:09:52", "door-2 open").at("22:09:55", "door-2 closed")
    story.at("22:10:20", "motion-2 detected")
    assert story.told == []
    assert story.state.wake_at is not None
    assert story.state.wake_at <= story.now
    assert story.until("22:10:30").told == ["22:10 raised wandering"]
