"""A cancel ends what its own device pressed before it, and nothing else: a model of presses in thirty lines."""

from collections.abc import Iterator

from schema.entries import AlarmClosed, Entry, ReadingEntry, UnregisteredPress
from schema.instants import MINUTE, Instant
from tests.simulation.checks.calls import subject_of
from tests.simulation.checks.record import Record, Said
from tests.simulation.world import World

_OVERTAKES_BY = 2 * MINUTE


class _Presses:
    """What one subject's presses come to, entry by entry: the words are those of `finding_changes`."""

    def __init__(self) -> None:
        self.running: str | None = None  # the finding's id, as it was said
        self._pressed: dict[str, Instant] = {}  # by device: the newest press of what runs
        self._cancelled: dict[str, Instant] = {}

    def closed(self, entry: AlarmClosed) -> None:
        """Take it that a human closed it: what comes next is new."""
        if self.running in entry.findings:
            self.running, self._pressed = None, {}

    def press(self, device: str, at: Instant, finding: str) -> list[str]:
        """Somebody pressed; `finding` is what is raised, where that is due."""
        self._pressed[device] = max(at, self._pressed.get(device, 0))
        if self.running:
            return ["updated"]
        self.running = finding
        late = self._cancelled.get(device, 0)
        overtaken = at < late <= at + _OVERTAKES_BY
        return ["raised", *(self._end(device) if overtaken else [])]

    def cancel(self, device: str, at: Instant) -> list[str]:
        """Somebody took it back."""
        self._cancelled[device] = max(at, self._cancelled.get(device, 0))
        return self._end(device) if self._pressed.get(device, at) < at else []

    def _end(self, device: str) -> list[str]:
        del self._pressed[device]
        if self._pressed:
            return []
        self.running = None
        return ["cleared"]


def end_their_own_press(world: World, record: Record) -> Iterator[str]:
    """Presses are raised, joined and cleared as the model has it, at every position the cursor has passed."""
    for subject in sorted({each.subject for each in record.said if _is_press(each)}):
        presses = _Presses()
        known: set[tuple[str, Instant]] = set()
        for row in record.log:
            if row.position > record.read_to:
                break
            said = [each for each in record.said if (each.position, each.subject) == (row.position, subject)]
            said = [each for each in said if _is_press(each)]
            expected = [
                word for entry in row.entries for word in _words(world, record, presses, subject, entry, said, known)
            ]
            found = [each.change.change for each in said]
            if found != expected:
                yield f"presses of {subject} at position {row.position}: said {found}, and {expected} was to be said"
                break


def _words(  # noqa: PLR0917 - an entry and everything it is judged by
    world: World,
    record: Record,
    presses: _Presses,
    subject: str,
    entry: Entry,
    said: list[Said],
    known: set[tuple[str, Instant]],
) -> list[str]:
    match entry:
        case AlarmClosed():
            presses.closed(entry)
        case UnregisteredPress(home, device, "button", at) if subject_of(world.village, home, device) == subject:
            if (device, at) not in known:  # it may stand in the log twice: the second says nothing new
                known.add((device, at))
                return presses.press(device, at, _raised(said))
        case ReadingEntry(device=number, kind="button", value=value, observed_at=at):
            home, device = record.names[number]
            if subject_of(world.village, home, device) == subject:
                return presses.cancel(device, at) if value == "cancelled" else presses.press(device, at, _raised(said))
    return []


def _raised(said: list[Said]) -> str:
    return next((each.change.finding.id for each in said if each.change.change == "raised"), "never said")


def _is_press(said: Said) -> bool:
    return said.change.finding.kind == "button" == said.change.finding.rule_name
