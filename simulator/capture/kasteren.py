"""The recordings of van Kasteren et al. 2008: spans in local time, Europe/Amsterdam.

`start<tab>end<tab>sensor`, times as `25-Feb-2008 00:20:14`.
"""

from datetime import datetime
from pathlib import Path

from schema.localtime import zone_named
from simulator.capture.lines import CaptureError
from simulator.capture.recording import Numbered, Recording, home_name, lines_of
from simulator.capture.spans import Span, WallClock

ZONE = "Europe/Amsterdam"
SPANS = "-ss.txt"
NAMES = ".sensor_names"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def names_beside(spans: Path) -> Path:
    """Return where the recording keeps its sensors' names."""
    return spans.with_name(spans.name.removesuffix(SPANS) + NAMES)


def read(spans: Path, names: dict[int, str]) -> Recording:
    """Read one house; CaptureError names the first line that is no span."""
    clock = WallClock(zone_named(ZONE))
    return Recording(home_name("kasteren", spans), ZONE, [_span(line, clock) for line in lines_of(spans)], names)


def _span(line: Numbered, clock: WallClock) -> Span:
    fields = line.text.strip().split("\t")
    try:
        start, end = _shown(fields[0]), _shown(fields[1])
        (sensor,) = map(int, fields[2:])
    except (ValueError, IndexError) as error:
        raise CaptureError(
            f"{line.where}: '{line.text.strip()}' is no span;"
            " expected start, end and sensor between tabs, each time like 25-Feb-2008 00:20:14"
        ) from error
    starts = clock.starts(start)
    ends = clock.ends(end, starts)
    if ends < starts and end < start:
        raise CaptureError(f"{line.where}: the span ends at {fields[1]}, before it starts at {fields[0]}")
    return Span(starts, max(starts, ends), sensor)


def _shown(text: str) -> datetime:
    """Read `25-Feb-2008 00:20:14` whatever language this machine speaks."""
    day, month, rest = text.strip().split("-", 2)
    if month not in _MONTHS:
        raise ValueError(f"'{month}' is no month")
    year, clock = rest.split(" ")
    hour, minute, second = clock.split(":")
    return datetime(  # noqa: DTZ001 - a wall clock's time: WallClock gives it its zone
        int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)
    )
