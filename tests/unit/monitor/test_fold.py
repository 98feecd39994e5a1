"""The fold's promises, on a core small enough to know by heart."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from monitor.fold import Fold
from monitor.stimuli import Stimulus, TimePassed
from monitor.subjects import Core, partition_of
from schema.entries import AlarmClosed, Entry, PersonAnswered, TestModeSet, Tick, UnregisteredPress
from schema.findings import FindingChange
from schema.instants import HOUR, MINUTE, SECOND, Instant, instant
from tests.unit.monitor.small_core import (
    SMALL,
    START,
    home_set,
    moves,
    new_state,
    person_set,
    plan_set,
    press,
    reading,
    step,
    timers,
)

LIVE, BEHIND, BLIND = Tick(), Tick(behind=True), Tick(blind=True)


class Log:
    """A log under the test's hand: each call appends a row and folds it."""

    def __init__(self, fold: Fold | None = None) -> None:
        self.fold = fold or Fold(person=SMALL, home=SMALL)
        self.position = 0
        self.said = list[FindingChange]()

    def row(self, at: Instant, *entries: Entry) -> list[tuple[str, str]]:
        """Append a row; return (change, kind) of what was said of it."""
        self.position += 1
        said = self.fold.begin(self.position, at)
        for entry in entries:
            said += self.fold.step(self.position, at, entry)
        self.said += said
        return [(each.change, each.finding.kind) for each in said]

    def ticks(self, first: Instant, last: Instant, tick: Tick, every: int = SECOND) -> list[tuple[str, str]]:
        """Append a tick a second from first to last."""
        return [said for at in range(first, last + 1, every) for said in self.row(at, tick)]


@pytest.fixture
def log() -> Log:
    """Give the log of Ada, who lives alone and moved at START."""
    log = Log()
    log.row(START - MINUTE, home_set(), person_set(), plan_set())
    log.row(START, moves(START))
    return log


def test_a_press_is_said_of_the_row_it_arrives_in_and_waits_for_no_tick(log: Log) -> None:
    assert log.row(START + SECOND, press(START)) == [("raised", "button")]


def test_a_deadline_fires_at_a_tick_and_at_no_reading(log: Log) -> None:
    late = START + 11 * MINUTE
    assert log.row(late, reading(4, "battery", "low", START - HOUR)) == []
    assert log.row(late + SECOND, LIVE) == [("raised", "inactivity")]


def test_a_deadline_fires_once_however_many_ticks_follow(log: Log) -> None:
    assert log.ticks(START, START + HOUR, LIVE, 10 * SECOND) == [("raised", "inactivity")]


def test_readings_move_a_deadline_and_the_earlier_time_comes_to_nothing(log: Log) -> None:
    for minute in range(60):
        at = START + minute * MINUTE
        assert log.row(at, moves(at), LIVE) == []
    assert log.fold.next_due() == START + 69 * MINUTE


def test_a_tick_at_which_nobody_is_due_steps_nobody() -> None:
    stepped: list[Stimulus] = []

    def counting(state: Any, stimulus: Stimulus, watch: Any) -> Any:
        stepped.append(stimulus)
        return step(state, stimulus, watch)

    log = Log(Fold(person=Core(SMALL.state, new_state, counting, timers), home=SMALL))
    log.row(START, home_set(), person_set(), moves(START))
    stepped.clear()
    log.ticks(START + SECOND, START + 9 * MINUTE, LIVE)
    assert stepped == []
    log.ticks(START + 9 * MINUTE, START + 20 * MINUTE, LIVE)
    assert stepped == [TimePassed(START + 10 * MINUTE)]


def test_blind_ticks_never_call_anybody_inactive_and_the_first_live_one_says_how_late(log: Log) -> None:
    assert ("raised", "inactivity") not in log.ticks(START + SECOND, START + HOUR, BLIND)
    assert ("raised", "inactivity") in log.row(START + HOUR + SECOND, LIVE)
    assert log.said[-1].finding.late_by == 50 * MINUTE + SECOND


def test_what_does_not_rest_on_silence_comes_due_at_blind_ticks_too(log: Log) -> None:
    log.row(START + MINUTE, reading(4, "pill", "opened", START + MINUTE))
    said = log.ticks(START + 2 * MINUTE, START + 20 * MINUTE, BLIND)
    assert [kind for _, kind in said] == ["pills", "technical"]


def test_a_deadline_that_waits_for_sight_does_not_hide_one_that_comes_later(log: Log) -> None:
    """Ada's silence is over due and waits; her pill box's time, set before, still comes."""
    log.ticks(START + SECOND, START + 12 * MINUTE, BLIND)
    log.row(START + 12 * MINUTE + 1, reading(4, "pill", "opened", START + 12 * MINUTE))
    said = log.ticks(START + 13 * MINUTE, START + 16 * MINUTE, BLIND)
    assert said == [("raised", "pills")]


def test_everybody_learns_when_sight_is_lost_and_when_it_is_back(log: Log) -> None:
    log.row(START, home_set("h2", 11), person_set("bob", "h2"))
    log.ticks(START + SECOND, START + 5 * SECOND, BLIND)
    log.row(START + 6 * SECOND, LIVE)
    for name in ("ada", "bob"):
        subject = log.fold._roster.find("person", name)
        assert subject
        assert subject.state.blind == [START + SECOND]


def test_after_an_outage_the_backlog_comes_first_and_deadlines_fire_late_after_it(log: Log) -> None:
    """Ada moved again at 08:30; everything was down until 10:00, and her reading comes with the backlog."""
    back = START + 2 * HOUR
    assert log.row(back, moves(START + 20 * MINUTE)) == []
    assert log.row(back + SECOND, moves(START + 30 * MINUTE)) == []
    assert log.row(back + 2 * SECOND, LIVE) == [("raised", "inactivity")]
    assert log.said[-1].finding.onset == START + 30 * MINUTE
    assert log.said[-1].finding.late_by == 80 * MINUTE + 2 * SECOND


def test_behind_a_deadline_fires_once_all_that_was_sent_before_it_is_stored_and_says_how_late(log: Log) -> None:
    due = START + 10 * MINUTE
    assert log.row(START + HOUR - SECOND, Tick(behind=True, stored_until=due - 1)) == []
    assert log.row(START + HOUR, Tick(behind=True, stored_until=due)) == [("raised", "inactivity")]
    assert log.said[-1].finding.late_by == 50 * MINUTE


def test_no_gateway_for_two_minutes_is_said_once_and_cleared_when_one_is_heard(log: Log) -> None:
    log.row(START + SECOND, LIVE)
    said = log.ticks(START + 10 * SECOND, START + 5 * MINUTE, BLIND)
    assert said == [("raised", "technical")]
    finding = log.said[-1].finding
    assert finding.reason == "no gateway has been heard since 08:00 UTC; nobody can be watched"
    assert (finding.subject_kind, finding.subject, finding.priority) == ("service", "gateway", "urgent")
    assert finding.raised_at == START + 130 * SECOND
    assert log.row(START + 6 * MINUTE, LIVE) == [("cleared", "technical")]


def test_a_gateway_that_restarts_within_two_minutes_is_no_finding(log: Log) -> None:
    assert log.ticks(START, START + 119 * SECOND, BLIND) == []
    assert log.row(START + 2 * MINUTE, LIVE) == []
    assert log.ticks(START + 2 * MINUTE + SECOND, START + 4 * MINUTE, BLIND) == []


def test_closing_the_alarm_of_a_silent_gateway_says_it_anew_while_it_goes_on(log: Log) -> None:
    log.ticks(START, START + 3 * MINUTE, BLIND)
    closed = AlarmClosed("gateway", (log.said[-1].finding.id,), START + 3 * MINUTE)
    log.row(START + 3 * MINUTE + 1, closed)
    assert log.ticks(START + 4 * MINUTE, START + 6 * MINUTE, BLIND) == [("raised", "technical")]
    assert len({each.finding.id for each in log.said}) == 2


def test_a_closed_alarm_starts_the_clock_of_what_it_rested_on_anew(log: Log) -> None:
    log.row(START + HOUR, LIVE)
    log.row(START + HOUR + 1, AlarmClosed("ada", (log.said[-1].finding.id,), START + HOUR))
    assert log.fold.next_due() == START + HOUR + 1 + 10 * MINUTE


def test_an_answer_reaches_the_person_who_gave_it(log: Log) -> None:
    log.row(START + HOUR, LIVE)
    log.row(START + HOUR + 1, PersonAnswered("ada", (log.said[-1].finding.id,), START + HOUR))
    assert log.fold.next_due() == START + HOUR + 1 + 10 * MINUTE


def test_readings_of_a_device_not_known_yet_are_ignored_and_counted(log: Log) -> None:
    assert log.row(START, moves(START, device=77), LIVE) == []
    assert log.fold.unknown_readings == 1


def test_a_press_of_a_device_not_known_yet_is_said_all_the_same(log: Log) -> None:
    assert log.row(START, press(START, device=77)) == [("raised", "button")]


def test_a_press_in_a_home_nobody_registered_is_said_of_the_service(log: Log) -> None:
    log.row(START, UnregisteredPress("h9", "pendant-9", "button", START, START, "no such home"))
    assert [each.finding.subject_kind for each in log.said] == ["service"]


def test_a_press_of_an_unregistered_device_is_said_of_its_home(log: Log) -> None:
    log.row(START, UnregisteredPress("h1", "pendant-9", "button", START, START, "no such device"))
    assert [(each.finding.subject_kind, each.finding.subject) for each in log.said] == [("home", "h1")]


def test_where_two_live_a_movement_reaches_both_and_what_is_somebodys_only_them(log: Log) -> None:
    log.row(START, home_set("h2", 11), person_set("bob", "h2"), person_set("cid", "h2"))
    log.row(START, home_set("h3", 21, person="eve"), person_set("dan", "h3"), person_set("eve", "h3"))
    log.row(START + MINUTE, moves(START, 12), moves(START, 22))
    log.row(START + HOUR, LIVE)
    assert {each.finding.subject for each in log.said} == {"ada", "bob", "cid", "eve"}


def test_who_moves_is_watched_by_the_devices_of_the_new_home(log: Log) -> None:
    log.row(START + MINUTE, home_set("h2", 11), person_set("ada", "h2"))
    log.row(START + 2 * MINUTE, moves(START + 2 * MINUTE, device=2))
    log.row(START + 3 * MINUTE, moves(START + 3 * MINUTE, device=12))
    assert log.fold.next_due() == START + 13 * MINUTE


def test_who_is_to_move_to_a_home_not_known_yet_is_watched_where_they_were_until_it_is(log: Log) -> None:
    log.row(START, person_set("ada", "h2"))
    assert log.row(START, press(START, 1)) == [("raised", "button")]
    log.row(START, home_set("h2", 11))
    assert log.row(START, press(START + 1, 11)) == [("raised", "button")]
    assert {each.finding.subject for each in log.said} == {"ada"}


def test_a_plan_comes_into_force_by_itself_at_midnight_in_the_homes_zone(log: Log) -> None:
    in_summer = instant(datetime(2027, 6, 1, 12, tzinfo=UTC))
    midnight = instant(datetime(2027, 6, 1, 23, tzinfo=UTC))  # of 2 June, British Summer Time
    log.row(in_summer, moves(in_summer), LIVE, plan_set(version=2, starts=date(2027, 6, 2)))
    log.row(in_summer + HOUR, LIVE)
    ada = log.fold._roster.find("person", "ada")
    assert ada
    assert log.fold.next_due() == midnight
    log.row(midnight - 1, LIVE)
    assert ada.watch.plan_version == 1
    log.row(midnight, LIVE)
    assert ada.watch.plan_version == 2
    assert ada.state.plans[-1] == 2
    assert log.fold.next_due() is None


def test_the_newest_plan_that_has_started_is_in_force(log: Log) -> None:
    log.row(START, plan_set(version=3, starts=date(2026, 11, 1)), plan_set(version=2, starts=date(2026, 11, 20)))
    ada = log.fold._roster.find("person", "ada")
    assert ada
    assert ada.watch.plan_version == 3
    log.row(START, plan_set(version=4, starts=date(2026, 11, 24)))
    assert ada.watch.plan_version == 3


def test_a_fact_that_changes_nothing_for_somebody_is_not_told_to_them(log: Log) -> None:
    ada = log.fold._roster.find("person", "ada")
    assert ada
    told = len(ada.state.plans)
    log.row(START, home_set(), person_set())
    assert len(ada.state.plans) == told
    log.row(START, TestModeSet("h1", START + HOUR, "installer"))
    assert len(ada.state.plans) == told + 1


def test_a_step_that_throws_is_said_and_keeps_nobody_else_from_being_watched(log: Log) -> None:
    log.row(START, home_set("h2", 11), person_set("bob", "h2"))
    said = log.row(START + MINUTE, reading(2, "motion", "throws", START), press(START, 11), press(START, 1))
    assert said == [("raised", "technical"), ("raised", "button"), ("raised", "button")]
    failed = log.said[-3].finding
    assert (failed.subject, failed.home) == ("ada", "h1")
    assert "RuntimeError in small_core.py line" in failed.reason
    assert "on purpose" not in failed.reason


def test_where_the_short_way_throws_a_reading_is_stepped_at_length_and_nobody_is_missed() -> None:
    def throwing(*_: object) -> bool:
        raise RuntimeError

    log = Log(Fold(person=SMALL._replace(taken_quietly=throwing), home=SMALL))
    log.row(START, home_set(), person_set())
    assert log.row(START + SECOND, moves(START), press(START), press(START)) == [("raised", "button")] * 2


def test_a_deadline_that_always_throws_is_said_each_hour_and_tried_each_minute() -> None:
    tried: list[Instant] = []

    def throwing(state: Any, stimulus: Stimulus, watch: Any) -> Any:
        if isinstance(stimulus, TimePassed):
            tried.append(stimulus.at)
            raise RuntimeError  # noqa: TRY004 - a defect, not a check
        return step(state, stimulus, watch)

    log = Log(Fold(person=Core(SMALL.state, new_state, throwing, timers), home=SMALL))
    log.row(START, home_set(), person_set(), moves(START))
    said = log.ticks(START + SECOND, START + 90 * MINUTE, LIVE)
    assert said == [("raised", "technical")] * 2
    assert len(tried) == 81


def test_a_row_that_cannot_be_read_is_said_of_the_service(log: Log) -> None:
    (said,) = log.fold.unreadable(3, START + SECOND, "its 3 bytes are no list of entries")
    assert (said.finding.subject_kind, said.finding.kind, said.finding.priority) == ("service", "technical", "urgent")
    assert said.finding.reason.startswith("row 3 of the log cannot be read (its 3 bytes")


def test_a_partition_is_the_same_in_every_process_and_version() -> None:
    """Written down once: a partition that moved would leave its people's cursors and chunks behind."""
    assert [partition_of(key) for key in ("ada", "bob", "home:h1", "service:gateway")] == [8, 0, 13, 12]
