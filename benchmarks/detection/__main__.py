"""`make detection`: what the recommended plan raises on recorded homes, and whom it finds when something is planted.

    python -m benchmarks.detection [--seed 1] [--moments 500] [--plan FILE] [--recordings FOLDER] [--home NAME] [--list]

Through the real decoding and the real fold, as `telecare replay --in-memory`. Prints the plan, the tables, and each
target with what was measured. Exits with 1 where one is missed, and prints the line that repeats it; with 2 where
the recordings or the plan cannot be read.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.detection import report
from benchmarks.detection.alarms import Told, judged
from benchmarks.detection.judgement import targets
from benchmarks.detection.lived import live
from benchmarks.detection.planted import KINDS, Outcome, Planted, forks_wanted, planted, play
from benchmarks.detection.recorded import SOURCES, Home, home
from schema.findings import Finding
from schema.localtime import local
from schema.plans import CarePlan
from simulator.capture.lines import CaptureError
from simulator.recommended import FILE, read_plan

HERE = Path(__file__).parent
RECORDINGS = Path(os.environ.get("TELECARE_RECORDINGS", HERE.parents[2] / "shared" / "data"))


class Found(NamedTuple):
    """All that was found."""

    homes: list[Home]
    told: list[Told]
    outcomes: list[Outcome]


def main(words: list[str] | None = None) -> int:
    """Measure, report, and return the exit status."""
    given = _arguments(words)
    try:
        plan = read_plan(given.plan)
        homes = [home(name, given.recordings / "homes") for name in given.home or SOURCES]
    except (CaptureError, OSError, yaml.YAMLError, msgspec.ValidationError, LookupError) as error:
        print(f"detection: {error}", file=sys.stderr)
        return 2
    found = measure(homes, plan, given.moments, given.seed)
    print(f"plan {given.plan.name}:")
    print("".join(f"  {line}\n" for line in given.plan.read_text().splitlines() if "rule:" in line))
    print(f"{report.recorded(found.told)}\n\n{report.beds_and_doors(found.told)}\n\n{report.planted(found.outcomes)}\n")
    if given.list:
        print(_listed(found))
    held = targets(found.told, found.outcomes)
    print("\n".join(str(each) for each in held))
    missed = [each for each in held if not each.met]
    again = f"python -m benchmarks.detection --seed {given.seed} --moments {given.moments}"
    print(f"\n{len(held) - len(missed)} of {len(held)} targets met; repeat with: {again}")
    return 1 if missed else 0


def measure(homes: list[Home], plan: CarePlan, moments: int, seed: int) -> Found:
    """Live through each home once, fork it at every planted moment, and judge what was said."""
    what = [each for kind in KINDS for each in planted(homes, kind, moments, seed)]
    told, outcomes = list[Told](), list[Outcome]()
    columns = TextColumn("{task.description:<34}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for each in homes:
            bar = progress.add_task(f"{each.name}: lived through", total=len(each.lines))
            life = asyncio.run(live(each, plan, forks_wanted(what, each.name), lambda bar=bar: progress.advance(bar)))  # type: ignore[misc]
            told.append(judged(each, list(life.said)))
            mine = [one for one in what if one.home == each.name]
            bar = progress.add_task(f"{each.name}: planted", total=len(mine))
            for one in mine:
                outcomes.append(play(life, one))
                progress.advance(bar)
    return Found(homes, told, outcomes)


def _listed(found: Found) -> str:
    zones = {each.name: each.captured.zone for each in found.homes}

    def lines(title: str, what: str) -> str:
        return report.listed(
            title, [(one.home, _at(each, zones[one.home]), each) for one in found.told for each in getattr(one, what)]
        )

    parts = (
        ("about a person at home:", "at_home"),
        ("while away:", "while_away"),
        ("soft checks:", "soft"),
        ("where nobody wrote anything down:", "unlabelled"),
    )
    late = [each for each in found.outcomes if each.planted.kind != "hub" and _late(each)]
    return "\n".join([*(lines(*part) for part in parts), "found late or never:", *(_one(each, zones) for each in late)])


def _at(finding: Finding, zone: str) -> str:
    return local(finding.raised_at, zone).strftime("%Y-%m-%d %a %H:%M")


def _late(outcome: Outcome) -> bool:
    return outcome.found_after is None or outcome.found_after > 12 * 3_600_000_000


def _one(outcome: Outcome, zones: dict[str, str]) -> str:
    what: Planted = outcome.planted
    at = local(what.at, zones[what.home]).strftime("%Y-%m-%d %a %H:%M:%S")
    hours = "never" if outcome.found_after is None else f"{outcome.found_after / 3_600_000_000:.2f} h"
    return f"  {what.kind} {what.home} {at}: {hours} {outcome.rule}"


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description="false alarms and who is found")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=500, help="of each kind, over all homes")
    parser.add_argument("--plan", type=Path, default=FILE, help="YAML with `rules:` as in a people file")
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, help="the folder that holds homes/")
    parser.add_argument("--home", action="append", choices=sorted(SOURCES), help="only this one")
    parser.add_argument("--list", action="store_true", help="every finding, and whoever is found late")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
