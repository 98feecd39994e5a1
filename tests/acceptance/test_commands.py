"""Bad input on every command: exit status 2, one clear line, nothing changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BAD_INPUT = {
    "demo, no such people": ["demo", "--people", "nowhere.yaml"],
    "demo, people with a mistake": ["demo", "--people", "mistake.yaml"],
    "demo, an option it does not have": ["demo", "--homes", "12"],
    "gateway, no database": ["gateway"],
    "monitor, no database": ["monitor"],
    "alerting, no database": ["alerting"],
    "migrate, no database": ["migrate"],
    "healthy, no such room": ["healthy", "kitchen"],
    "people load, no such file": ["people", "load", "nowhere.yaml"],
    "people load, a mistake": ["people", "load", "mistake.yaml"],
    "people check, not text": ["people", "check", "binary.yaml"],
    "simulate, no such people": ["simulate", "--people", "nowhere.yaml"],
    "simulate, an impossible speed": ["simulate", "--people", "good.yaml", "--speed", "-3"],
    "device, no such kind": ["device", "home-1", "pendant-1", "trumpet", "pressed"],
    "device, no such value": ["device", "home-1", "pendant-1", "button", "blown"],
    "device, a space in the topic": ["device", "home 1", "pendant-1", "button", "pressed"],
    "capture, no such format": ["capture", "gramophone", "mistake.yaml"],
    "capture, no such file": ["capture", "kasteren", "nowhere.txt"],
    "capture, not a recording": ["capture", "kasteren", "mistake.yaml"],
    "replay, no such capture": ["replay", "nowhere.jsonl", "--people", "good.yaml"],
    "replay, a bad line": ["replay", "bad.jsonl", "--people", "good.yaml", "--in-memory"],
    "replay, no people": ["replay", "bad.jsonl"],
    "no such command": ["telephone"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mistake.yaml").write_text("homes:\n  - {id: home-1, zone: Europe/Nowhere, devices: []}\n")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "good.yaml").write_text("homes:\n  - {id: home-1, zone: Europe/London, devices: []}\n")
    (tmp_path / "bad.jsonl").write_text('{"at": "yesterday", "topic": "homes/home-1/x", "payload": {}}\n')
    return tmp_path


@pytest.mark.parametrize("arguments", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_refused_in_one_line(arguments: list[str], folder: Path) -> None:
    before = sorted(folder.iterdir())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECARE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "telecare", *arguments],
        cwd=folder,
        env={**environment, "TELECARE_DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = ended.stderr.strip().splitlines()
    assert ended.returncode == 2, ended.stderr
    assert len(said) == 1, ended.stderr
    assert "Traceback" not in said[0]
    assert len(said[0]) > 20, "a line says what was wrong"
    assert not ended.stdout.strip()
    assert sorted(folder.iterdir()) == before, "nothing was written"


@pytest.mark.parametrize("command", ["", "people", "people load", "demo", "replay", "capture", "simulate", "device"])
def test_every_command_explains_itself(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "telecare", *command.split(), "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "Usage:" in ended.stdout
