"""Technical findings about the service itself: what a dead gateway, a broken row or a throwing step mean. Pure.

Silent is not quiet: whatever keeps the monitor from watching somebody is said, to the operators, as urgent.
The gateway's silence is a subject of its own, stepped like a person; the others are said as they happen.
"""

import msgspec

from monitor.stimuli import AlarmWasClosed, Stimulus, TimePassed
from schema.alarms import Priority, SubjectKind
from schema.findings import Finding, FindingChange, finding_id
from schema.instants import MINUTE, Duration, Instant, moment

GATEWAY = "gateway"
LOG = "log"
LOG_KEY = f"service:{LOG}"
BLIND_FOR: Duration = 2 * MINUTE
"""How long ticks must have been blind before it is said: a gateway that restarts is back within it."""


class GatewayState(msgspec.Struct):
    """What the monitor knows of all gateways together."""

    heard_at: Instant | None = None  # the last tick that was not blind
    blind_since: Instant | None = None
    silence: Finding | None = None  # said, and not cleared
    wake_at: Instant | None = None  # never: it is given every tick


def new_gateway_state(watch: None) -> GatewayState:  # noqa: ARG001 - the shape all subjects share
    """Return the state of gateways nobody has heard yet."""
    return GatewayState()


def step_gateway(
    state: GatewayState,
    stimulus: Stimulus,
    watch: None,  # noqa: ARG001 - the shape all subjects share
) -> tuple[GatewayState, tuple[FindingChange, ...]]:
    """Step what is known of the gateways: silent for two minutes is said once, and cleared when one is heard."""
    match stimulus:
        case TimePassed(at=at, blind=True):
            return state, _unheard(state, at)
        case TimePassed(at=at):
            return state, _heard(state, at)
        case AlarmWasClosed(findings=findings, at=at) if state.silence and state.silence.id in findings:
            state.silence, state.blind_since = None, at  # said anew if it goes on
    return state, ()


def gateway_timers(state: GatewayState, watch: None) -> dict[str, Instant]:  # noqa: ARG001 - as above
    """Return nothing: the gateways' state is given every tick."""
    return {}


def unreadable_row(position: int, at: Instant, why: str) -> FindingChange:
    """Return the finding that (a part of) a row of the log cannot be read, and so was not watched."""
    reason = f"row {position} of the log cannot be read ({why}); it was set aside and what it said was not watched"
    return FindingChange(change="raised", finding=_finding("service", LOG, "unreadable_row", at, reason), at=at)


def finding_refused(position: int, at: Instant, kind: str, finding: str) -> FindingChange:
    """Return the finding that the database would not take another, which may have been somebody's need."""
    reason = f"a finding of kind '{kind}' at row {position} could not be stored ({finding}); look after who it concerns"
    rule = f"finding_refused:{finding}"
    return FindingChange(change="raised", finding=_finding("service", LOG, rule, at, reason), at=at)


def press_failed(home: str, at: Instant, error: Exception) -> FindingChange:
    """Return the finding that somebody, in a home nobody registered, called for help in a way nobody can read."""
    reason = f"a call for help from an unregistered home could not be read ({_where(error)})"
    finding = _finding("service", home or LOG, "press_failed", at, reason, priority="life")
    return FindingChange(change="raised", finding=finding, at=at)


def step_failed(
    subject_kind: SubjectKind, subject: str, home: str | None, at: Instant, error: Exception
) -> FindingChange:
    """Return the finding that the rules' own code failed for a subject: somebody must look after them otherwise."""
    reason = f"the monitor failed ({_where(error)}) and may miss what happens here; it goes on trying"
    finding = _finding(subject_kind, subject, "monitor_failed", at, reason, home=home)
    return FindingChange(change="raised", finding=finding, at=at)


def _unheard(state: GatewayState, at: Instant) -> tuple[FindingChange, ...]:
    if state.blind_since is None:
        state.blind_since = at
    if state.silence or at - state.blind_since < BLIND_FOR:
        return ()
    since = f"has been heard since {moment(state.heard_at):%H:%M} UTC" if state.heard_at else "has ever been heard"
    state.silence = _finding(
        "service", GATEWAY, "gateway_silent", state.blind_since, f"no gateway {since}; nobody can be watched", at=at
    )
    return (FindingChange(change="raised", finding=state.silence, at=at),)


def _heard(state: GatewayState, at: Instant) -> tuple[FindingChange, ...]:
    silence, state.silence, state.blind_since, state.heard_at = state.silence, None, None, at
    if silence is None:
        return ()
    return (
        FindingChange(change="cleared", finding=silence, at=at, why=f"a gateway was heard at {moment(at):%H:%M} UTC"),
    )


def _where(error: Exception) -> str:
    """Say what was thrown and where, without its text: that may carry what is private."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} in {file} line {trace.tb_lineno}"


def _finding(
    subject_kind: SubjectKind,
    subject: str,
    rule: str,
    onset: Instant,
    reason: str,
    *,
    at: Instant | None = None,
    home: str | None = None,
    priority: Priority = "urgent",
) -> Finding:
    return Finding(
        id=finding_id(f"{subject_kind}:{subject}", rule, None, onset),
        subject_kind=subject_kind,
        subject=subject,
        home=home,
        rule=rule,
        rule_name=rule,
        kind="technical",
        device=None,
        onset=onset,
        raised_at=onset if at is None else at,
        priority=priority,
        policy=None,
        reason=reason,
    )
