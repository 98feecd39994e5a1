"""Each home judged by limits that were chosen without it.

    python -m benchmarks.detection.left_out [--seed 1] [--moments 100] [--recordings FOLDER]

What a person's own life teaches is learned from their own past alone, in every figure. The limits for somebody unknown
(`monitor.baseline.LIMITS`) are the project's: here, for each home, they are chosen on the other two, by one rule, and
the home that was left out is judged by them. The rule: the shortest limit, in steps of ten minutes, at which the other
two together keep to 0.3 alarms a person-week from 08 to 22 and 0.6 round the clock; first for who is up, then for who
has just come in.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track

from benchmarks.detection.__main__ import RECORDINGS
from benchmarks.detection.alarms import Told, judged
from benchmarks.detection.judgement import after
from benchmarks.detection.lived import Life, live
from benchmarks.detection.planted import Outcome, forks_wanted, planted, play
from benchmarks.detection.recorded import SOURCES, Home, home
from monitor import baseline
from schema.instants import MINUTE, Duration
from schema.plans import CarePlan
from simulator.recommended import read_plan

STATES = {"up": baseline.UP, "back at the door": baseline.BACK}
CHOICES = {"up": range(130, 250, 10), "back at the door": range(60, 190, 10)}
KINDS = {"up": "silent", "back at the door": "door-inside"}


def main(words: list[str] | None = None) -> int:
    """Choose, judge and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.left_out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--recordings", type=Path, default=RECORDINGS)
    given = parser.parse_args(words)
    plan = read_plan()
    homes = [home(name, given.recordings / "homes") for name in SOURCES]
    print("| left out | state | limit chosen on the others | alarms at home, a week (08-22) | planted, median h |")
    print("|---|---|---|---|---|")
    for left in track(homes, "leaving out", console=Console(stderr=True)):
        chosen = choose([each for each in homes if each is not left], plan)
        with limits(chosen):
            for line in _judge(left, plan, chosen, given.moments, given.seed):
                print(line)
    return 0


def choose(homes: list[Home], plan: CarePlan) -> dict[str, Duration]:
    """Return the shortest limits, in microseconds, with which these homes together keep to the targets."""
    chosen = {name: CHOICES[name][-1] * MINUTE for name in STATES}
    for name in STATES:
        for minutes in CHOICES[name]:
            with limits({**chosen, name: minutes * MINUTE}):
                if _kept([_told(each, plan) for each in homes]):
                    chosen[name] = minutes * MINUTE
                    break
    return chosen


@contextmanager
def limits(chosen: dict[str, Duration]) -> Iterator[None]:
    """Let these be the limits for somebody unknown, and the least that is learned."""
    before = dict(baseline.LIMITS)
    for name, limit in chosen.items():
        bounds = before[STATES[name]]
        least, most = min(bounds.least, limit), max(bounds.most, limit)
        baseline.LIMITS[STATES[name]] = baseline.Limit(limit, least, most)
    try:
        yield
    finally:
        baseline.LIMITS.update(before)


def _kept(told: list[Told]) -> bool:
    weeks = sum(each.weeks for each in told)
    by_day = sum(len(each.at_home_by_day) for each in told) / weeks
    return by_day <= 0.3 and sum(len(each.at_home) for each in told) / weeks <= 0.6


def _told(recorded: Home, plan: CarePlan) -> Told:
    return judged(recorded, list(_lived(recorded, plan, []).said))


def _lived(recorded: Home, plan: CarePlan, moments: list[int]) -> Life:
    return asyncio.run(live(recorded, plan, moments, lambda: None))


def _judge(left: Home, plan: CarePlan, chosen: dict[str, Duration], moments: int, seed: int) -> Iterator[str]:
    told = _told(left, plan)
    rate = f"{len(told.at_home) / told.weeks:.2f} ({len(told.at_home_by_day) / told.weeks:.2f})"
    for name, kind in KINDS.items():
        what = planted([left], kind, moments, seed)
        life = _lived(left, plan, forks_wanted(what, left.name))
        outcomes: list[Outcome] = [play(life, each) for each in what]
        hours = after([each for each in outcomes if each.by_day])
        yield f"| {left.name} | {name} | {chosen[name] // MINUTE} min | {rate} | {median(hours):.2f} |"


if __name__ == "__main__":
    sys.exit(main())
