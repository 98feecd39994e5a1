"""What each broker can lose of what it has acknowledged: measured, for docs/guarantees.md and docs/operations.md.

    python -m benchmarks.broker_loss [--rounds 3] [--backlog 20000] [--out broker_loss.json]

A session is away; 1,000 messages are published to it at QoS 1, and 12 s later 1,000 more; as the last is acknowledged
the broker is killed with `kill -9`, started again, and what the session is given is counted: of the last thousand,
and of the first. For a *power cut* the broker keeps its files on a small disk of its own (a file with ext4 in it):
what has reached that file at that instant is all that a real disk would have. That needs root and loop devices;
without them it is said to be not measured. The worst of the rounds counts. Speed is of one publisher with at most 50
messages on their way, with nothing waiting at the broker and behind a backlog.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

import aiomqtt

from benchmarks.soak.hub import Hub
from runtime.embedded import EmbeddedBroker
from tests import mosquitto
from tests.mosquitto import KEEPS_EACH_CHANGE, Mosquitto

MESSAGES = 1000
TOPIC = "homes/loss/bed-1"
_WINDOW = 50
_DISK_MB = 96
_BETWEEN_SECONDS = 12.0
_PATIENCE_SECONDS = 60.0
_SILENCE_SECONDS = 4.5  # longer than NATS' ack_wait: then nothing more is to come

Broker = EmbeddedBroker | Mosquitto


class Configuration(NamedTuple):
    """A way to run a broker over a folder, and what it is called."""

    name: str
    make: Callable[[Path], Broker]


class Kept(NamedTuple):
    """Of 1,000 messages acknowledged just before, and of 1,000 acknowledged 12 s before."""

    last: int
    first: int


class Loss(NamedTuple):
    """What was measured of one configuration; None: not measured here."""

    name: str
    killed: Kept
    power_cut: Kept | None
    a_second: float
    behind_backlog: float


def configurations() -> list[Configuration]:
    """Return those there are to measure; Mosquitto's where it is here."""
    found = [
        Configuration("NATS, sync_interval 2m", EmbeddedBroker),
        Configuration("NATS, sync_interval always", lambda folder: EmbeddedBroker(folder, sync_always=True)),
    ]
    program = mosquitto.find()
    if program is None:
        print("Mosquitto is not here (python -m tests.prepare tries to fetch it): NATS alone is measured")
        return found
    ways = {
        "Mosquitto, persistence as it comes": "autosave_interval 1800",
        "Mosquitto, autosave_interval 10": "autosave_interval 10",
        "Mosquitto, autosave_interval 1": "autosave_interval 1",
        "Mosquitto, autosave_on_changes 1": KEEPS_EACH_CHANGE,
    }
    return found + [
        Configuration(name, lambda folder, saving=saving: Mosquitto(program, folder, saving=saving))  # type: ignore[misc]
        for name, saving in ways.items()
    ]


async def measure(configuration: Configuration, rounds: int, backlog: int) -> Loss:
    """Measure one configuration."""
    killed = [await _killed(configuration) for _ in range(rounds)]
    cut = [await _power_cut(configuration) for _ in range(rounds)] if can_cut_power() else []
    empty, behind = await _speed(configuration, backlog)
    return Loss(configuration.name, _worst(killed), _worst(cut) if cut else None, empty, behind)


def _worst(rounds: Sequence[Kept]) -> Kept:
    return Kept(min(kept.last for kept in rounds), min(kept.first for kept in rounds))


async def _killed(configuration: Configuration) -> Kept:
    """Return what is there after `kill -9`."""
    with tempfile.TemporaryDirectory(prefix="telecare-loss-") as folder:
        broker = configuration.make(Path(folder))
        await broker.start()
        try:
            await _settle(broker)
            await _acknowledged(broker)
            broker.kill()
            await broker.restart()
            return await _count(broker)
        finally:
            await broker.stop()


async def _power_cut(configuration: Configuration) -> Kept:
    """Return what is there after the power went, at the instant of the last acknowledgement."""
    with tempfile.TemporaryDirectory(prefix="telecare-loss-") as folder:
        disk, later = Path(folder) / "disk", Path(folder) / "later"
        _make_disk(disk)
        async with _mounted(disk) as mounted:
            broker = configuration.make(mounted)
            await broker.start()
            try:
                await _settle(broker)
                os.sync()  # what it has had for minutes is on disk; what it gets now is what counts
                await _acknowledged(broker)
                broker.kill()
                shutil.copyfile(disk, later)  # the disk as it is now: what is only in memory is not in it
            finally:
                await broker.stop()
        async with _mounted(later) as mounted:
            broker = configuration.make(mounted)
            await broker.start()
            try:
                return await _count(broker)
            finally:
                await broker.stop()


async def _speed(configuration: Configuration, backlog: int) -> tuple[float, float]:
    """Return messages acknowledged a second, with nothing waiting and behind the backlog (a minute's, at most)."""
    with tempfile.TemporaryDirectory(prefix="telecare-loss-") as folder:
        broker = configuration.make(Path(folder))
        await broker.start()
        try:
            await _settle(broker)
            empty = await _publish(broker, 0, MESSAGES)
            waiting, began = MESSAGES, monotonic()
            while waiting < backlog and monotonic() - began < _PATIENCE_SECONDS:
                await _publish(broker, 0, MESSAGES)
                waiting += MESSAGES
            return empty, await _publish(broker, 0, MESSAGES)
        finally:
            await broker.stop()


async def _settle(broker: Broker) -> None:
    """Make the session that will be away."""
    async with _session(broker) as session:
        await session.subscribe("homes/#", qos=1)


async def _acknowledged(broker: Broker) -> None:
    """Have the first thousand acknowledged, and 12 s later the last."""
    await _publish(broker, 0, MESSAGES)
    await asyncio.sleep(_BETWEEN_SECONDS)
    await _publish(broker, MESSAGES, MESSAGES)


async def _publish(broker: Broker, first: int, number: int) -> float:
    """Publish so many, numbered; return how many a second were acknowledged once all are."""
    hub = Hub(_url(broker), "loss-publisher")
    await hub.connect()
    listening = asyncio.create_task(hub.listen())
    began = monotonic()
    while hub.acknowledged < number:
        while hub.published < number and hub.published - hub.acknowledged < _WINDOW:
            hub.publish(TOPIC, str(first + hub.published).encode())
        await asyncio.sleep(0)
    took = monotonic() - began
    listening.cancel()
    hub.close()
    return number / took


async def _count(broker: Broker) -> Kept:
    """Return what the session is given, until nothing more comes."""
    seen = set[int]()
    async with _session(broker) as session:
        messages = aiter(session.messages)
        with suppress(TimeoutError):
            while len(seen) < 2 * MESSAGES:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    seen.add(int((await anext(messages)).payload))
    return Kept(sum(number >= MESSAGES for number in seen), sum(number < MESSAGES for number in seen))


@asynccontextmanager
async def _session(broker: Broker) -> AsyncIterator[aiomqtt.Client]:
    where = urlsplit(_url(broker))
    async with aiomqtt.Client(
        where.hostname or "",
        where.port or 0,
        username=where.username,
        password=where.password,
        identifier="loss-session",
        clean_session=False,
    ) as client:
        yield client


def _url(broker: Broker) -> str:
    return broker.gateway_url if isinstance(broker, EmbeddedBroker) else broker.url


def can_cut_power() -> bool:
    """Tell whether this machine lets us make and mount a disk of our own."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))):
        return False
    with tempfile.TemporaryDirectory(prefix="telecare-loss-") as folder:
        disk = Path(folder) / "disk"
        _make_disk(disk)
        mount = Path(folder) / "mount"
        mount.mkdir()
        if not _run(["mount", "-o", "loop", str(disk), str(mount)]):
            return False
        return _run(["umount", str(mount)])


def _make_disk(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(_DISK_MB * 1_000_000)
    _run(["mkfs.ext4", "-q", "-F", str(file)])


@asynccontextmanager
async def _mounted(disk: Path) -> AsyncIterator[Path]:
    mount = disk.with_name(disk.name + ".mount")
    mount.mkdir()
    if not _run(["mount", "-o", "loop", str(disk), str(mount)]):
        raise RuntimeError(f"{disk} cannot be mounted")
    try:
        yield mount
    finally:
        while not _run(["umount", str(mount)]):  # noqa: ASYNC110 - the broker's last file may be closing
            await asyncio.sleep(0.1)


def _run(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def table(losses: Sequence[Loss]) -> str:
    """Return the table as the docs have it."""
    lines = ["| broker | `kill -9`: of the last 1,000 / 12 s older | power cut | acknowledged/s | behind a backlog |"]
    lines.append("|---|---|---|---|---|")
    for loss in losses:
        cut = "not measured" if loss.power_cut is None else f"{loss.power_cut.last} / {loss.power_cut.first}"
        kept = f"{loss.killed.last} / {loss.killed.first}"
        lines.append(f"| {loss.name} | {kept} | {cut} | {loss.a_second:,.0f} | {loss.behind_backlog:,.0f} |")
    return "\n".join(lines)


async def _all(rounds: int, backlog: int, name: str) -> list[Loss]:
    wanted = [each for each in configurations() if name.lower() in each.name.lower()]
    found = []
    for number, each in enumerate(wanted, 1):
        print(f"{number} of {len(wanted)}: {each.name} ...", flush=True)
        found.append(await measure(each, rounds, backlog))
    return found


def _plain(loss: Loss) -> dict[str, object]:
    return {key: value._asdict() if isinstance(value, Kept) else value for key, value in loss._asdict().items()}


def main() -> int:
    """Measure all, print the table, write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broker_loss")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=20_000)
    parser.add_argument("--only", default="", help="configurations with these words in their name")
    parser.add_argument("--out", type=Path, default=Path("broker_loss.json"))
    given = parser.parse_args()
    losses = asyncio.run(_all(given.rounds, given.backlog, given.only))
    given.out.write_text(json.dumps([_plain(loss) for loss in losses], indent=1) + "\n")
    print(f"\n{table(losses)}\n\nbehind a backlog: {given.backlog:,} messages waiting, or what a minute allows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
