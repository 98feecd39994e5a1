"""`telecare capture`: recordings in, one capture out, and the people file that fits it.

Nothing is written unless everything could be read. Readings of a device are counted from 1 (`seq`), and
the `at` of a payload is its line's: a recording has one clock.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from schema.instants import Instant, iso
from schema.people import Device
from simulator.capture import kasteren, mit
from simulator.capture.lines import CaptureError, encode, name_fault
from simulator.capture.recording import Recording, read_names
from simulator.capture.sensors import ON_AND_OFF, devices
from simulator.capture.spans import Span, by_sensor

FORMATS = {"kasteren": kasteren, "mit": mit}
_LABELS = ("-as.txt", ".activities", ".activity_names")


class Message(NamedTuple):
    """A line of the capture, ready to be written at its place in time."""

    at: Instant
    written: bytes


class Captured(NamedTuple):
    """A home that was recorded: what it was fitted with and what its devices said, each in order."""

    home: str
    zone: str
    devices: tuple[Device, ...]
    messages: tuple[Message, ...]


def capture(form: str, files: Sequence[Path], home: str | None = None) -> list[Captured]:
    """Read the recordings of one format; CaptureError says what cannot be read or does not fit."""
    if form not in FORMATS:
        raise CaptureError(f"'{form}' is no format of recordings; expected one of {', '.join(FORMATS)}")
    fault = name_fault(home) if home is not None else None
    if fault:
        raise CaptureError(f"--home '{home}' {fault}; expected an id like home-0001")
    recordings = _recordings(form, files)
    if home is not None and len(recordings) > 1:
        raise CaptureError(f"--home names one home, and there are {len(recordings)} recordings")
    captured = [_captured(recording, home or recording.name) for recording in recordings]
    homes = [one.home for one in captured]
    twice = next((one for one in homes if homes.count(one) > 1), None)
    if twice:
        raise CaptureError(f"two recordings are both of the home '{twice}'; capture one at a time with --home")
    return captured


def written(captured: Sequence[Captured]) -> bytes:
    """Return the capture's file: every message of every home by time, those of one instant as they were said."""
    messages = (message for one in captured for message in one.messages)
    return b"".join(message.written for message in sorted(messages, key=lambda message: message.at))


def labels_among(files: Sequence[Path]) -> list[Path]:
    """Return the files that hold what observers wrote down of activities: no sensor said it."""
    return [path for path in files if path.name.endswith(_LABELS)]


def _recordings(form: str, files: Sequence[Path]) -> list[Recording]:
    dialect = FORMATS[form]
    named = {path: read_names(path) for path in files if path.name.endswith(dialect.NAMES)}
    spans = [path for path in files if path not in named and path not in labels_among(files)]
    if not spans:
        raise CaptureError(f"no recording is among the files; expected one like house{dialect.SPANS}")
    recordings = []
    for path in spans:
        if not path.is_file():
            raise CaptureError(f"{path}: cannot be read (no such file); expected one like house{dialect.SPANS}")
        beside = dialect.names_beside(path)
        names = named.get(beside)
        if names is None and len(spans) == 1 and len(named) == 1:
            names = next(iter(named.values()))
        recordings.append(dialect.read(path, names if names is not None else _names_at(beside)))
        if not recordings[-1].spans:
            raise CaptureError(f"{path}: holds no span")
    return recordings


def _names_at(path: Path) -> dict[int, str]:
    """Read the names beside the recording: without them no sensor would be known for what it is."""
    if not path.exists():
        raise CaptureError(f"{path}: is missing; give the sensors' names there, or among the files")
    return read_names(path)


def _captured(recording: Recording, home: str) -> Captured:
    spans = by_sensor(recording.spans)
    fitted = devices(recording.names, list(spans))
    messages = [message for sensor, mine in spans.items() for message in _said(home, fitted[sensor], mine)]
    return Captured(home, recording.zone, tuple(fitted.values()), tuple(messages))


def _said(home: str, device: Device, spans: Sequence[Span]) -> Iterator[Message]:
    on, off = ON_AND_OFF[device.kind]
    switched = [turn for span in spans for turn in ((span.starts, on), (span.ends, off))]
    for seq, (at, value) in enumerate(switched, 1):
        payload = {"seq": seq, "at": iso(at), "kind": device.kind, "value": value}
        yield Message(at, encode(at, f"homes/{home}/{device.id}", payload))
