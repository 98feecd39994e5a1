"""The recorded falls: one recording of one activity each, in g, as the two sets have them.

Neither set belongs to the project, so they are read from a folder that is named on the command line. Whole recordings
are judged, not cut-outs around the fall: an impact may stand anywhere.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor.impact_window import Array

FOLDERS = {"SisFall": "sisfall-waist-50hz", "WEDA-FALL": "weda-wrist-50hz"}
GRAVITY = 9.80665
_COUNTS = 256.0


class Recording(NamedTuple):
    """One activity of one subject. `code` is F.. for a fall and D.. for daily living, as its set names them."""

    source: str
    worn: str
    subject: str
    older: bool
    code: str
    trial: str
    rate: float
    g: Array

    @property
    def fall(self) -> bool:
        """Tell whether it is a fall."""
        return self.code.startswith("F")


def read(folder: Path, every: int = 1) -> list[Recording]:
    """Return all recordings, or those of every so many files; FileNotFoundError says which set is missing."""
    for name in FOLDERS.values():
        if not (folder / name).is_dir():
            raise FileNotFoundError(f"{folder / name} is not there: expected the recordings of {name}")
    return [*_sisfall(folder / FOLDERS["SisFall"], every), *_weda(folder / FOLDERS["WEDA-FALL"], every)]


def _sisfall(folder: Path, every: int) -> Iterator[Recording]:
    """Read a file a subject: code, trial, i, x, y, z; counts of 1/256 g at 50 Hz. SE.. are aged 60 to 75."""
    for file in sorted(folder.glob("S*.csv.gz"))[::every]:
        subject = file.name.partition(".")[0]
        for (code, trial), rows in _grouped(file, "code", "trial").items():
            g = np.array([[float(row[axis]) for axis in "xyz"] for row in rows]) / _COUNTS
            yield Recording("SisFall", "waist", subject, subject.startswith("SE"), code, trial, 50.0, g)


def _weda(folder: Path, every: int) -> Iterator[Recording]:
    """Read a file an activity: user, trial, t_s, x, y, z; m/s2. Samples come in bursts, so their mean rate counts.

    U21 and above are aged 77 to 95.
    """
    for file in sorted(folder.glob("[DF]*.csv.gz"))[::every]:
        code = file.name.partition(".")[0]
        for (subject, trial), rows in _grouped(file, "user", "trial").items():
            g = np.array([[float(row[axis]) for axis in "xyz"] for row in rows]) / GRAVITY
            lasts = float(rows[-1]["t_s"]) - float(rows[0]["t_s"])
            rate = float(np.clip((len(rows) - 1) / lasts, 40, 60))
            yield Recording("WEDA-FALL", "wrist", subject, subject >= "U21", code, trial, rate, g)


def _grouped(file: Path, *keys: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    groups = defaultdict[tuple[str, ...], list[dict[str, str]]](list)
    with gzip.open(file, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            groups[tuple(row[key] for key in keys)].append(row)
    return groups
