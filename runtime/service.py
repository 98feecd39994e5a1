"""A service is a group of tasks that live and die together.

One TaskGroup runs them all; the first to fail ends the others, and the process with them, so that nothing
half alive goes on looking healthy: whoever started it starts it again. SIGTERM and SIGINT ask for a clean
end: tasks are cancelled, and drain in their own `finally`.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


async def run_together(name: str, **tasks: Coroutine[Any, Any, None]) -> None:
    """Run the named tasks until one fails or the process is asked to stop; a failure is raised."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop.set)
    log.info("started", action="start", service=name)
    try:
        async with asyncio.TaskGroup() as group:
            for label, task in tasks.items():
                group.create_task(task, name=f"{name}:{label}")
            group.create_task(_until(stop), name=f"{name}:signals")
    except* _Stopped:
        log.info("stopped", action="stop", service=name)


class _Stopped(Exception):  # noqa: N818 - not an error: how a wish to stop travels through the TaskGroup
    """The process was asked to stop."""


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _Stopped
