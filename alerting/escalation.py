"""How an alarm that nobody owns walks down its policy: the pure core of alerting.

    state, effects = step(state, stimulus, plan)
    timers(state, plan)  # {name: due_at}: derived from the state, never set or cancelled by hand

Promises: while nobody holds the alarm exactly one timer runs, so there is no dead end; the last step repeats
until somebody acknowledges; a step that reaches nobody, or whose messages failed, brings the next to now and
the rest keep their distances; where the last step reaches nobody, the desk is told in its place. `after` counts
from raising: what comes due late (we were down, the alarm was held) runs at once, and nobody is told twice
in one moment. A plan may change under a running alarm: only the plan now given is followed.
"""

from typing import assert_never

import msgspec

from alerting.reach import Missed, Page, Roster, desk, reach
from schema.instants import MINUTE, SECOND, Duration, Instant, in_words
from schema.localtime import duration
from schema.plans import Policy

USUAL_REPEAT: Duration = 4 * MINUTE
"""Of a last step that names none (loading refuses such a policy; an alarm must not strand on it)."""
LEAST_REPEAT: Duration = 10 * SECOND


class EscalationPlan(msgspec.Struct, frozen=True):
    """The steps now attached to an alarm, and who could be told."""

    steps: Policy
    roster: Roster

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a policy without steps; expected at least one")


class EscalationState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an alarm stands in its policy; kept as JSON beside it."""

    raised_at: Instant
    step: int = 0  # the first that has not run yet; past the end: the last repeats
    round: int = 0  # grows with every repeat, so that no two runs of a step are taken for one
    brought_forward: Duration = 0  # by how much what is to come was brought nearer
    ran_at: Instant | None = None
    held: bool = False  # a human has the alarm
    ended: bool = False


class Due(msgspec.Struct, frozen=True):
    """Time has passed."""

    at: Instant


class Held(msgspec.Struct, frozen=True):
    """A human took the alarm."""


class Resumed(msgspec.Struct, frozen=True):
    """Nobody has it any more: it was released, or something new joined it."""

    at: Instant


class Tightened(msgspec.Struct, frozen=True):
    """It now follows a stricter policy, held or not."""

    at: Instant


class Failed(msgspec.Struct, frozen=True):
    """All messages of one run of a step failed, or somebody asked cannot go."""

    at: Instant
    step: int
    round: int


class Escalated(msgspec.Struct, frozen=True):
    """A human wants the next step now."""

    at: Instant


class Ended(msgspec.Struct, frozen=True):
    """The alarm was closed."""


Stimulus = Due | Held | Resumed | Tightened | Failed | Escalated | Ended


class Notify(msgspec.Struct, frozen=True, kw_only=True):
    """Tell these, as one run of a step; `why` is for the journal."""

    step: int
    round: int
    pages: tuple[Page, ...]
    why: str


class PassedOver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a whole target, was not told by this run of a step, and why."""

    step: int
    round: int
    who: str
    why: str


Effect = Notify | PassedOver
Stepped = tuple[EscalationState, tuple[Effect, ...]]
"""The state after a stimulus, and what is to be done, in order."""


def step(  # noqa: PLR0911 - one return a stimulus
    state: EscalationState, stimulus: Stimulus, plan: EscalationPlan
) -> Stepped:
    """Return the state after the stimulus, and what is to be done, in order."""
    if state.ended:
        return state, ()
    match stimulus:
        case Due(at=at):
            return _run_due(state, at, plan)
        case Held():
            return msgspec.structs.replace(state, held=True), ()
        case Resumed(at=at):
            return _resume(msgspec.structs.replace(state, held=False), at, plan)
        case Tightened(at=at):
            anew = msgspec.structs.replace(state, step=0, round=state.round + 1, brought_forward=0, held=False)
            return _run_due(anew, at, plan)
        case Failed():
            return _fail(state, stimulus, plan)
        case Escalated(at=at):
            return _next_now(msgspec.structs.replace(state, held=False), at, plan)
        case Ended():
            return msgspec.structs.replace(state, ended=True), ()
        case _:
            assert_never(stimulus)


def timers(state: EscalationState, plan: EscalationPlan) -> dict[str, Instant]:
    """Return when the escalation next acts: one timer while nobody holds the alarm, none otherwise."""
    if state.held or state.ended:
        return {}
    if state.step < len(plan.steps):
        return {f"step {state.step + 1}": _due(state, state.step, plan)}
    assert state.ran_at is not None, "what is past its last step has run"
    return {"repeat": state.ran_at + _repeat(plan)}


def stricter(one: Policy, other: Policy) -> bool:
    """Tell whether `one` reaches somebody beyond the desk sooner than `other`, or else anybody, or repeats sooner."""
    return _strictness(one) < _strictness(other)


def _strictness(policy: Policy) -> tuple[float, ...]:
    beyond = [duration(each.after) for each in policy if any(target != "operators" for target in each.targets)]
    return min(beyond, default=float("inf")), duration(policy[0].after), duration(policy[-1].after)


def _due(state: EscalationState, number: int, plan: EscalationPlan) -> Instant:
    return state.raised_at + duration(plan.steps[number].after) - state.brought_forward


def _repeat(plan: EscalationPlan) -> Duration:
    written = plan.steps[-1].repeat
    return USUAL_REPEAT if written is None else max(duration(written), LEAST_REPEAT)


def _run_due(state: EscalationState, at: Instant, plan: EscalationPlan, told: frozenset[str] = frozenset()) -> Stepped:
    """Run every step whose time has come; `told` have just been told, by whichever step came first."""
    effects: tuple[Effect, ...] = ()
    while any(due <= at for due in timers(state, plan).values()):
        state, more, told = _run(state, min(state.step, len(plan.steps) - 1), at, plan, told)
        effects += more
    return state, effects


def _resume(state: EscalationState, at: Instant, plan: EscalationPlan) -> Stepped:
    """Run the steps that came due meanwhile; where none did, the one that was running is run again."""
    if state.step == 0 or (state.step < len(plan.steps) and _due(state, state.step, plan) <= at):
        return _run_due(state, at, plan)
    again, effects, told = _run(state, min(state.step, len(plan.steps)) - 1, at, plan, frozenset())
    after, more = _run_due(again, at, plan, told)
    return after, effects + more


def _next_now(state: EscalationState, at: Instant, plan: EscalationPlan) -> Stepped:
    """Run the next step now; the rest keep their distances from it."""
    if state.step >= len(plan.steps):
        return _resume(state, at, plan)
    return _run_due(_brought_to(state, at, plan), at, plan)


def _brought_to(state: EscalationState, at: Instant, plan: EscalationPlan) -> EscalationState:
    nearer = state.raised_at + duration(plan.steps[state.step].after) - at
    return msgspec.structs.replace(state, brought_forward=nearer)


def _fail(state: EscalationState, failed: Failed, plan: EscalationPlan) -> Stepped:
    """Go on at once, unless a later run is under way, or nobody needs it any more."""
    if state.held or (failed.step, failed.round) != (state.step - 1, state.round):
        return state, ()
    if state.step < len(plan.steps):
        return _next_now(state, failed.at, plan)
    if "operators" in plan.steps[-1].targets:
        return state, ()
    return state, _in_its_place(failed.step, failed.round, failed.at, "its messages reached nobody")


def _in_its_place(number: int, round_: int, at: Instant, why: str) -> tuple[Effect, ...]:
    sentence = f"the last step reached nobody ({why}): the desk is told in its place"
    return (Notify(step=number, round=round_, pages=(desk(at),), why=sentence),)


def _run(
    state: EscalationState, number: int, at: Instant, plan: EscalationPlan, told: frozenset[str]
) -> tuple[EscalationState, tuple[Effect, ...], frozenset[str]]:
    """Run one step, for the first time or again; where it reaches nobody, bring the next to now."""
    rerun = number < state.step
    round_ = state.round + 1 if rerun else state.round
    reached = [reach(target, plan.roster, at) for target in plan.steps[number].targets]
    pages = [page for each in reached for page in each.pages]
    missed = [missed for each in reached for missed in each.missed]
    fresh, twice = _untold(pages, told)
    effects: tuple[Effect, ...] = tuple(
        PassedOver(step=number, round=round_, who=each.who, why=each.why) for each in (*missed, *twice)
    )
    if fresh:
        why = _why(state, number, at, plan, rerun=rerun)
        effects = (Notify(step=number, round=round_, pages=fresh, why=why), *effects)
    told |= {_line(page) for page in fresh}
    state = msgspec.structs.replace(state, step=number + 1, round=round_, ran_at=at)
    if pages:
        return state, effects, told
    if state.step < len(plan.steps):
        due = _due(state, state.step, plan)
        return (_brought_to(state, at, plan) if due > at else state), effects, told
    return state, effects + _in_its_place(number, round_, at, "nobody could be told"), told


def _untold(pages: list[Page], told: frozenset[str]) -> tuple[tuple[Page, ...], list[Missed]]:
    fresh: dict[str, Page] = {}
    twice = []
    for page in pages:
        if _line(page) in told or _line(page) in fresh:
            twice.append(Missed(page.recipient, "has been told in this same moment"))
        else:
            fresh[_line(page)] = page
    return tuple(fresh.values()), twice


def _line(page: Page) -> str:
    """Return what a recipient would notice a second message on: the telephone, or the desk."""
    return f"{page.channel} {page.phone or page.recipient}"


def _why(state: EscalationState, number: int, at: Instant, plan: EscalationPlan, *, rerun: bool) -> str:
    name = f"step {number + 1} of {len(plan.steps)}"
    if rerun:
        return f"{name}, once more"
    late = at - _due(state, number, plan)
    after = f"{in_words(duration(plan.steps[number].after))} after raising"
    return f"{name}, {after}, run {in_words(late)} late" if late >= 10 * SECOND else f"{name}, {after}"
