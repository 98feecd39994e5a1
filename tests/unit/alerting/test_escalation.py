"""How an alarm that nobody owns walks down its policy."""

import msgspec
import pytest

from alerting.escalation import (
    Due,
    Effect,
    Ended,
    Escalated,
    EscalationPlan,
    EscalationState,
    Failed,
    Held,
    Notify,
    PassedOver,
    Resumed,
    Stimulus,
    Tightened,
    step,
    stricter,
    timers,
)
from schema.instants import HOUR, MINUTE, SECOND, Duration, Instant
from schema.plans import DEFAULT_POLICY, Policy, PolicyStep
from tests.unit.alerting.plans import DAUGHTER, NIGHT, NOBODY_ON_DUTY, ON_THEIR_OWN_TIME, ROUTINE, URGENT, a_plan

PLAN = a_plan()


class Alarm:
    """An alarm raised at night, told of by what is due next and whom it told."""

    def __init__(self, plan: EscalationPlan = PLAN) -> None:
        self.plan = plan
        self.state = EscalationState(raised_at=NIGHT)

    def meets(self, stimulus: Stimulus) -> list[str]:
        """Step it; return who was told, `-` before those passed over."""
        self.state, effects = step(self.state, stimulus, self.plan)
        return [name for effect in effects for name in _names(effect)]

    def at(self, after: Duration) -> list[str]:
        """Let it be this long after raising."""
        return self.meets(Due(NIGHT + after))

    def next_after(self) -> Duration | None:
        """Say how long after raising it acts next."""
        due: list[Instant] = list(timers(self.state, self.plan).values())
        assert len(due) <= 1
        return due[0] - NIGHT if due else None


def _names(effect: Effect) -> list[str]:
    match effect:
        case Notify():
            return [page.recipient for page in effect.pages]
        case PassedOver():
            return [f"-{effect.who}"]


def test_an_alarm_nobody_owns_walks_down_its_policy_and_repeats_the_last_step_for_ever() -> None:
    alarm = Alarm()
    told = []
    for _ in range(6):
        due = alarm.next_after()
        assert due is not None
        told.append((due // SECOND, alarm.at(due)))
    assert told == [
        (0, ["operators"]),
        (60, ["social-worker"]),
        (240, ["daughter", "neighbour"]),
        (480, ["operators", "social-worker"]),
        (720, ["operators", "social-worker"]),
        (960, ["operators", "social-worker"]),
    ]


def test_nothing_happens_before_its_time() -> None:
    alarm = Alarm()
    alarm.at(0)
    assert alarm.at(59 * SECOND) == []
    assert alarm.at(60 * SECOND) == ["social-worker"]


def test_acknowledging_stops_it() -> None:
    alarm = Alarm()
    alarm.at(0)
    alarm.meets(Held())
    assert alarm.next_after() is None
    assert alarm.at(HOUR) == []


def test_a_released_alarm_goes_on_with_every_step_that_came_due_meanwhile() -> None:
    alarm = Alarm()
    alarm.at(0)
    alarm.meets(Held())
    assert alarm.meets(Resumed(NIGHT + 5 * MINUTE)) == ["social-worker", "daughter", "neighbour"]
    assert alarm.next_after() == 8 * MINUTE


def test_released_before_the_next_step_is_due_it_tells_again_whom_it_told_last() -> None:
    alarm = Alarm()
    alarm.at(0)
    alarm.meets(Held())
    assert alarm.meets(Resumed(NIGHT + 35 * SECOND)) == ["operators"]
    assert alarm.next_after() == 60 * SECOND


def test_released_after_its_last_step_it_repeats_that_at_once() -> None:
    alarm = Alarm()
    alarm.at(8 * MINUTE)
    alarm.meets(Held())
    assert alarm.meets(Resumed(NIGHT + HOUR)) == ["operators", "social-worker"]
    assert alarm.next_after() == HOUR + 4 * MINUTE


def test_steps_that_came_due_while_we_were_down_run_at_once_and_tell_nobody_twice() -> None:
    alarm = Alarm()
    told = alarm.at(10 * MINUTE)
    assert [name for name in told if not name.startswith("-")] == [
        "operators", "social-worker", "daughter", "neighbour",
    ]  # fmt: skip
    assert "-social-worker" in told  # named in the journal as told in the same moment
    assert alarm.next_after() == 14 * MINUTE


def test_a_step_with_nobody_on_duty_brings_the_next_to_now_and_the_rest_keep_their_distances() -> None:
    alarm = Alarm(a_plan(team=NOBODY_ON_DUTY))
    alarm.at(0)
    assert alarm.at(60 * SECOND) == ["-rapid_response", "daughter", "neighbour"]
    assert alarm.next_after() == 60 * SECOND + 4 * MINUTE  # 8 m came 3 m nearer, as 4 m did


def test_no_contact_who_agreed_is_a_step_passed_over() -> None:
    unasked = msgspec.structs.replace(DAUGHTER, told=("daily",))
    alarm = Alarm(a_plan(contacts=(unasked,)))
    alarm.at(60 * SECOND)
    assert alarm.at(4 * MINUTE) == ["-contacts", "operators", "social-worker"]


def test_a_failed_step_brings_the_next_to_now() -> None:
    alarm = Alarm()
    alarm.at(60 * SECOND)
    assert alarm.meets(Failed(NIGHT + 70 * SECOND, step=1, round=0)) == ["daughter", "neighbour"]
    assert alarm.next_after() == 70 * SECOND + 4 * MINUTE


def test_a_failure_of_a_step_that_is_past_changes_nothing() -> None:
    alarm = Alarm()
    alarm.at(4 * MINUTE)
    before = alarm.state
    assert alarm.meets(Failed(NIGHT + 5 * MINUTE, step=1, round=0)) == []
    assert alarm.state == before


def test_a_failure_after_somebody_took_the_alarm_changes_nothing() -> None:
    alarm = Alarm()
    alarm.at(60 * SECOND)
    alarm.meets(Held())
    before = alarm.state
    assert alarm.meets(Failed(NIGHT + 70 * SECOND, step=1, round=0)) == []
    assert alarm.state == before
    assert alarm.next_after() is None


def test_where_the_last_step_reaches_nobody_the_desk_is_told_in_its_place() -> None:
    only_the_team: Policy = (PolicyStep(notify="rapid_response", repeat="4m"),)
    alarm = Alarm(a_plan(only_the_team, team=NOBODY_ON_DUTY, contacts=()))
    assert alarm.at(0) == ["-rapid_response", "operators"]
    assert alarm.next_after() == 4 * MINUTE
    assert alarm.at(4 * MINUTE) == ["-rapid_response", "operators"]


def test_where_the_last_steps_messages_fail_the_desk_is_told_once_in_its_place_and_the_step_still_repeats() -> None:
    only_the_team: Policy = (PolicyStep(notify="rapid_response", repeat="4m"),)
    alarm = Alarm(a_plan(only_the_team, team=ON_THEIR_OWN_TIME))
    alarm.at(0)
    assert alarm.meets(Failed(NIGHT + SECOND, step=0, round=0)) == ["operators"]
    assert alarm.next_after() == 4 * MINUTE


def test_with_every_team_empty_and_no_contact_the_alarm_still_reaches_the_desk_for_ever() -> None:
    alarm = Alarm(a_plan(team=NOBODY_ON_DUTY, contacts=()))
    assert alarm.at(0) == ["operators"]
    told = alarm.at(60 * SECOND)
    assert told == ["-rapid_response", "-contacts", "operators", "-rapid_response"]
    assert alarm.next_after() == 60 * SECOND + 4 * MINUTE


def test_everybody_on_a_step_is_told() -> None:
    alarm = Alarm(a_plan(team=ON_THEIR_OWN_TIME))
    alarm.at(0)
    assert alarm.at(60 * SECOND) == ["nurse", "social-worker"]


def test_escalating_by_hand_runs_the_next_step_now_and_the_rest_keep_their_distances() -> None:
    alarm = Alarm()
    alarm.at(0)
    assert alarm.meets(Escalated(NIGHT + 10 * SECOND)) == ["social-worker"]
    assert alarm.next_after() == 10 * SECOND + 3 * MINUTE


def test_escalating_an_alarm_somebody_had_makes_it_nobodys_and_tells_the_next_step_alone() -> None:
    alarm = Alarm()
    alarm.at(0)
    alarm.meets(Held())
    assert alarm.meets(Escalated(NIGHT + 20 * MINUTE)) == ["social-worker"]
    assert alarm.next_after() == 23 * MINUTE


def test_escalating_past_the_last_step_repeats_it() -> None:
    alarm = Alarm()
    alarm.at(8 * MINUTE)
    assert alarm.meets(Escalated(NIGHT + 9 * MINUTE)) == ["operators", "social-worker"]
    assert alarm.next_after() == 13 * MINUTE


def test_a_stricter_policy_is_followed_from_the_step_now_due() -> None:
    alarm = Alarm(a_plan(ROUTINE))
    alarm.at(0)
    alarm.plan = a_plan(URGENT)
    assert alarm.meets(Tightened(NIGHT + 2 * MINUTE)) == ["operators", "social-worker"]
    assert alarm.next_after() == 4 * MINUTE


def test_a_stricter_policy_takes_the_alarm_out_of_the_hands_that_had_it() -> None:
    alarm = Alarm(a_plan(ROUTINE))
    alarm.meets(Held())
    alarm.plan = a_plan(URGENT)
    alarm.meets(Tightened(NIGHT + 2 * MINUTE))
    assert alarm.next_after() == 4 * MINUTE


@pytest.mark.parametrize("after", [0, 8 * MINUTE])
def test_closing_ends_it_whatever_comes_after(after: Duration) -> None:
    alarm = Alarm()
    alarm.at(after)
    alarm.meets(Ended())
    for stimulus in (Due(NIGHT + HOUR), Resumed(NIGHT + HOUR), Escalated(NIGHT + HOUR), Tightened(NIGHT + HOUR)):
        assert alarm.meets(stimulus) == []
        assert alarm.next_after() is None


def test_only_the_policy_now_attached_is_followed() -> None:
    alarm = Alarm()
    alarm.at(60 * SECOND)
    alarm.plan = a_plan(ROUTINE)
    assert alarm.at(8 * MINUTE) == []
    assert alarm.next_after() == 60 * MINUTE


def test_steps_added_after_the_last_one_ran_are_still_taken() -> None:
    alarm = Alarm(a_plan((PolicyStep(notify="operators", repeat="60m"),)))
    alarm.at(0)
    alarm.plan = PLAN
    assert alarm.at(60 * SECOND) == ["social-worker"]


def test_steps_taken_away_leave_the_last_that_is_left_to_repeat() -> None:
    alarm = Alarm()
    alarm.at(8 * MINUTE)
    alarm.plan = a_plan((PolicyStep(notify="operators", repeat="5m"),))
    assert alarm.next_after() == 13 * MINUTE
    assert alarm.at(13 * MINUTE) == ["operators"]


def test_a_last_step_without_repeat_and_one_that_repeats_at_once_neither_strand_nor_flood() -> None:
    for repeat in (None, "0s"):
        alarm = Alarm(a_plan((PolicyStep(notify="operators", repeat=repeat),)))
        alarm.at(0)
        following = alarm.next_after()
        assert following is not None
        assert following >= 10 * SECOND


def test_a_policy_without_steps_is_no_plan() -> None:
    with pytest.raises(ValueError, match="without steps"):
        a_plan(())


def test_no_two_runs_of_a_step_are_taken_for_one() -> None:
    state, keys = EscalationState(raised_at=NIGHT), []
    stimuli: list[Stimulus] = [
        Due(NIGHT), Held(), Resumed(NIGHT + SECOND), Due(NIGHT + HOUR), Tightened(NIGHT + HOUR), Due(NIGHT + 2 * HOUR),
    ]  # fmt: skip
    for stimulus in stimuli:
        state, effects = step(state, stimulus, PLAN)
        keys += [(effect.step, effect.round) for effect in effects if isinstance(effect, Notify)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (URGENT, ROUTINE, True),
        (ROUTINE, URGENT, False),
        (URGENT, URGENT, False),
        (URGENT, DEFAULT_POLICY, True),
        (DEFAULT_POLICY, ROUTINE, True),
        ((PolicyStep(notify="operators", repeat="1m"),), ROUTINE, False),
    ],
)
def test_the_stricter_policy_reaches_somebody_beyond_the_desk_sooner(
    one: Policy,
    other: Policy,
    expected: bool,  # noqa: FBT001 - a table of cases
) -> None:
    assert stricter(one, other) is expected


def test_a_step_run_late_says_how_late() -> None:
    _, effects = step(EscalationState(raised_at=NIGHT), Due(NIGHT + 10 * MINUTE), PLAN)
    reasons = [effect.why for effect in effects if isinstance(effect, Notify)]
    assert reasons[1] == "step 2 of 4, 60 s after raising, run 9 min late"
