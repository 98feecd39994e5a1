"""`python -m tests.simulation SEEDS`: live the worlds of these seeds, and say which promise did not hold in which.

SEEDS is `17`, `0-199` or several of these with commas. Exit status 1 where a promise did not hold, with the story
of the first such worlds and the line that repeats each.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.simulation.run import Outcome, told
from tests.simulation.server import own_server
from tests.simulation.workers import outcomes

_TOLD_AT_MOST = 3
_SAY_EVERY = 2.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and return the exit status."""
    asked = _parser().parse_args(arguments)
    seeds = asked.seeds
    failed: list[Outcome] = []
    with own_server() as url:
        progress = _Progress(len(seeds))
        for outcome in outcomes(url, seeds, asked.workers, keep_story=asked.story):
            progress.one(outcome)
            if asked.story and outcome.well:
                _write("\n".join(map(str, outcome.story)))
            if not outcome.well:
                failed.append(outcome)
                if len(failed) <= _TOLD_AT_MOST:
                    progress.clear()
                    _write(told(outcome))
        progress.done(failed)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=seeds_of, default=seeds_of("0-199"), metavar="SEEDS")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the work (1)")
    parser.add_argument("--story", action="store_true", help="tell the story of worlds in which all is well, too")
    return parser


def seeds_of(text: str) -> list[int]:
    """Return the seeds that `17`, `0-199` or `3,7,20-29` names; argparse's error where it names none."""
    try:
        spans = [part.partition("-") for part in text.split(",")]
        return [seed for first, _, last in spans for seed in range(int(first), int(last or first) + 1)]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' names no seeds; expected 17, 0-199 or 3,7,20-29") from None


class _Progress:
    """One line at a terminal, now and then a line elsewhere."""

    def __init__(self, seeds: int) -> None:
        self._seeds = seeds
        self._done = 0
        self._failed = 0
        self._cpu = 0.0
        self._began = self._said = time.monotonic()

    def one(self, outcome: Outcome) -> None:
        """Count one."""
        self._done += 1
        self._failed += not outcome.well
        self._cpu += outcome.seconds
        if time.monotonic() - self._said >= (_SAY_EVERY if sys.stderr.isatty() else 10 * _SAY_EVERY):
            self._say()

    def clear(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            sys.stderr.write("\n")

    def done(self, failed: list[Outcome]) -> None:
        """Say how it went."""
        self._say()
        self.clear()
        each = self._cpu / max(self._done, 1)
        took = time.monotonic() - self._began
        _write(f"{self._done} worlds in {took:.0f} s, {each:.2f} s of CPU each; {len(failed)} in which a promise broke")
        for outcome in sorted(failed)[:20]:
            _write(f"  make simulate SEEDS={outcome.seed}   # {outcome.violations[0].check}")

    def _say(self) -> None:
        self._said = time.monotonic()
        end = "\r" if sys.stderr.isatty() else "\n"
        failed = f", {self._failed} failed" if self._failed else ""
        sys.stderr.write(f"{self._done} of {self._seeds} worlds{failed}{end}")
        sys.stderr.flush()


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
