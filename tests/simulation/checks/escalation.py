"""No dead end: an open alarm is somebody's or has a next step in time, and the steps come one after another."""

from collections.abc import Iterator

from schema.instants import SECOND, Instant, iso
from schema.localtime import duration
from schema.plans import DEFAULT_POLICY, Policy
from tests.simulation.checks.record import Alarm, Record
from tests.simulation.checks.time import slack
from tests.simulation.world import World

_BRINGS_FORWARD = {"failed", "no_receipt", "declined", "passed_over", "escalated", "brought_forward", "tightened"}
_ANEW = {"tightened", "raised_again"}
_TAKES = {"acknowledged", "taken_over", "dispatched", "closed"}


def no_dead_end(world: World, record: Record) -> Iterator[str]:
    """Once all is well, no open alarm that nobody has waits for a step that should have come."""
    for alarm in record.alarms:
        if alarm.state == "closed" or alarm.owner is not None:
            continue
        if alarm.due_at is None:
            yield f"{alarm.name} is nobody's, and nothing is due"
        elif world.ended_at - max(alarm.due_at, alarm.recorded_at, world.healed_at) > promptly(world):
            yield f"{alarm.name} is nobody's; its next step was due at {iso(alarm.due_at)}"
        steps = [line for line in alarm.journal if line.action == "step"]
        if not steps and world.ended_at - max(alarm.recorded_at, world.healed_at) > slack(world):
            yield f"{alarm.name} is nobody's since {iso(alarm.raised_at)}, and nobody was told"


def no_step_is_skipped(world: World, record: Record) -> Iterator[str]:
    """Each step comes after the one before it, unless the policy began anew."""
    for alarm in record.alarms:
        reached = -1
        for line in alarm.journal:
            if line.action in _ANEW:
                reached = max(reached, 0) if line.action == "raised_again" else -1
            elif line.action in {"step", "passed_over"}:
                step = line.detail["step"]
                if step > reached + 1:
                    yield f"{alarm.name}: step {step + 1} came at {iso(line.at)}, and step {step} had not"
                reached = max(reached, step)


def no_step_is_early(world: World, record: Record) -> Iterator[str]:
    """While nothing brought it nearer, no step comes before its time, counted from raising.

    By a second at most: alerting counts from the moment it began to look, and what it takes in then may have
    been raised while it looked (seed 118).
    """
    for alarm in record.alarms:
        policy = _policy(world, alarm)
        for line in alarm.journal:
            if line.action in _BRINGS_FORWARD:
                break
            if line.action == "step" and line.detail["step"] < len(policy):
                due = _raised(alarm) + duration(policy[line.detail["step"]].after)
                if line.at < due - SECOND:
                    yield f"{alarm.name}: step {line.detail['step'] + 1} came at {iso(line.at)}, due {iso(due)}"


def no_step_is_late(world: World, record: Record) -> Iterator[str]:
    """Once all is well, a step of an alarm that is known comes when it is due, whoever else wakes the engine or not."""
    for alarm in record.alarms:
        policy = _policy(world, alarm)
        for line in alarm.journal:
            if line.action in _BRINGS_FORWARD | _ANEW | _TAKES:
                break
            if line.action == "step" and line.detail["step"] < len(policy) and not line.detail["round"]:
                due = _raised(alarm) + duration(policy[line.detail["step"]].after)
                could = max(due, alarm.recorded_at, world.healed_at)
                if line.at - could > promptly(world):
                    yield f"{alarm.name}: step {line.detail['step'] + 1} came at {iso(line.at)}, due {iso(could)}"


def no_step_while_owned(world: World, record: Record) -> Iterator[str]:
    """While somebody has an alarm its policy stands still; what joins it makes it nobody's again."""
    for alarm in record.alarms:
        owned = False
        for place, line in enumerate(alarm.journal):
            if line.action == "step" and owned:
                yield f"{alarm.name}: step {line.detail['step'] + 1} came at {iso(line.at)}, when somebody had it"
            joined = line.action == "joined" and owned
            if joined and not any(later.action == "raised_again" for later in alarm.journal[place : place + 2]):
                yield f"{alarm.name}: what joined it at {iso(line.at)} did not raise it again"
            if line.action in _TAKES:
                owned = True
            elif line.action in {"released", "raised_again", "escalated", "declined"}:
                owned = False


def every_step_tells_somebody(world: World, record: Record) -> Iterator[str]:
    """Expect what the journal says was told to stand in the outbox; a step that tells nobody is none."""
    for alarm in record.alarms:
        for line in alarm.journal:
            if line.action != "step":
                continue
            step, round_ = line.detail["step"], line.detail["round"]
            sent = {each.recipient for each in alarm.notifications if (each.step, each.round) == (step, round_)}
            if not line.detail["told"]:
                yield f"{alarm.name}: step {step + 1} told nobody"
            for recipient in sorted(set(line.detail["told"]) - sent):
                yield f"{alarm.name}: step {step + 1} says that {recipient} was told, and there is no message"
        nobodys = alarm.state != "closed" and not alarm.owner and not alarm.notifications
        if nobodys and world.ended_at - max(alarm.recorded_at, world.healed_at) > slack(world):
            yield f"{alarm.name} is nobody's, and has no notification at all"


def steps_come_in_time(world: World, record: Record) -> Iterator[str]:
    """Expect what nobody ever took to be walked down its policy in time, once all is well."""
    for alarm in record.alarms:
        if alarm.state == "closed" or any(
            line.action in {"acknowledged", "taken_over", "dispatched"} for line in alarm.journal
        ):
            continue
        done = {line.detail["step"] for line in alarm.journal if line.action in {"step", "passed_over"}}
        for number, step in enumerate(_policy(world, alarm)):
            due = max(_raised(alarm) + duration(step.after), world.healed_at, alarm.recorded_at)
            if number not in done and world.ended_at - due > promptly(world):
                yield f"{alarm.name}: step {number + 1} was due at {iso(due)}, and did not come"


def promptly(world: World) -> Instant:
    """Return how late the step of a known alarm may be once all is well: a look, and what was slow before."""
    return round(world.pace.poll_seconds * SECOND) + 10 * SECOND


def _raised(alarm: Alarm) -> Instant:
    """Return when the steps count from: what the engine took to be the time, where that is the earlier."""
    return min([alarm.raised_at, *(line.at for line in alarm.journal[:1])])


def _policy(world: World, alarm: Alarm) -> Policy:
    return world.village.people.policies[alarm.policy] if alarm.policy else DEFAULT_POLICY
