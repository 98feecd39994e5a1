"""A small disk that can be filled: a tmpfs in a mount namespace of our own, seen by nobody else, gone with us.

`within` runs a command again inside such a namespace: as root in one of its own, else with a user namespace besides.
Where the machine allows neither, it says so and the scenario cannot be played.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PLACE = "TELECARE_CHAOS_DISK"
"""Where the small disk is, in the environment of a command that runs within."""
_CHUNK = 1 << 16


def within(command: Sequence[str], folder: Path, megabytes: int) -> int | None:
    """Run the command with a small disk mounted in the folder; return its exit status, None where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o size={megabytes}m,mode=700 tmpfs "$0" && exec "$@"'
    for flags in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        if flags[0] == "--mount" and os.geteuid() != 0:
            continue
        if _can(flags, folder):
            done = subprocess.run(
                ["unshare", *flags, "sh", "-c", mount, str(folder), *command],
                env={**os.environ, PLACE: str(folder)},
                check=False,
            )
            return done.returncode
    return None


def _can(flags: Sequence[str], folder: Path) -> bool:
    try:
        tried = subprocess.run(
            ["unshare", *flags, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def place() -> Path:
    """Return where the small disk is."""
    return Path(os.environ[PLACE])


def again() -> list[str]:
    """Return the command that is running, to be run within."""
    return [sys.executable, "-m", "tests.chaos", *sys.argv[1:]]


class Ballast:
    """A file that takes all the room there is, for as long as it is there."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ballast"

    def fill(self) -> int:
        """Take what room is left; return how many bytes that was."""
        with suppress(OSError), self._file.open("ab", buffering=0) as file:
            while file.write(b"\0" * _CHUNK) == _CHUNK:
                pass
        with suppress(OSError), self._file.open("ab", buffering=0) as file:
            while file.write(b"\0" * 512) == 512:
                pass
        return self._file.stat().st_size if self._file.exists() else 0

    def clear(self) -> None:
        """Give it back."""
        self._file.unlink(missing_ok=True)
