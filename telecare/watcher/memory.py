"""The watcher's file: all it knows, written whole or not at all, and never in the way of watching.

A file that cannot be read is begun anew, one that cannot be written is done without: both are said.
"""

import os
from pathlib import Path

import msgspec
import structlog

from telecare.watcher.judgement import Known

log = structlog.get_logger()


def file_of(data_dir: Path) -> Path:
    """Return where a watcher keeps what it knows."""
    return data_dir / "watcher.json"


def recalled(file: Path) -> Known:
    """Return what was known, or nothing where there is no file or none that can be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Known)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError) as error:
        log.warning("its file cannot be read; begun anew", action="recall", file=str(file), error=str(error))
    return Known()


class Memory:
    """Keeps what is known in the file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._failing = False

    def keep(self, known: Known) -> None:
        """Write it, on disk before this returns; where that cannot be, say so once and go on without."""
        fresh = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as opened:
                opened.write(msgspec.json.encode(known))
                opened.flush()
                os.fsync(opened.fileno())
            fresh.replace(self._file)
        except OSError as error:
            if not self._failing:
                log.warning("its file cannot be written; a restart would forget", action="keep", error=str(error))
            self._failing = True
        else:
            self._failing = False
