"""CPU by who used it: a process with all it has started, dead children among them."""

import psutil


def seconds(pid: int) -> float:
    """Return the CPU seconds, user and system, that the process and its children have used up to now."""
    process = psutil.Process(pid)
    used = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:  # ended just now: its parent has its times
            continue
        used += times.user + times.system
        # What waited-for children used; the living are counted by themselves.
        used += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return used
