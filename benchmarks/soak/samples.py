"""What was seen every few seconds: the memory and CPU of each process, what the broker holds, how far the monitor is.

Of the database each backend is followed by itself, under the name of whom it serves, and all of them together.
"""

from collections import defaultdict
from typing import NamedTuple

from benchmarks.soak.judge import ALLOWANCE, OF_THE_DATABASE, Verdict, judged, verdict
from benchmarks.soak.memory import Use, disk, with_children
from benchmarks.soak.service import Service
from benchmarks.soak.stream import Held, Stream
from benchmarks.soak.tables import Tables
from runtime.database import GONE

EVERY_SECONDS = 5.0
_DISK_EVERY = 12  # samples: looking at many files costs


class Sample(NamedTuple):
    """One look; `uses` by service, the database's backends by name besides."""

    at: float
    uses: dict[str, Use]
    backends: dict[str, Use]
    held: Held
    behind: int | None
    broker_disk: float


class Samples:
    """Looks, and keeps what it saw."""

    def __init__(self, service: Service, stream: Stream, tables: Tables) -> None:
        self._service = service
        self._stream = stream
        self._tables = tables
        self._names: dict[int, str] = {}
        self._cpu_ended = 0.0
        self._cpu_seen: dict[int, float] = {}
        self.seen: list[Sample] = []

    async def look(self, at: float) -> Sample:
        """Take one sample, at so many seconds of the run."""
        pids = self._service.pids()
        database = pids.pop("database")
        uses = {name: _sum(with_children(pid)) for name, pid in pids.items()}
        processes = with_children(database)
        uses["database"] = self._with_the_ended(processes)
        backends = await self._named(processes, database)
        self.seen.append(
            Sample(at, uses, backends, await self._stream.held(), await self._behind(), self._broker_disk())
        )
        return self.seen[-1]

    def series(self, name: str, since: float, until: float) -> tuple[list[float], list[float]]:
        """Return times and private MB of a service or backend in that time."""
        found = [
            (sample.at, use.own)
            for sample in self.seen
            if since <= sample.at <= until and (use := (sample.uses | sample.backends).get(name)) is not None
        ]
        return [at for at, _ in found], [own for _, own in found]

    def verdicts(self, since: float, until: float) -> dict[str, Verdict]:
        """Judge each service, and each backend that was there for most of that time."""
        whole = [sample for sample in self.seen if since <= sample.at <= until]
        lived = defaultdict[str, int](int)
        for sample in whole:
            for name in (*sample.uses, *sample.backends):
                lived[name] += 1
        names = [name for name, times in lived.items() if times > len(whole) * 0.75 and judged(times)]
        allowed = {"database": OF_THE_DATABASE}
        return {name: verdict(*self.series(name, since, until), allowed.get(name, ALLOWANCE)) for name in names}

    def cpu(self, name: str, since: float) -> float:
        """Return the cores that a service used on average from `since` on."""
        whole = [sample for sample in self.seen if sample.at >= since]
        return (whole[-1].uses[name].cpu - whole[0].uses[name].cpu) / max(whole[-1].at - whole[0].at, 1e-9)

    async def _named(self, processes: dict[int, Use], postmaster: int) -> dict[str, Use]:
        if not set(processes) <= set(self._names):
            self._names |= await self._tables.backends()
        named = {}
        for pid, used in processes.items():
            name = "postmaster" if pid == postmaster else self._names.get(pid)
            if name is not None and "parallel" not in name and "autovacuum worker" not in name:
                named[f"database: {name} {pid}"] = used
        return named

    def _with_the_ended(self, processes: dict[int, Use]) -> Use:
        """Sum the processes; the CPU of those that have ended since they were last seen is not forgotten."""
        for pid in set(self._cpu_seen) - set(processes):
            self._cpu_ended += self._cpu_seen.pop(pid)
        self._cpu_seen |= {pid: used.cpu for pid, used in processes.items()}
        whole = _sum(processes)
        return whole._replace(cpu=whole.cpu + self._cpu_ended)

    async def _behind(self) -> int | None:
        try:
            return await self._tables.behind()
        except GONE:
            return None

    def _broker_disk(self) -> float:
        if len(self.seen) % _DISK_EVERY:
            return self.seen[-1].broker_disk
        return disk(self._service.data_dir / "broker")


def _sum(processes: dict[int, Use]) -> Use:
    return Use(*(sum(used[field] for used in processes.values()) for field in range(3)))
