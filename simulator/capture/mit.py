"""The recordings of Tapia 2003 (MIT): reed switches, seconds of a local clock written as if it were GMT.

`seconds<tab>length<tab>sensor`; the homes stood in Boston. The length is real time: where the clock was
changed during a span, its end moves with it.
"""

from datetime import datetime, timedelta
from pathlib import Path

from schema.instants import SECOND
from schema.localtime import zone_named
from simulator.capture.lines import CaptureError
from simulator.capture.recording import Numbered, Recording, home_name, lines_of
from simulator.capture.spans import Span, WallClock

ZONE = "America/New_York"
SPANS = ".sensors"
NAMES = ".sensor_names"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - counts a wall clock's seconds: WallClock gives them their zone
_LATEST = 4_102_444_800  # the year 2100: seconds beyond it are a broken line, not a time


def names_beside(spans: Path) -> Path:
    """Return where the recording keeps its sensors' names."""
    return spans.with_name(spans.name.removesuffix(SPANS) + NAMES)


def read(spans: Path, names: dict[int, str]) -> Recording:
    """Read one house; CaptureError names the first line that is no span."""
    clock = WallClock(zone_named(ZONE))
    return Recording(home_name("mit", spans), ZONE, [_span(line, clock) for line in lines_of(spans)], names)


def _span(line: Numbered, clock: WallClock) -> Span:
    fields = line.text.split()
    if len(fields) != 3 or not all(field.isdigit() for field in fields) or int(fields[0]) > _LATEST:
        raise CaptureError(
            f"{line.where}: '{line.text.strip()}' is no span;"
            " expected seconds since 1970, length in seconds and sensor, for example 1048747420 3 67"
        )
    seconds, length, sensor = map(int, fields)
    starts = clock.starts(_EPOCH + timedelta(seconds=seconds))
    return Span(starts, starts + length * SECOND, sensor)
