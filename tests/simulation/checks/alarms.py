"""An alarm is raised exactly once per occurrence, is one's or nobody's, and no call for help is buried in one."""

from collections import Counter
from collections.abc import Iterator

from schema.entries import AlarmClosed
from schema.instants import iso
from tests.simulation.checks.record import Record
from tests.simulation.checks.time import slack
from tests.simulation.world import World

_TAKES = {"acknowledged", "taken_over"}
_LETS_GO = {"released", "raised_again", "escalated", "closed"}


def each_finding_has_one(world: World, record: Record) -> Iterator[str]:
    """Each finding that was raised rests on exactly one alarm, of its own kind and subject."""
    resting = Counter(finding for alarm in record.alarms for finding in alarm.findings)
    for said in record.said:
        if said.change.change != "raised" or world.ended_at - said.change.at < slack(world):
            continue
        finding = said.change.finding
        if said.taken_at is None:
            yield f"{finding.kind} of {finding.subject}, raised at {iso(said.change.at)}, was never taken in"
        elif resting[finding.id] != 1 and not _reopened(record, finding.id):
            times, at = resting[finding.id], iso(said.change.at)
            yield f"{times} alarms rest on {finding.kind} of {finding.subject}, raised at {at}"
    kinds = {finding: (alarm.subject, alarm.kind) for alarm in record.alarms for finding in alarm.findings}
    for said in record.said:
        finding = said.change.finding
        if kinds.get(finding.id, (finding.subject, finding.kind)) != (finding.subject, finding.kind):
            yield f"{finding.kind} of {finding.subject} is in an alarm of {kinds[finding.id]}"


def _reopened(record: Record, finding: str) -> bool:
    """Tell whether each alarm but the last was closed: a call that nobody knew of when they closed opens another."""
    alarms = [alarm for alarm in record.alarms if finding in alarm.findings]
    return bool(alarms) and alarms[0].kind in {"button", "fall"} and all(each.closed_at for each in alarms[:-1])


def no_call_is_buried(world: World, record: Record) -> Iterator[str]:
    """Expect a press or a fall to be taken in by an alarm that is open then: nobody closed it without knowing."""
    alarms = {finding: alarm for alarm in record.alarms for finding in alarm.findings}
    counted: dict[str, int] = {}
    for said in record.said:
        finding = said.change.finding
        calls = len([each for each in finding.evidence if each.value in {"pressed", "fallen", "maybe"}])
        before, counted[finding.id] = counted.get(finding.id, 0), max(calls, counted.get(finding.id, 0))
        if finding.kind not in {"button", "fall"} or said.change.change == "cleared" or calls <= before:
            continue
        alarm = alarms.get(finding.id)  # the last of them
        if alarm is None or said.taken_at is None or alarm.closed_at is None or said.taken_at <= alarm.closed_at:
            continue
        joined = [
            line for line in alarm.journal if line.detail.get("finding") == finding.id and line.at >= said.taken_at
        ]
        yield (
            f"{alarm.name} was closed at {iso(alarm.closed_at)}; a {finding.kind} stored before that was taken in"
            f" at {iso(said.taken_at)}, and nobody is told ({', '.join(line.action for line in joined)})"
        )


def cleared_with_their_findings(world: World, record: Record) -> Iterator[str]:
    """Expect an alarm to be cleared when everything it rests on has cleared, and not before."""
    last = {said.change.finding.id: said for said in record.said if said.change.change != "updated"}
    for alarm in record.alarms:
        changes = [last[finding] for finding in alarm.findings if finding in last]
        if alarm.closed_at is not None or not changes:
            continue
        if any(said.taken_at is None for said in changes):
            continue
        whole = all(said.change.change == "cleared" for said in changes)
        if whole != (alarm.cleared_at is not None):
            yield f"{alarm.name}: its findings {'have' if whole else 'have not'} all cleared, and it says otherwise"


def closing_tells_the_monitor(world: World, record: Record) -> Iterator[str]:
    """Each alarm that was closed, and rests on findings, is told to the log once."""
    told = Counter(
        (entry.subject, entry.findings) for row in record.log for entry in row.entries if isinstance(entry, AlarmClosed)
    )
    closed = Counter((alarm.subject, tuple(alarm.findings)) for alarm in record.alarms if alarm.closed_at)
    for alarm in record.alarms:
        times = told[alarm.subject, tuple(alarm.findings)]
        wanted = closed[alarm.subject, tuple(alarm.findings)] if alarm.findings else 0
        if times != wanted and not (wanted and len(alarm.findings) > 1):
            yield f"{alarm.name} is {alarm.state}, and the log tells of its closing {times} times"


def one_owner_at_a_time(world: World, record: Record) -> Iterator[str]:
    """Nobody gets what another has, unless they take it over."""
    for alarm in record.alarms:
        owner: str | None = None
        for line in alarm.journal:
            if line.action in _LETS_GO or (line.action == "declined" and line.actor == owner):
                owner = None
            elif line.action == "acknowledged":
                if owner not in {None, line.actor}:
                    yield f"{alarm.name}: {line.actor} acknowledged what {owner} had, at {iso(line.at)}"
                owner = line.actor
            elif line.action in {"taken_over", "dispatched"}:
                owner = line.actor
        if alarm.state != "closed" and owner != alarm.owner:
            yield f"{alarm.name} is {alarm.owner}'s, and by its journal {owner}'s"
