"""Fits the models of `monitor/impact_coefficients.json`, and shows how often windows are judged rightly.

    python -m benchmarks.falls [FOLDER] [--write] [--only NAME]

FOLDER holds the recordings (`../shared/data/falls`). Without `--write` nothing is changed: it prints the tables of
docs/falls.md, says whether the models of the house are those that come of the recordings, and exits with 1 where
they are not or a target is missed. `--write` writes the coefficients, the tables and the curves. About two minutes.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy comes in: matrices this small are slower on several

import msgspec  # noqa: E402 - after the threads are set
from rich.console import Console  # noqa: E402 - likewise

from benchmarks.falls import recordings, written  # noqa: E402 - likewise
from benchmarks.falls.beds import judged  # noqa: E402 - likewise
from benchmarks.falls.trial import KINDS, Progress  # noqa: E402 - likewise
from benchmarks.falls.work import Worked, shown, worked  # noqa: E402 - likewise
from monitor.impact_model import FILE, Coefficients  # noqa: E402 - likewise

DOCS = Path(__file__).parents[2] / "docs"


def main(arguments: Sequence[str]) -> int:
    """Fit, judge, print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.falls", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data/falls"))
    parser.add_argument("--write", action="store_true", help="write coefficients, tables and curves")
    parser.add_argument("--only", choices=[kind.name for kind in KINDS], help="one model alone; writes nothing")
    asked = parser.parse_args(arguments)
    try:
        read = recordings.read(asked.folder)
    except (OSError, ValueError, KeyError) as error:
        print(f"the recordings cannot be read: {error}", file=sys.stderr)
        return 2
    kinds = [kind for kind in KINDS if asked.only in (None, kind.name)]
    with _progress() as said:
        described = shown(read, said)
        done = [worked(kind, read, described, said) for kind in kinds]
    at_beds = asked.folder.parent / "homes" / "bed-exits"
    beds = judged(at_beds).said() if at_beds.is_dir() else ""
    print(f"{written.tables(done)}\n\n{beds}")
    faults = [fault for each in done for fault in each.missed()]
    if asked.write and not asked.only:
        _write(done, beds)
    else:
        faults += _differing(done)
    for fault in faults:
        print(f"{fault}; repeat with: .venv/bin/python -m benchmarks.falls {asked.folder}", file=sys.stderr)
    return 1 if faults else 0


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show on standard error what is being done: in place where somebody watches, else a line each."""
    if sys.stderr.isatty():
        with Console(stderr=True).status("reading") as status:
            yield status.update
    else:
        yield lambda said: print(said, file=sys.stderr, flush=True)


def _write(done: Sequence[Worked], beds: str) -> None:
    FILE.write_bytes(written.coefficients(done))
    (DOCS / "falls").mkdir(exist_ok=True)
    for each in done:
        (DOCS / "falls" / f"{each.kind.name}.svg").write_text(written.curves(each))
    page = DOCS / "falls.md"
    page.write_text(
        written.into(page.read_text() if page.exists() else "", f"{written.tables(done)}\n\n{beds}".rstrip())
    )


def _differing(done: Sequence[Worked]) -> list[str]:
    """Say which of the house's models do not come of these recordings by this script."""
    have = msgspec.json.decode(FILE.read_bytes(), type=Coefficients).models if FILE.exists() else {}
    return [
        f"the model '{each.kind.name}' of {FILE.name} is not what the recordings come to"
        for each in done
        if each.kind.name not in have or not written.alike(have[each.kind.name], each)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
