"""What must be true of a world. Each check is small, and knows nothing of how our code does it.

A check gives a sentence for each thing that is wrong. `ALL` is in the order in which causes come before effects.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.simulation.checks import (
    alarms,
    calls,
    cancels,
    deadlines,
    escalation,
    messages,
    processes,
    readings,
    replay,
    time,
)
from tests.simulation.checks.record import Record, record
from tests.simulation.world import World

Check = Callable[[World, Record], Iterable[str]]


class Violation(NamedTuple):
    """A promise that did not hold."""

    check: str
    what: str


ALL: dict[str, Check] = {
    "no process ends by itself": processes.none_failed,
    "each reading counts once": readings.each_counts_once,
    "the broker is told": readings.the_broker_is_told,
    "each call is heard": calls.each_is_heard,
    "a cancel ends its own press": cancels.end_their_own_press,
    "time waits for the backlog": time.ticks_wait_for_the_backlog,
    "time goes on": time.goes_on,
    "not back in bed": deadlines.beds,
    "no sign of life": deadlines.stillness,
    "a silent hub": deadlines.hubs,
    "each finding has its alarm": alarms.each_finding_has_one,
    "no call is buried": alarms.no_call_is_buried,
    "what cleared is cleared": alarms.cleared_with_their_findings,
    "closing tells the monitor": alarms.closing_tells_the_monitor,
    "one owner at a time": alarms.one_owner_at_a_time,
    "no dead end": escalation.no_dead_end,
    "no step is skipped": escalation.no_step_is_skipped,
    "no step is early": escalation.no_step_is_early,
    "no step is late": escalation.no_step_is_late,
    "no step while somebody has it": escalation.no_step_while_owned,
    "every step tells somebody": escalation.every_step_tells_somebody,
    "steps come in time": escalation.steps_come_in_time,
    "nobody is paged for what somebody has": messages.none_while_owned,
    "a message goes out at most twice": messages.at_most_twice,
    "what is to go out goes out": messages.all_go_out,
    "a claim runs out": messages.claims_run_out,
    "what may be lost is sent again": messages.ambiguous_again,
    "receipts are believed": messages.receipts_are_believed,
    "the log says it again": replay.from_the_beginning,
    "a checkpoint says it again": replay.from_the_checkpoint,
}


def violations(world: World) -> list[Violation]:
    """Return what does not hold after the world's life."""
    found = record(world)
    return [Violation(name, what) for name, check in ALL.items() for what in check(world, found)]
