"""`python -m tests.simulation.breakages [NAME...]`: break the house on purpose, and see each breakage noticed.

Each is applied to a copy of the house, in which worlds are lived until a promise breaks, 500 at most. Prints a table;
exit status 1 where one was not caught, or does not apply any more.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from tests.simulation.breakages import Breakage, all_of_them
from tests.simulation.server import own_server

HOUSE = Path(__file__).parents[3]
_ROOMS = ("schema", "runtime", "gateway", "monitor", "alerting", "tests/simulation")
_MOST = 500


class Caught(NamedTuple):
    """How a breakage fared; no seed: it was not noticed."""

    breakage: Breakage
    seed: int | None
    said: str  # the check that noticed, or why it was not tried
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them, and return the exit status."""
    asked = _parser().parse_args(arguments)
    unknown = sorted(set(asked.names) - {each.name for each in all_of_them()})
    if unknown:
        sys.stderr.write(f"There is no breakage called {', '.join(unknown)}.\n")
        return 2
    chosen = [each for each in all_of_them() if not asked.names or each.name in asked.names]
    missed = 0
    with own_server() as url, ThreadPoolExecutor(asked.workers) as pool:
        whole = _try(Breakage("nothing", "The house as it is must pass.", "schema/__init__.py", "", ""), url, "0-1")
        if whole.seed is not None:
            sys.stderr.write(f"The house is broken as it is: {whole.said} (make simulate SEEDS={whole.seed})\n")
            return 1
        tries = [pool.submit(_try, each, url, asked.seeds) for each in chosen]
        for number, tried in enumerate(as_completed(tries), 1):
            caught = tried.result()
            missed += caught.seed is None
            where = "NOT CAUGHT" if caught.seed is None else f"seed {caught.seed}"
            name, took = caught.breakage.name, caught.seconds
            sys.stdout.write(f"{number:3} of {len(chosen)}  {name:36} {where:>10} {took:6.0f} s  {caught.said}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - missed} of {len(chosen)} breakages were caught\n")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.breakages", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these (all)")
    parser.add_argument("--seeds", default=f"0-{_MOST - 1}", help=f"the worlds to live (0-{_MOST - 1})")
    parser.add_argument("--workers", type=int, default=1, help="how many to try side by side (1)")
    return parser


def _try(breakage: Breakage, url: str, seeds: str) -> Caught:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="telecare-broken-") as scratch:
        house = Path(scratch)
        why_not = _break(breakage, house)
        if why_not:
            return Caught(breakage, None, why_not, 0.0)
        verdict = _lived(house, url, seeds)
    said = verdict.get("check") or verdict.get("error") or f"not noticed in {verdict['lived']} worlds"
    return Caught(breakage, verdict.get("seed"), str(said), time.monotonic() - began)


def _break(breakage: Breakage, house: Path) -> str:
    """Copy the house, broken; return why it cannot be, if it cannot."""
    for room in _ROOMS:
        shutil.copytree(HOUSE / room, house / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("__init__.py", "scratch.py"):
        shutil.copy(HOUSE / "tests" / file, house / "tests" / file)
    file = house / breakage.file
    text = file.read_text() if file.exists() else ""
    times = text.count(breakage.old) if breakage.old else 1
    if times != 1:
        return f"does not apply any more: what it replaces stands {times} times in {breakage.file}"
    file.write_text(text.replace(breakage.old, breakage.new) if breakage.old else text)
    return ""


def _lived(house: Path, url: str, seeds: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.simulation.breakages.trial", url, seeds]
    environment = {**os.environ, "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"}
    lived = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    try:
        verdict: dict[str, Any] = json.loads(lived.stdout)
    except ValueError:
        verdict = {"error": f"could not be tried: {lived.stderr.strip()[-300:]}"}
    return verdict


if __name__ == "__main__":
    sys.exit(main())
