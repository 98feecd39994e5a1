"""A press and a fall are heard, each once."""

from collections import Counter
from collections.abc import Iterator

from schema.entries import ReadingEntry, UnregisteredPress
from schema.instants import Instant, iso
from tests.simulation.checks.record import Record, Said
from tests.simulation.homes import Village
from tests.simulation.world import World

_CALLS = {("button", "pressed"), ("fall", "fallen"), ("fall", "maybe")}


def subject_of(village: Village, home: str, device: str) -> str:
    """Return whose alarm a call of this device is: its person's, a lone resident's, or else the home's."""
    residents = [each.person for each in village.residents if each.home == home]
    owner = next((person for person in residents if device.endswith(f"-{person}")), None)
    known = device == "pendant-0"
    return owner or (residents[0] if known and len(residents) == 1 else f"home:{home}")


def each_is_heard(world: World, record: Record) -> Iterator[str]:
    """Each call in the log brought, at its own position, a finding raised or joined, and said once."""
    for row in record.log:
        calls = Counter(_call(record, entry) for entry in row.entries)
        for entry in row.entries:
            call = _call(record, entry)
            if call is None:
                continue
            home, device, kind, at = call
            subject = subject_of(world.village, home, device)
            said = [s.position for s in record.said if s.subject == subject and _tells(s, kind, device, at)]
            if isinstance(entry, UnregisteredPress):  # it may stand in the log twice: the second says nothing new
                said = [position for position in said if position <= row.position][:1]
            else:
                said = [position for position in said if position == row.position]
            wanted = 1 if isinstance(entry, UnregisteredPress) else calls[call]  # two undated ones look alike
            if row.position <= record.read_to and len(said) != wanted:
                yield f"{kind} of {home}/{device} at {iso(at)} (position {row.position}) was said {len(said)} times"


def _call(record: Record, entry: object) -> tuple[str, str, str, Instant] | None:
    if isinstance(entry, UnregisteredPress):
        return entry.home, entry.device, entry.kind, entry.observed_at
    if isinstance(entry, ReadingEntry) and (entry.kind, entry.value) in _CALLS:
        return *record.names[entry.device], entry.kind, entry.observed_at
    return None


def _tells(said: Said, kind: str, device: str, at: Instant) -> bool:
    """Tell whether this change is a call's own: raised or updated, and the call its latest evidence."""
    finding = said.change.finding
    last = finding.evidence[-1] if finding.evidence else None
    return (
        said.change.change in {"raised", "updated"}
        and finding.kind == kind
        and last is not None
        and (last.device, last.at) == (device, at)
    )
