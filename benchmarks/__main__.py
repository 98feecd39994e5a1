"""`make bench`: measures, prints a table, and writes bench.json. Exits with 1 where a promise broke meanwhile."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import whole_path


def main() -> int:
    """Measure everything there is; about a minute and a half."""
    with tempfile.TemporaryDirectory(prefix="telecare-bench-") as folder:
        try:
            figures = {"readings_per_second": asyncio.run(whole_path.measure(Path(folder)))}
        except whole_path.BrokenPromiseError as error:
            print(f"{error}; repeat with: make bench", file=sys.stderr)
            return 1
    Path("bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(table(figures))
    return 0


def table(figures: dict[str, dict[str, Any]]) -> str:
    """Return the figures as people read them: each beside its floor."""
    lines = [f"{'figure':<24}{'value':>10}{'floor':>10}{'ratio':>8}   unit"]
    for name, figure in figures.items():
        numbers = f"{figure['value']:>10,}{figure['floor']:>10,}{figure['ratio']:>8.2f}"
        lines.append(f"{name:<24}{numbers}   {figure['unit']}")
        lines += [f"{'  run':<24}{run['value']:>10,}{run['floor']:>10,}" for run in figure["runs"]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
