"""Sent is not delivered: messages go out for what nobody has, twice at most, and what is said of them is believed."""

from collections import Counter
from collections.abc import Iterator

from alerting.delivery import CLAIMED_FOR
from schema.instants import SECOND, Instant, iso
from tests.simulation.checks.record import Alarm, Record
from tests.simulation.checks.time import slack
from tests.simulation.world import World

_IN_THE_ACT = 15 * SECOND
"""How long after somebody took an alarm a message may still leave: what was claimed before, on slow connections."""


def none_while_owned(world: World, record: Record) -> Iterator[str]:
    """No message is claimed for an alarm that somebody has, or that is closed."""
    for alarm in record.alarms:
        owned = list(_owned(alarm, world.ended_at))
        for notification in alarm.notifications:
            for attempt in notification.attempts:
                for began, ended in owned:
                    if began + _IN_THE_ACT < attempt.started_at < ended - SECOND:
                        yield (
                            f"{alarm.name} was taken at {iso(began)}, and {notification.recipient} was paged"
                            f" at {iso(attempt.started_at)}"
                        )


def at_most_twice(world: World, record: Record) -> Iterator[str]:
    """Expect the provider to have no message more than twice, and twice only where the first may not have arrived."""
    taken = Counter(text.message.attempt for text in world.telephones.taken)
    in_vain = {"undelivered", "failed"}
    for alarm in record.alarms:
        for notification in alarm.notifications:
            times = [attempt for attempt in notification.attempts if taken[attempt.id]]
            if len([each for each in times if not set(each.receipts) & in_vain]) > 2 or any(
                taken[attempt.id] > 1 for attempt in times
            ):
                yield f"{alarm.name}: {notification.recipient} was sent the same message {len(times)} times"
            elif len(times) == 2 and times[0].result == "sent" and not set(times[0].receipts) & in_vain:
                yield f"{alarm.name}: {notification.recipient} was sent a message again that had been sent well"
        # Two operators who want the next step at the same moment get two steps: that is what they asked for.
        wanted = Counter(line.at for line in alarm.journal if line.action in {"escalated", "released", "joined"})
        moments = Counter((each.phone, each.created_at) for each in alarm.notifications if each.phone)
        for (phone, at), times_told in moments.items():
            if times_told > max(1, wanted[at]):
                yield f"{alarm.name}: {world.village.phones.get(phone or '')} is told {times_told} times at {iso(at)}"


def all_go_out(world: World, record: Record) -> Iterator[str]:
    """Once all is well, no message of an alarm that nobody has waits past its time."""
    for alarm in record.alarms:
        if alarm.state == "closed" or alarm.owner is not None:
            continue
        for each in alarm.notifications:
            due = max(each.not_before, world.healed_at)
            if each.state in {"waiting", "sending"} and world.ended_at - due > slack(world):
                yield f"{alarm.name}: the message to {each.recipient} of {iso(each.created_at)} is still {each.state}"


def claims_run_out(world: World, record: Record) -> Iterator[str]:
    """Once all is well, no message counts as being sent past its claim, whoever has the alarm: nobody is sending it."""
    for alarm in record.alarms:
        for each in alarm.notifications:
            if each.state != "sending":
                continue
            ends = max(each.attempts[-1].started_at + CLAIMED_FOR, world.healed_at)
            if world.ended_at - ends > slack(world):
                yield f"{alarm.name}: the message to {each.recipient} counts as being sent, its claim ended {iso(ends)}"


def ambiguous_again(world: World, record: Record) -> Iterator[str]:
    """Expect a message whose answer failed to come to be sent once more, while nobody has the alarm."""
    for alarm in record.alarms:
        for each in alarm.notifications:
            once = each.state == "failed" and [attempt.result for attempt in each.attempts] == ["ambiguous"]
            if once and not set(each.attempts[0].receipts) & {"undelivered", "failed"}:
                yield f"{alarm.name}: the message to {each.recipient} may never have left, and was given up"


def receipts_are_believed(world: World, record: Record) -> Iterator[str]:
    """Expect what was delivered to count as that, whatever else was said."""
    for alarm in record.alarms:
        for each in alarm.notifications:
            if any("delivered" in attempt.receipts for attempt in each.attempts) and each.state != "delivered":
                yield f"{alarm.name}: the message to {each.recipient} was delivered, and counts as {each.state}"


def _owned(alarm: Alarm, ended_at: Instant) -> Iterator[tuple[Instant, Instant]]:
    began: Instant | None = None
    owner = ""
    for line in alarm.journal:
        if line.action in {"acknowledged", "taken_over", "dispatched", "closed"}:
            began, owner = began or line.at, line.actor
        elif line.action in {"released", "raised_again", "escalated"} or (
            line.action == "declined" and line.actor == owner
        ):
            if began is not None:
                yield began, line.at
            began = None
    if began is not None:
        yield began, ended_at
