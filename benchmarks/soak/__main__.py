"""`make soak MINUTES=60`: an hour of life, and every process's memory flat.

    python -m benchmarks.soak [--minutes 60] [--rate 1000] [--homes 500] [--plot soak.svg] [--out soak.json]
                              [--database-away MINUTES] [--leak ROOM=MB_AN_HOUR] [--folder FOLDER]

Gateway, monitor, alerting, database and broker run as processes of their own, fsync on. Prints one line while it
runs, then a table; writes soak.json and a plot. Exits with 1 where a process grows beyond doubt by more than the
allowance, a reading is lost or doubled, a press is not one alarm, or the rate is not held. The warm-up, a sixth of
the time and ten minutes at most, is not judged; in less than half an hour the database's connections are still filling
their caches, to some 7 MB each, and are said to grow. `--leak` has a room leak on purpose, to see that it is found.
`--database-away` kills the database for so many minutes: then the gateway's memory and the backlog are judged.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.soak.report import as_json, faults, picture, table
from benchmarks.soak.run import Plan, SoakError, run
from runtime.embedded import EmbeddedError


def main(words: list[str] | None = None) -> int:
    """Run, report, and return the exit status."""
    given = _arguments(words)
    if not sys.platform.startswith("linux"):
        print("the soak reads memory from /proc, which only Linux has", file=sys.stderr)
        return 2
    leaks = {room: float(rate) for room, _, rate in (leak.partition("=") for leak in given.leak)}
    plan = Plan(given.minutes, given.rate, given.homes, given.seed, leaks, given.database_away)
    with tempfile.TemporaryDirectory(prefix="telecare-soak-", ignore_cleanup_errors=True) as scratch:
        try:
            course, samples = asyncio.run(run(plan, given.folder or Path(scratch)))
        except (SoakError, EmbeddedError) as error:
            print(f"\n{error}\nrepeat with: {_again(given)}", file=sys.stderr)
            return 1
    verdicts = samples.verdicts(course.warm_up, course.minutes * 60)
    found = faults(course, samples, verdicts)
    given.out.write_text(json.dumps(as_json(course, samples, verdicts, found), indent=1) + "\n")
    given.plot.write_text(picture(course, samples, verdicts))
    print(f"\n{table(course, samples, verdicts)}\n\nwritten: {given.out}, {given.plot}")
    for fault in found:
        print(f"BROKEN: {fault}", file=sys.stderr)
    if found:
        print(f"repeat with: {_again(given)}", file=sys.stderr)
    return 1 if found else 0


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="an hour of life, memory flat")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=1000.0, help="readings a second")
    parser.add_argument("--homes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=Path("soak.svg"))
    parser.add_argument("--out", type=Path, default=Path("soak.json"))
    parser.add_argument("--folder", type=Path, default=None, help="for database, broker and logs; kept")
    parser.add_argument("--leak", action="append", default=[], metavar="ROOM=MB_AN_HOUR")
    parser.add_argument("--database-away", type=float, default=0.0, metavar="MINUTES")
    return parser.parse_args(words)


def _again(given: argparse.Namespace) -> str:
    words = f"python -m benchmarks.soak --minutes {given.minutes:g} --rate {given.rate:g} --homes {given.homes}"
    words += f" --seed {given.seed}" + (f" --database-away {given.database_away:g}" if given.database_away else "")
    return words + "".join(f" --leak {leak}" for leak in given.leak)


if __name__ == "__main__":
    sys.exit(main())
