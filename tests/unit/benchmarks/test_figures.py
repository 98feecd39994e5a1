"""What `python -m benchmarks` says: medians beside their floors, and a promise that broke ends with status 1."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import __main__ as bench
from benchmarks.figure import BrokenPromiseError, Figure, Progress, Run, Target

RUNS = (Run(50, 100), Run(900, 1000), Run(80, 100), Run(70, 100), Run(85, 100))


def test_a_figure_is_the_median_and_its_ratio_that_of_what_was_measured_side_by_side() -> None:
    figure = Figure("readings/s", RUNS)
    assert (figure.value, figure.floor, figure.ratio) == (80, 100, 0.8)
    assert Figure("ms", (Run(1), Run(3), Run(2))).floor is None


@pytest.mark.parametrize(
    ("target", "missed"),
    [
        (Target(at_least=0.8, ratio=True), False),
        (Target(at_least=0.81, ratio=True), True),
        (Target(at_most=80), False),
        (Target(at_most=79), True),
        (None, False),
    ],
)
def test_a_target_is_for_the_median_of_values_or_of_ratios(target: Target | None, missed: bool) -> None:  # noqa: FBT001
    assert Figure("readings/s", RUNS, target).missed is missed


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Figure("ms", RUNS, Target(at_most=80)), ""),
        (Figure("ms", RUNS, Target(at_most=79)), "missed: speed, at most 79; repeat with"),
        (BrokenPromiseError("of 9 readings 8 came"), "a promise broke: of 9 readings 8 came; repeat with"),
    ],
)
def test_what_breaks_is_said_with_the_line_that_repeats_it(
    found: Figure | BrokenPromiseError,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def measure(_: Path, progress: Progress) -> dict[str, Figure]:
        progress.expect(1)
        progress.step("measuring")
        if isinstance(found, BrokenPromiseError):
            raise found
        return {"speed": found}

    module = ModuleType("benchmarks.whole_path")
    module.measure = measure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchmarks.whole_path", module)
    monkeypatch.setattr("benchmarks.__main__.find_spec", lambda name: name == "benchmarks.whole_path" or None)
    monkeypatch.chdir(tmp_path)
    assert bench.main([]) == (1 if isinstance(found, BrokenPromiseError) else 0)
    assert bench.main(["--strict"]) == (1 if said else 0)
    error = capsys.readouterr().err
    assert said in error
    assert ("python -m benchmarks whole_path" in error) == bool(said)
    written = json.loads((tmp_path / "bench.json").read_text())
    if isinstance(found, Figure):
        assert (written["speed"]["value"], written["speed"]["floor"], written["speed"]["ratio"]) == (80, 100, 0.8)
        assert written["speed"]["runs"][0] == {"value": 50, "floor": 100}


def test_a_name_that_nothing_has_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["speed"]) == 2
    assert "no benchmark is named speed" in capsys.readouterr().err
