"""The house itself: which room may lean on which, how large a room may grow, what may never be written.

`schema <- runtime <- {gateway, monitor, alerting} <- simulator <- telecare`, and the three services never
import each other. Walks the imports of every module as text, so that it needs nothing to run.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
SERVICES = ("gateway", "monitor", "alerting")
MAY_LEAN_ON = {
    "schema": set[str](),
    "runtime": {"schema"},
    **{service: {"schema", "runtime"} for service in SERVICES},
    "simulator": {"schema", "runtime"} | set(SERVICES),
    "telecare": {"schema", "runtime", "simulator"} | set(SERVICES),
}
LONGEST_FUNCTION = 70
LONGEST_FILE = 400
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "manager", "misc"}
PURE = [
    "monitor/person.py",
    "monitor/home.py",
    "monitor/watch.py",
    "monitor/stimuli.py",
    *(f"monitor/{name}.py" for name in ("fold", "roster", "facts", "agenda", "subjects", "faults", "rows", "presence")),
    "monitor/coverage.py",
    "monitor/coverage_devices.py",
    *(str(path.relative_to(HOUSE)) for path in sorted((HOUSE / "monitor").glob("impact*.py"))),
    *(str(path.relative_to(HOUSE)) for path in sorted((HOUSE / "monitor" / "rules").glob("*.py"))),
    *(str(path.relative_to(HOUSE)) for path in sorted((HOUSE / "gateway" / "dialects").glob("*.py"))),
    "gateway/stamp.py",
    "alerting/escalation.py",
    "alerting/rota.py",
]


def modules(*rooms: str) -> Iterator[Path]:
    for room in rooms or MAY_LEAN_ON:
        yield from sorted((HOUSE / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the top-level names a module imports, wherever in it the import stands."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides which room it leans on"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("room", MAY_LEAN_ON)
def test_dependence_runs_one_way(room: str) -> None:
    ours = set(MAY_LEAN_ON)
    for path in modules(room):
        leaning = (imported(path) & ours) - {room} - MAY_LEAN_ON[room]
        assert not leaning, f"{path.relative_to(HOUSE)} leans on {', '.join(sorted(leaning))}: not from {room}"


@pytest.mark.parametrize("name", PURE)
def test_the_core_is_pure(name: str) -> None:
    outside = imported(HOUSE / name) & {"asyncio", "psycopg", "paho", "socket", "os", "time", "random", "runtime"}
    assert not outside, f"{name} imports {', '.join(sorted(outside))}: the core takes everything as an argument"


def test_no_function_outgrows_a_screen() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= LONGEST_FUNCTION, f"{path.relative_to(HOUSE)}: {node.name} has {length} lines"


def test_no_room_outgrows_its_name() -> None:
    for path in modules():
        lines = len(path.read_text().splitlines())
        assert lines <= LONGEST_FILE, f"{path.relative_to(HOUSE)} has {lines} lines: move the walls"
        assert path.stem not in FORBIDDEN_NAMES, f"{path.relative_to(HOUSE)}: say what it is for"


def test_every_room_says_what_it_promises() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path.relative_to(HOUSE)} has no docstring"


def test_every_lint_exception_has_a_reason() -> None:
    for path in modules():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "# noqa" in line:
                named = re.search(r"# noqa: [A-Z0-9, ]+", line)
                assert named, f"{path.relative_to(HOUSE)}:{number}: a bare noqa"


def test_the_lock_file_names_no_index_and_hashes_everything() -> None:
    lock = (HOUSE / "requirements.lock").read_text()
    assert "://" not in lock
    pinned = re.findall(r"^[a-z0-9].*==", lock, re.MULTILINE)
    assert pinned
    for block in re.split(r"\n(?=[a-z0-9])", lock.strip()):
        assert "--hash=sha256:" in block, f"no hash: {block.splitlines()[0]}"


def test_only_fictional_telephone_numbers_are_in_the_house() -> None:
    """Ofcom sets +44 7700 900000 to 900999 aside for drama; anybody else's number might ring."""
    for pattern in ("*.py", "*.yaml", "*.md", "*.html"):
        for path in HOUSE.rglob(pattern):
            if ".venv" in path.parts or ".telecare" in path.parts:
                continue
            for number in re.findall(r"\+447\d{9}", path.read_text()):
                assert number.startswith("+447700900"), f"{path.relative_to(HOUSE)}: {number}"
