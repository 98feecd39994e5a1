"""What the tests need is found or fetched, in that order, and what is missing is named."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import chromium, mosquitto, prepare
from tests.mosquitto import Mosquitto

ROOT = Path(__file__).parents[2]


def _tries(monkeypatch: pytest.MonkeyPatch, *, works_with: str | None) -> list[str]:
    """Let Chromium start only once it was brought in the given way; return the list of ways that were tried."""
    tried: list[str] = []

    def way(name: str) -> Callable[[], bool]:
        return lambda: tried.append(name) is None

    for name in ("_nothing", "_install_chromium", "_fetch_chromium"):
        monkeypatch.setattr(prepare, name, way(name))

    async def version() -> str | None:
        return "150.0" if tried[-1] == works_with else None

    monkeypatch.setattr(prepare, "_browser_version", version)
    monkeypatch.setattr(prepare, "_prepare_mosquitto", lambda: None)
    return tried


@pytest.mark.parametrize(
    ("works_with", "expected"),
    [
        ("_nothing", ["_nothing"]),
        ("_install_chromium", ["_nothing", "_install_chromium"]),
        ("_fetch_chromium", ["_nothing", "_install_chromium", "_fetch_chromium"]),
    ],
)
def test_chromium_is_the_systems_else_installed_else_playwrights(
    monkeypatch: pytest.MonkeyPatch, works_with: str, expected: list[str]
) -> None:
    tried = _tries(monkeypatch, works_with=works_with)
    assert prepare.main() == 0
    assert tried == expected


def test_where_chromium_is_not_to_be_had_the_run_names_it_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _tries(monkeypatch, works_with=None)
    assert prepare.main() == 1
    assert "The browser tests need Chromium: install it" in capsys.readouterr().out


def test_where_mosquitto_is_not_to_be_had_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _tries(monkeypatch, works_with="_nothing")
    assert prepare.main() == 0
    assert "Mosquitto: not to be had here; its tests will be named as not run." in capsys.readouterr().out


def test_a_stub_that_only_tells_how_to_install_chromium_is_no_chromium(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\necho 'Command requires the chromium snap.' >&2\nexit 10\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.find() is None
    assert "executable_path" not in chromium.launch_options()


def test_tests_that_want_of_mosquitto_kept_from_running_are_named_in_the_very_last_line(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import *\nimport tests.mosquitto as second\nsecond.find = lambda: None\n"
    )
    (tmp_path / "test_house.py").write_text(
        "import pytest\n"
        "@pytest.mark.mosquitto\ndef test_a_second_broker(mosquitto): pass\n"
        "@pytest.mark.mosquitto\ndef test_its_queue(mosquitto): pass\n"
        "def test_else(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == (
        "Not run, as Mosquitto could be neither found nor installed:"
        " test_house.py::test_a_second_broker, test_house.py::test_its_queue"
    )


@pytest.mark.mosquitto
async def test_mosquitto_answers_at_its_address_and_again_after_a_crash(tmp_path: Path) -> None:
    program = mosquitto.find()
    if program is None:
        pytest.skip("Mosquitto is not here; `python -m tests.prepare` tries to fetch it")
    broker = Mosquitto(program, tmp_path)
    await broker.start()
    broker.kill()
    await broker.start()
    assert await broker._answers()
    await broker.stop()
    assert not await broker._answers()
