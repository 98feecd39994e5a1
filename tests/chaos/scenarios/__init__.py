"""Faults that want a stage of their own, each a scenario: what it does to the service, and what must hold."""

from collections.abc import Awaitable, Callable
from pathlib import Path

Say = Callable[[str], None]
Scenario = Callable[[Path, float, Say], Awaitable[list[str]]]
ALL: dict[str, Scenario] = {}


async def run(name: str, folder: Path, minutes: float, say: Say) -> list[str]:
    """Run one scenario; return what it broke, in sentences."""
    return await ALL[name](folder, minutes, say)
