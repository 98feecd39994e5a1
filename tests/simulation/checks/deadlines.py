"""Deadlines, judged by what the log knew: never early, not at all where it was not so, and in the end never missing.

Only devices whose clock runs evenly are judged: what a stepped clock makes of an hour is nobody's truth.
"""

from collections.abc import Iterator

from schema.alarms import Kind
from schema.entries import AlarmClosed, ReadingEntry
from schema.instants import SECOND, Duration, Instant, iso
from tests.simulation.checks.record import Record, Said
from tests.simulation.checks.time import slack
from tests.simulation.homes import Resident
from tests.simulation.world import World

_ON_THE_WAY = 25 * SECOND
"""How long what the broker has may be missing from the log while a tick says that nothing is."""


def beds(world: World, record: Record) -> Iterator[str]:
    """Out of bed for longer than the plan allows is said; back in bed is not."""
    for resident in world.village.residents:
        mat = f"bed-{resident.person}"
        clock = world.hubs[resident.home].clock(mat)
        if not resident.sleeps or clock.steps_by or clock.absurd or not clock.told:
            continue
        told = record.told(resident.home, mat)
        limit = resident.limit * SECOND
        for said in _findings(record, resident.person, "bed", "raised"):
            newest = _left([entry for row, entry in told if row.position < said.position])
            if newest is None or newest.value != "out":
                yield f"{resident.person} was said to be out of bed at {iso(said.change.at)}, and was in it"
            elif unread := _had(world, resident, [mat], said, newest.observed_at):
                yield f"{resident.person} was missed at {iso(said.change.at)}; the broker had {unread} long before"
            elif said.change.at < newest.observed_at + limit:
                left = iso(newest.observed_at)
                yield f"{resident.person}, out of bed since {left}, was missed before {resident.limit} s"
        newest = max((entry for _, entry in told), key=lambda entry: entry.observed_at, default=None)
        if newest is None:
            continue
        running = _running(record, resident.person, "bed")
        if newest.value == "in":
            if running and world.ended_at > newest.observed_at + resident.settle * SECOND + slack(world):
                yield f"{resident.person} is in bed since {iso(newest.observed_at)}, and still said not to be"
        else:
            yield from _due(world, record, resident, "bed", newest.observed_at, limit)


def stillness(world: World, record: Record) -> Iterator[str]:
    """No sign of life for longer than the plan allows is said, however many old readings come late."""
    for resident in world.village.residents:
        if resident.sleeps:
            continue
        seen = _signs_of_life(record, resident)
        limit = resident.limit * SECOND
        for said in _findings(record, resident.person, "inactivity", "raised"):
            last = max((entry.observed_at for position, entry in seen if position < said.position), default=0)
            if said.change.at < last + limit:
                yield f"{resident.person}, seen at {iso(last)}, was missed before {resident.limit} s"
            elif unread := _had(world, resident, _eyes(resident), said, said.change.at - limit):
                yield f"{resident.person} was missed at {iso(said.change.at)}; the broker had {unread} long before"
        last = max((entry.observed_at for _, entry in seen), default=0)
        if last and world.ended_at < last + limit and _running(record, resident.person, "inactivity"):
            yield f"{resident.person} was seen at {iso(last)}, and is still said to be still"
        if last:
            yield from _due(world, record, resident, "inactivity", last, limit)


def hubs(world: World, record: Record) -> Iterator[str]:
    """Expect no hub to be said silent that is heard."""
    for home in world.hubs:
        first = next(each for each in world.village.residents if each.home == home)
        running = _running(record, first.person, "technical", rule="silence")
        if running:
            yield f"the hub of {home} beats, and is still said to be silent: {running.change.finding.reason}"


def _left(told: list[ReadingEntry]) -> ReadingEntry | None:
    """Return the mat's newest word; of several `out` without an `in` between them that was heard in time, the first.

    A word that is overtaken by a later one of its own device is passed over, as the fold's knowledge never goes back.
    A bed left, returned to and left again while the hub was cut off is then one absence, if the hub tells it crosswise.
    """
    last: ReadingEntry | None = None
    heard: Instant = 0
    for entry in told:
        if entry.observed_at >= heard:
            heard = entry.observed_at
            last = entry if last is None or entry.value != last.value else last
    return last


def _due(  # noqa: PLR0917 - what was due, of whom, and since when
    world: World, record: Record, resident: Resident, kind: Kind, onset: Instant, limit: Duration
) -> Iterator[str]:
    """Expect what lasted past its deadline to be said, and in time; counted from closing where a human closed it."""
    closed = [
        row.at
        for row in record.log
        for entry in row.entries
        if isinstance(entry, AlarmClosed) and entry.subject == resident.person
    ]
    due = max([onset, *(at for at in closed if at > onset)]) + limit
    if world.ended_at < max(due, world.healed_at) + slack(world):
        return
    running = _running(record, resident.person, kind)
    if running is None:
        yield f"{resident.person}: {kind} was due at {iso(due)} and is not said"
    elif running.change.at > max(due, world.healed_at) + slack(world):
        yield f"{resident.person}: {kind} was due at {iso(due)} and said at {iso(running.change.at)}"


def _had(world: World, resident: Resident, devices: list[str], said: Said, after: Instant) -> str:
    """Return what the broker had long before the finding, and shows it to be wrong: our downtime is not stillness."""
    hub = world.hubs[resident.home]
    even = [device for device in devices if not (hub.clock(device).steps_by or hub.clock(device).absurd)]
    for told, taken_at in hub.taken_at.items():
        newer = told.device in even and told.said_at is not None and told.said_at > after and told.value != "out"
        if newer and not told.poison and taken_at < said.change.at - _ON_THE_WAY:
            return f"{told.kind} {told.value} of {iso(told.happened_at)}"
    return ""


def _eyes(resident: Resident) -> list[str]:
    return [*(f"{device}-{resident.person}" for device in ("motion", "hall", "pendant")), "pendant-0"]


def _signs_of_life(record: Record, resident: Resident) -> list[tuple[int, ReadingEntry]]:
    return [(row.position, entry) for name in _eyes(resident) for row, entry in record.told(resident.home, name)]


def _findings(record: Record, subject: str, kind: Kind, change: str, rule: str | None = None) -> list[Said]:
    return [
        said
        for said in record.said
        if said.subject == subject
        and said.change.finding.kind == kind
        and said.change.change == change
        and (rule is None or said.change.finding.rule_name == rule)
    ]


def _running(record: Record, subject: str, kind: Kind, rule: str | None = None) -> Said | None:
    """Return the raising of what was raised last and neither cleared nor closed by a human."""
    raised = _findings(record, subject, kind, "raised", rule)
    if not raised:
        return None
    last = raised[-1].change.finding.id
    over = {said.change.finding.id for said in _findings(record, subject, kind, "cleared", rule)}
    over |= {
        finding
        for row in record.log
        for entry in row.entries
        if isinstance(entry, AlarmClosed) and row.position > raised[-1].position
        for finding in entry.findings
    }
    return None if last in over else raised[-1]
