"""`step` and `timers`: what holds for every rule alike."""

from collections.abc import Iterable
from datetime import date

import pytest

from monitor.person import new_state, step, timers
from monitor.person_state import pack, unpack
from monitor.rules import RULES
from monitor.stimuli import ReadingArrived, TimePassed, WatchChanged
from monitor.verdicts import Rule, Scene, State, Verdict
from schema.entries import ReadingEntry
from schema.instants import HOUR, MINUTE, SECOND
from schema.people import Consent
from tests.unit.monitor.story import DEVICES, Story, plan, watch_of

BED = {"rule": "bed_exit", "id": "bed-night", "between": "22:00-07:00", "longer_than": "20m", "policy": "urgent"}
QUIET = {"rule": "inactivity", "longer_than": "4h"}
DOOR = {"rule": "door_open", "longer_than": "15m"}


class Broken(Rule):
    """A rule that throws whatever it is shown."""

    name = "inactivity"
    state = RULES["inactivity"].state

    def step(self, state: State, scene: Scene) -> Iterable[Verdict]:
        """Throw."""
        raise ZeroDivisionError(f"no such luck {scene.at - state.since}")

    def due(self, state: State, scene: Scene) -> int | None:
        """Throw."""
        raise ZeroDivisionError(f"no such luck {scene.at - state.since}")


def test_a_deadline_that_came_due_while_nobody_listened_waits_and_says_how_late() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    story.until("02:20").until("02:50", blind=True)
    assert story.said == []
    story.until("02:50:01")
    assert story.told == ["02:50 raised bed-night"]
    assert story.last.finding.late_by == 16 * MINUTE + SECOND


def test_what_arrives_while_the_backlog_drains_is_heard_before_the_deadline_fires() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    story.until("02:20").until("02:50", blind=True).bring("bed-1 in", seen="02:25")
    assert story.until("03:30").said == []


def test_behind_it_fires_and_says_how_late() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    story.give(TimePassed(story.time("2026-11-23 02:36"), behind=True, stored_until=story.time("2026-11-23 02:34")))
    assert story.told == ["02:36 raised bed-night"]
    assert story.last.finding.late_by == 2 * MINUTE


def test_behind_nothing_fires_that_a_message_still_waiting_could_put_off() -> None:
    """She was back at 02:30, and the backlog that holds it drains for minutes: no alarm, then or later."""
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    for text, stored in (("02:36", 0), ("02:37", story.time("2026-11-23 02:29"))):
        story.give(TimePassed(story.time(f"2026-11-23 {text}"), behind=True, stored_until=stored))
    story.bring("bed-1 in", seen="02:30")
    assert story.until("03:30").said == []


@pytest.mark.parametrize(("after", "late"), [(5, 0), (6, 6 * SECOND)])
def test_a_few_seconds_are_not_late(after: int, late: int) -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    story.give(TimePassed(story.time("2026-11-23 02:34") + after * SECOND))
    assert story.last.finding.late_by == late


def test_no_reading_fires_a_deadline() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    at = story.time("2026-11-23 02:40")
    story.give(ReadingArrived(ReadingEntry(5, "motion", "detected", at, at), at))
    assert story.said == []


def test_closing_what_has_not_cleared_restarts_the_clock() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out").until("02:35")
    story.closes("02:40").until("03:10")
    assert story.told == ["02:34 raised bed-night", "03:00 raised bed-night"]
    first, second = (each.finding for each in story.said)
    assert first.id != second.id
    assert second.onset == story.time("2026-11-23 02:40")
    assert second.reason.startswith("left bed 02:14")


def test_a_clock_restarted_after_the_window_closed_runs_on() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("06:45", "bed-1 out").until("07:06")
    story.closes("07:10").until("07:40")
    assert story.told == ["07:05 raised bed-night", "07:30 raised bed-night"]


def test_closing_what_has_cleared_or_another_alarm_changes_nothing() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out").until("02:35")
    story.closes("02:36", "somebody-elses").at("02:40", "bed-1 in").until("02:45")
    assert story.told == ["02:34 raised bed-night", "02:41 cleared bed-night"]
    story.closes("02:50", story.last.finding.id).at("03:00", "bed-1 out").until("03:25")
    assert story.told[-1] == "03:20 raised bed-night"


def test_an_edit_of_the_plan_lets_running_clocks_run() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out").until("02:20")
    story.goes_by(watch_of({**BED, "longer_than": "30m"})).until("02:50")
    assert story.told == ["02:44 raised bed-night"]


def test_a_stricter_plan_counts_from_when_it_began() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out").until("02:30")
    story.goes_by(watch_of({**BED, "longer_than": "10m"})).until("02:31")
    assert story.told == ["02:30 raised bed-night"]
    assert story.last.finding.late_by == 0


def test_what_is_no_longer_watched_is_cleared() -> None:
    story = Story(watch_of(BED, DOOR), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out").until("02:35")
    story.goes_by(watch_of(DOOR))
    assert story.last.change == "cleared"
    assert story.last.why == "no longer watched: not in the plan"


def test_consent_withdrawn_clears_and_says_why() -> None:
    story = Story(watch_of(BED), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out").until("02:35")
    story.goes_by(watch_of(BED, consent=Consent(covers=("door",))))
    assert story.last.why == "no longer watched: consent covers no bed"
    assert story.at("03:00", "bed-1 in").at("03:10", "bed-1 out").until("04:00").last.change == "cleared"


def test_a_rule_back_after_a_while_begins_anew() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").goes_by(watch_of()).until("15:00")
    story.goes_by(watch_of(QUIET)).until("16:11")
    assert story.told == ["16:10 raised inactivity"]


def test_a_rule_taken_out_and_put_back_raises_another_finding() -> None:
    story = Story(watch_of(DOOR)).at("12:10", "door-1 open").until("12:30")
    story.goes_by(watch_of()).goes_by(watch_of(DOOR)).until("13:00")
    assert story.told == ["12:25 raised door_open", "12:30 cleared door_open", "12:45 raised door_open"]
    assert story.said[0].finding.id != story.said[2].finding.id


def test_a_plan_to_come_waits_for_its_day_and_the_one_before_goes_on() -> None:
    """Version 2 starts on the 23rd at midnight, with a shorter time."""
    first, second = plan(QUIET), plan({**QUIET, "longer_than": "2h"}, starts=date(2026, 11, 23), version=2)
    watch = watch_of(planned=second, before=first)
    story = Story(watch, "20:30").at("21:00", "motion-1 detected").until("2026-11-23 00:30")
    assert story.told == ["00:00 raised inactivity"]
    assert (story.last.finding.raised_at, story.last.finding.late_by) == (story.time("2026-11-23 00:00"), 0)
    alone = Story(watch_of(planned=plan(QUIET, starts=date(2026, 11, 23))), "12:00").at("12:10", "motion-1 detected")
    assert alone.until("23:50").said == []


def test_a_rule_that_throws_is_set_aside_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "inactivity", Broken())
    story = Story(watch_of(QUIET, DOOR)).at("12:10", "door-1 open").until("13:00").at("13:01", "pendant-1 pressed")
    assert story.told == ["12:00 raised inactivity:failed", "12:25 raised door_open", "13:01 raised button"]
    failed = story.said[0].finding
    assert (failed.kind, failed.priority) == ("technical", "routine")
    assert "rule inactivity failed and is set aside" in failed.reason
    assert "no such luck" in failed.reason
    assert "inactivity" not in timers(story.state, story.watch)


def test_a_rule_set_aside_is_tried_again_when_the_plan_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setitem(RULES, "inactivity", Broken())
        story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected").until("13:00")
    story.goes_by(watch_of(QUIET, DOOR))
    assert story.told == ["12:00 raised inactivity:failed", "13:00 cleared inactivity:failed"]
    assert story.until("16:30").told[-1] == "16:10 raised inactivity"


def test_what_fails_twice_at_one_instant_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "inactivity", Broken())
    story = Story(watch_of(QUIET)).until("12:01").goes_by(watch_of(QUIET))
    story.give(TimePassed(story.now))
    story.goes_by(watch_of(QUIET))
    story.give(TimePassed(story.now))
    raised = [each.finding.id for each in story.said if each.change == "raised"]
    assert len(raised) == len(set(raised))


def test_a_press_over_which_the_rule_throws_is_a_call_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenButton(Broken):
        name = "button"
        state = RULES["button"].state
        hears = frozenset({"button"})

    with monkeypatch.context() as broken:
        broken.setitem(RULES, "button", BrokenButton())
        story = Story(watch_of()).until("12:10")
        story.state.note(set_aside={})
        story.said.clear()
        story.bring("pendant-1 pressed")
    finding = story.last.finding
    assert (finding.kind, finding.priority) == ("button", "life")
    assert "take it for a call for help" in finding.reason
    assert story.at("12:20", "pendant-1 pressed").told[-1] == "12:20 raised button"


def test_a_reading_that_cannot_be_taken_in_is_said_and_keeps_nothing_else_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> bool:
        raise ValueError("what is this?")

    story = Story(watch_of(QUIET))
    with monkeypatch.context() as patched:
        patched.setattr("monitor.person.see", broken)
        story.at("12:10", "motion-1 detected").at("12:20", "pendant-1 pressed")
    assert story.told == ["12:10 raised presence:failed", "12:20 raised button", "12:20 raised presence:failed"]
    assert story.said[0].finding.device == "motion-1"


def test_readings_of_devices_that_are_nothing_to_her_change_nothing() -> None:
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected")
    before = bytes(story.state.presence)
    story.give(ReadingArrived(ReadingEntry(999, "motion", "detected", story.now, story.now), story.now))
    assert bytes(story.state.presence) == before


def test_a_device_that_is_gone_is_forgotten_and_her_bed_with_it() -> None:
    story = Story(watch_of(QUIET), "22:00").at("22:30", "bed-1 in")
    story.goes_by(watch_of(QUIET, devices=DEVICES[:2]))
    assert story.state.presence.bed.occupied is None


def test_the_state_packs_and_goes_on_as_if_nothing_had_happened() -> None:
    story = Story(watch_of(BED, QUIET, DOOR), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    story.state = unpack(*pack(story.state))
    story.at("02:20", "door-1 open").until("02:36")
    story.state = unpack(*pack(story.state))
    story.at("02:37", "bed-1 in").until("02:40")
    assert story.told == [
        "02:34 raised bed-night",
        "02:35 raised door_open",
        "02:38 cleared bed-night",
    ]


def test_timers_name_every_deadline_that_runs() -> None:
    story = Story(watch_of(BED, QUIET, DOOR), "22:00").at("22:30", "bed-1 in").at("02:14", "bed-1 out")
    story.bring("door-1 open")
    left = story.now
    assert timers(story.state, story.watch) == {
        "bed-night": left + 20 * MINUTE,
        "inactivity": left + 14 * HOUR,
        "door_open@door-1": left + 15 * MINUTE,
        "contact:door-1": left + 12 * HOUR,
    }


def test_nothing_is_watched_before_the_first_stimulus() -> None:
    watch = watch_of(QUIET)
    state = new_state(watch)
    assert timers(state, watch) == {}
    state, said = step(state, WatchChanged(1_000_000), watch)
    assert said == ()
    assert timers(state, watch) == {"inactivity": 1_000_000 + 4 * HOUR}


def test_most_readings_move_no_deadline_nearer_and_ask_no_rule() -> None:
    """What makes the fold fast: after plain movement the old wake-up stands, too early at worst."""
    story = Story(watch_of(QUIET)).at("12:10", "motion-1 detected")
    wake = story.state.wake_at
    story.bring("motion-1 detected").bring("motion-2 detected").bring("motion-1 alive").bring("motion-1 clear")
    assert story.state.wake_at == wake
    assert wake is not None
    assert wake <= min(timers(story.state, story.watch).values())
