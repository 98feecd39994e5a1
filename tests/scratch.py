"""Where servers that live no longer than a run keep their files: in memory, where there is room for them.

A test's database is mostly files made and dropped: six hundred of them each time, which a disk's file system takes
five times as long over, however little of it is ever written.
"""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory; each folder in it is private
_ROOM = 3 * 2**30  # a run's two servers have used 0.4 GB at most; containers often give 64 MB in all


def scratch_folder(prefix: str) -> Path:
    """Make a private folder, which whoever asked removes."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if _roomy(_MEMORY) else None))


def _roomy(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ROOM
