"""`make bench`: measures, prints a table, and writes bench.json.

    python -m benchmarks [--strict] [NAME ...]

NAME is a module of this folder that offers `measure` (`benchmarks.figure`); without one, all run. Exits with 1
where a promise broke meanwhile, and prints the one line that repeats it. A figure that missed its target is said
likewise, and ends with 1 only with `--strict`: a machine that others use as well is no fault of ours.
"""

import asyncio
import json
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from benchmarks.figure import BrokenPromiseError, Figure, Measure

MODULES = ("whole_path", "fold", "press", "keyed_operators", "rehearsal")
_COLUMNS = f"{'figure':<34}{'median':>10}{'min - max':>20}{'floor':>10}{'ratio':>7}{'min - max':>14}   unit; target"


class _Shown:
    """One module's progress, on standard error: a bar where somebody watches, else a line a step."""

    def __init__(self, bars: Bars, name: str) -> None:
        self._bars = bars
        self._name = name
        self._bar: TaskID | None = None
        self._begun = 0

    def expect(self, steps: int) -> None:
        self._bar = self._bars.add_task(self._name, total=steps)

    def step(self, what: str) -> None:
        if self._bar is None:
            self.expect(1)
        assert self._bar is not None
        self._bars.update(self._bar, completed=self._begun, description=f"{self._name}: {what}")
        self._begun += 1
        if self._bars.disable:
            print(f"{self._name}: {what}", file=sys.stderr, flush=True)

    def done(self) -> None:
        if self._bar is not None:
            self._bars.update(self._bar, completed=self._begun, total=self._begun, description=self._name)


def main(names: list[str]) -> int:
    """Measure what is named, or everything there is; return the exit status."""
    strict, names = "--strict" in names, [name for name in names if name != "--strict"]
    offered = [name for name in MODULES if find_spec(f"benchmarks.{name}")]
    unknown = [name for name in names if name not in offered]
    if unknown:
        print(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(offered)}", file=sys.stderr)
        return 2
    figures: dict[str, Figure] = {}
    broken: list[str] = []
    missed: list[str] = []
    console = Console(stderr=True)
    columns = TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Bars(*columns, console=console, disable=not sys.stderr.isatty()) as bars:
        for name in names or offered:
            shown = _Shown(bars, name)
            try:
                found = _run(import_module(f"benchmarks.{name}").measure, shown)
            except BrokenPromiseError as error:
                broken.append(f"a promise broke: {error}; repeat with: .venv/bin/python -m benchmarks {name}")
            else:
                figures |= found
                missed += [
                    f"missed: {key}, {figure.target}; repeat with: .venv/bin/python -m benchmarks {name}"
                    for key, figure in found.items()
                    if figure.missed
                ]
            shown.done()
    Path("bench.json").write_text(json.dumps({key: each.as_json() for key, each in figures.items()}, indent=2) + "\n")
    print(table(figures))
    for line in (*broken, *missed):
        print(line, file=sys.stderr)
    return 1 if broken or (strict and missed) else 0


def _run(measure: Measure, shown: _Shown) -> dict[str, Figure]:
    with tempfile.TemporaryDirectory(prefix="telecare-bench-") as folder:
        return asyncio.run(_awaited(measure, Path(folder), shown))


async def _awaited(measure: Measure, folder: Path, shown: _Shown) -> dict[str, Figure]:
    return await measure(folder, shown)


def table(figures: dict[str, Figure]) -> str:
    """Return the figures as people read them: each beside its floor and its target."""
    return "\n".join([_COLUMNS, *(_row(name, figure) for name, figure in figures.items())])


def _row(name: str, figure: Figure) -> str:
    values = [run.value for run in figure.runs]
    ratios = [run.ratio for run in figure.runs if run.ratio is not None]
    target = "" if figure.target is None else f"; {figure.target}: {'missed' if figure.missed else 'met'}"
    return (
        f"{name:<34}{_said(figure.value):>10}{_said(min(values)) + ' - ' + _said(max(values)):>20}"
        f"{_said(figure.floor):>10}{_said(figure.ratio, 2):>7}"
        f"{f'{min(ratios):.2f} - {max(ratios):.2f}' if ratios else '':>14}   {figure.unit}{target}"
    )


def _said(number: float | None, digits: int | None = None) -> str:
    if number is None:
        return ""
    if digits is not None:
        return f"{number:.{digits}f}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
