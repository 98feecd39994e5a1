"""Memory and CPU of processes, as the kernel accounts for them.

What is judged is private anonymous memory, shared pages counted in part (`Pss_Anon`): what a process itself has
asked for and not given back. It leaves out programs and libraries, and PostgreSQL's shared buffers, which fill up
to their fixed size and are told apart (`Pss_Shmem`). Linux only.
"""

import os
from pathlib import Path
from typing import NamedTuple

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")


class Use(NamedTuple):
    """What a process uses: MB of 1,000,000 bytes, and seconds of CPU since it began."""

    own: float
    shared: float
    cpu: float


def use(pid: int) -> Use | None:
    """Return what the process uses, or None where it has just ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in rollup.splitlines()[1:])}
    cpu = (int(stat[11]) + int(stat[12])) / _TICKS
    return Use(fields["Pss_Anon"] * 1024 / 1e6, fields["Pss_Shmem"] * 1024 / 1e6, cpu)


def with_children(pid: int) -> dict[int, Use]:
    """Return what the process and each of those it started uses, by process id."""
    try:
        process = psutil.Process(pid)
        pids = [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return {}
    found = ((each, use(each)) for each in pids)
    return {each: known for each, known in found if known is not None}


def disk(folder: Path) -> float:
    """Return what the files below the folder take, in MB."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_blocks * 512 if path.is_file() else 0
        except FileNotFoundError:  # deleted as we looked
            continue
    return size / 1e6
