"""A replay with its progress shown on standard error, where somebody is watching."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulator.replay.run import Played, Ready, for_real
from simulator.replay.run import in_memory as play_in_memory


async def shown(what: Ready, speed: float | None, *, in_memory: bool) -> Played:
    """Play it, in memory or for real, under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        lines = progress.add_task("in memory" if in_memory else "through the real parts", total=len(what.lines))

        def played() -> None:
            progress.advance(lines)

        return await (play_in_memory(what, played) if in_memory else for_real(what, speed, played))
