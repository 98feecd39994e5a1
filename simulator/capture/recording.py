"""What every recording comes down to: spans of numbered sensors, their names, and where the home stood."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simulator.capture.lines import CaptureError
from simulator.capture.spans import Span


class Recording(NamedTuple):
    """One home's recording, read whole."""

    name: str  # of the home, as ids are: `kasteren-b`
    zone: str
    spans: list[Span]
    names: dict[int, str]  # what the recording calls its sensors; some it does not name


class Numbered(NamedTuple):
    """A line of a recording's file, and where it stands, for a complaint."""

    text: str
    where: str


def lines_of(path: Path) -> Iterator[Numbered]:
    """Return the lines that say something; CaptureError where the file cannot be read as text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise CaptureError(f"{path}: is no text file (byte {error.start} is not UTF-8)") from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield Numbered(line, f"{path}, line {number}")


def read_names(path: Path) -> dict[int, str]:
    """Read a file of sensor names, `12<tab>Front door`; CaptureError names the line that is none."""
    names = {}
    for line in lines_of(path):
        number, _, name = line.text.strip().partition("\t")
        if not number.isdigit() or not name.strip():
            raise CaptureError(
                f"{line.where}: '{line.text.strip()}' names no sensor; expected a number, a tab and a name"
            )
        names[int(number)] = name.strip()
    return names


def home_name(form: str, spans: Path) -> str:
    """Return the home's id by the recording's file: `houseB-ss.txt` of kasteren is `kasteren-b`."""
    stem = spans.name.partition(".")[0].removesuffix("-ss").lower().removeprefix("house")
    kept = "".join(character if character.isalnum() else "-" for character in stem).strip("-")
    return f"{form}-{kept}" if kept else form
