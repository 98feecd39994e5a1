"""Whatever happens to an alarm in whatever order: it never strands, never floods, and never goes past its plan."""

# ruff: noqa: D102 - the machine's rules are sentences by their names

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerting.escalation import (
    Due,
    Effect,
    Ended,
    Escalated,
    EscalationState,
    Failed,
    Held,
    Notify,
    Resumed,
    Tightened,
    step,
    timers,
)
from schema.instants import DAY, HOUR, MINUTE, SECOND
from schema.people import Team
from schema.plans import Policy, PolicyStep
from tests.unit.alerting.plans import (
    DAUGHTER,
    NEIGHBOUR,
    NIGHT,
    NOBODY_ON_DUTY,
    ON_THEIR_OWN_TIME,
    ROUTINE,
    URGENT,
    a_plan,
)

_TARGETS = some.sampled_from(["operators", "rapid_response", "contacts", "person", "no_such_team"])
_STEPS = some.builds(
    PolicyStep,
    after=some.sampled_from(["0s", "30s", "60s", "4m", "1h"]),
    notify=some.one_of(_TARGETS, some.lists(_TARGETS, min_size=1, max_size=3).map(tuple)),
    repeat=some.sampled_from([None, "0s", "1m", "4m", "1h"]),
)
_POLICIES = some.one_of(some.sampled_from([URGENT, ROUTINE]), some.lists(_STEPS, min_size=1, max_size=5).map(tuple))
_TEAMS = some.sampled_from([ON_THEIR_OWN_TIME, NOBODY_ON_DUTY, Team()])
_PEOPLE = some.sampled_from([(), (DAUGHTER,), (DAUGHTER, NEIGHBOUR)])
_SPANS = some.sampled_from([0, SECOND, 31 * SECOND, MINUTE, 5 * MINUTE, HOUR, DAY])


class AlarmsLife(RuleBasedStateMachine):
    """An alarm, its plan changing under it, time passing in leaps."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NIGHT
        self.state = EscalationState(raised_at=NIGHT)
        self.plan = a_plan()
        self.owned = self.closed = False
        self.keys: set[tuple[int, int, str]] = set()

    def meet(self, stimulus: Due | Held | Resumed | Tightened | Failed | Escalated | Ended) -> None:
        self.state, effects = step(self.state, stimulus, self.plan)
        self.check(effects)

    def check(self, effects: tuple[Effect, ...]) -> None:
        """Nobody is told twice in one moment, and no message of one run is ever taken for another's."""
        pages = [(effect, page) for effect in effects if isinstance(effect, Notify) for page in effect.pages]
        phones = [page.phone for _, page in pages if page.phone]
        assert len(phones) == len(set(phones))
        keys = [(effect.step, effect.round, f"{page.target} {page.recipient}") for effect, page in pages]
        assert not self.keys & set(keys)
        assert len(keys) == len(set(keys))
        self.keys.update(keys)
        assert not (pages and (self.owned or self.closed)), "nobody is paged for what somebody has, or what is over"

    @rule(span=_SPANS)
    def time_passes(self, span: int) -> None:
        self.now += span
        self.meet(Due(self.now))

    @precondition(lambda self: not self.closed)
    @rule()
    def somebody_acknowledges(self) -> None:
        self.owned = True
        self.meet(Held())

    @precondition(lambda self: self.owned and not self.closed)
    @rule()
    def it_is_released(self) -> None:
        self.owned = False
        before = len(self.keys)
        self.meet(Resumed(self.now))
        assert len(self.keys) > before or self.state.step == 0, "whoever releases hands over to somebody"

    @precondition(lambda self: not self.closed)
    @rule()
    def somebody_wants_the_next_step(self) -> None:
        self.owned = False
        before = len(self.keys)
        self.meet(Escalated(self.now))
        assert len(self.keys) > before, "asking for the next step tells somebody at once"

    @precondition(lambda self: not self.closed)
    @rule(policy=_POLICIES)
    def a_stricter_policy_joins(self, policy: Policy) -> None:
        self.owned = False
        self.plan = a_plan(policy, team=self.plan.roster.teams["rapid_response"], contacts=self.plan.roster.contacts)
        self.meet(Tightened(self.now))

    @rule(policy=_POLICIES, team=_TEAMS, contacts=_PEOPLE)
    def somebody_edits_the_configuration(self, policy: Policy, team: Team, contacts: tuple) -> None:  # type: ignore[type-arg] # of Contact
        self.plan = a_plan(policy, team=team, contacts=contacts)

    @rule(of=some.integers(0, 5), round_=some.integers(0, 5))
    def messages_fail(self, of: int, round_: int) -> None:
        self.fail(of, round_)

    @precondition(lambda self: self.state.step > 0)
    @rule()
    def the_messages_of_the_last_run_fail(self) -> None:
        self.fail(self.state.step - 1, self.state.round)

    def fail(self, of: int, round_: int) -> None:
        """Fail a run; where it is the last step's, the desk may be told in its place once more, which is one row."""
        before, self.keys = self.keys, self.keys - {(of, round_, "operators operators")}
        self.meet(Failed(self.now, of, round_))
        self.keys |= before

    @precondition(lambda self: not self.closed)
    @rule()
    def it_is_closed(self) -> None:
        self.closed = True
        self.meet(Ended())

    @invariant()
    def it_has_an_owner_or_one_timer_or_is_over(self) -> None:
        due = timers(self.state, self.plan)
        assert len(due) == (0 if self.owned or self.closed else 1)

    @invariant()
    def what_waits_waits_no_longer_than_its_policy_says(self) -> None:
        longest = 26 * HOUR
        for due in timers(self.state, self.plan).values():
            assert due <= max(self.now, self.state.raised_at) + longest


AlarmsLife.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestAlarmsLife = AlarmsLife.TestCase
