"""A room of the service that leaks on purpose, to see that the soak says so.

python -m benchmarks.soak.leaking MB_AN_HOUR gateway|monitor|alerting
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Any

from runtime import service

_EVERY_SECONDS = 0.25
_PIECE = 4096
_kept: list[bytes] = []


async def _leak(bytes_a_second: float) -> None:
    owed = 0.0
    while True:
        owed += bytes_a_second * _EVERY_SECONDS
        while owed >= _PIECE:
            _kept.append(os.urandom(_PIECE))  # a constant would be one object, kept a thousand times
            owed -= _PIECE
        await asyncio.sleep(_EVERY_SECONDS)


def main(megabytes_an_hour: float, command: list[str]) -> None:
    """Run the command of the front door with one task more, which keeps what it should let go."""
    together = service.run_together

    async def with_a_leak(name: str, **tasks: Coroutine[Any, Any, None]) -> None:
        await together(name, **tasks, leak=_leak(megabytes_an_hour * 1e6 / 3600))  # type: ignore[arg-type] # no patience set

    service.run_together = with_a_leak  # type: ignore[assignment] # before any room imports it
    from telecare.__main__ import main as front_door  # noqa: PLC0415 - see above

    sys.argv[1:] = command
    front_door()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
