"""`make chaos`: break the service while it works, and see that it keeps its promises.

    python -m tests.chaos --kills 30 --minutes 2 [--seed N] [--rate 1000] [--folder DIR]
    python -m tests.chaos --scenario NAME [--minutes M]

Exits with 1 where a promise broke, having said which, where the logs are, and the one line that repeats the run.
"""

import argparse
import asyncio
import logging
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from runtime.logs import configure_logs
from schema.instants import SECOND
from tests.chaos import small_disk
from tests.chaos.report import Progress, table
from tests.chaos.run import Chaos, NotOpenError
from tests.chaos.scenarios import database_away, disk_full, links, play, poison

SCENARIOS = {
    "database-away": database_away.SCENARIO,
    "disk-full-broker": disk_full.BROKER,
    "disk-full-database": disk_full.DATABASE,
    "poison": poison.SCENARIO,
    "proxy": links.SCENARIO,
}


def main() -> int:
    """Run what is asked for, and return the exit status."""
    asked = _arguments()
    configure_logs("console", level=logging.ERROR)
    if asked.scenario and SCENARIOS[asked.scenario].disk and small_disk.PLACE not in os.environ:
        return _on_a_small_disk(SCENARIOS[asked.scenario].disk)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="telecare-chaos-"))
    progress = Progress()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            broken, said = runner.run(_played(asked, folder, progress))
        except* NotOpenError as errors:
            broken, said = [str(error) for error in errors.exceptions], ""
    progress.end()
    _say(said)
    if not broken:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    _say("\n- ".join(["\nBROKEN:", *broken]))
    _say(f"\nThe logs of all processes and the tables are in {folder}. To repeat it:\n  {_again(asked)}")
    return 1


def _on_a_small_disk(megabytes: int) -> int:
    """Run the same command again where there is a small disk; where there can be none, say so."""
    with tempfile.TemporaryDirectory(prefix="telecare-disk-") as folder:
        status = small_disk.within(small_disk.again(), Path(folder), megabytes)
    if status is None:
        _say("Not played: this machine lets nobody mount a small disk of their own (no user or mount namespaces).")
        return 0
    return status


async def _played(asked: argparse.Namespace, folder: Path, progress: Progress) -> tuple[list[str], str]:
    """Return what broke, and the table."""
    latest = round(asked.late * SECOND)
    if asked.scenario:
        scenario = SCENARIOS[asked.scenario]
        chaos, broken, more, figures = await play(
            scenario, asked.seed, asked.minutes, folder, progress.say, rate=asked.rate, latest=latest
        )
        return broken, table(chaos, figures, more)
    chaos = Chaos(asked.seed, asked.kills, asked.minutes or 2, asked.rate or 1000, latest=latest)
    verdict = await chaos.run(folder, progress.say)
    return verdict.broken, table(chaos, verdict.figures)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what this program is for


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30, help="how many processes are killed with kill -9")
    parser.add_argument("--minutes", type=float, default=0, help="for how long (2; a scenario's own)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="whose plan of kills and faults")
    parser.add_argument("--rate", type=int, default=0, help="readings a second (1000; a scenario's own)")
    parser.add_argument("--late", type=float, default=5, help="seconds a deadline may be late after recovery")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), help="one of the scenarios instead of the kills")
    parser.add_argument("--folder", type=Path, help="where data and logs go, instead of a temporary folder")
    return parser.parse_args()


def _again(asked: argparse.Namespace) -> str:
    """Return the one line that repeats the run."""
    what = f"--scenario {asked.scenario}" if asked.scenario else f"--kills {asked.kills}"
    minutes = f" --minutes {asked.minutes or 2:g}" if asked.minutes or not asked.scenario else ""
    rate = f" --rate {asked.rate}" if asked.rate else ""
    late = "" if asked.late == 5 else f" --late {asked.late:g}"
    return f"python -m tests.chaos {what}{minutes} --seed {asked.seed}{rate}{late}"


if __name__ == "__main__":
    sys.exit(main())
