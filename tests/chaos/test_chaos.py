"""A small chaos run, whole, by the command that people run; the large ones are `make chaos`."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.storm import LINKS, PARTS, plan

HOUSE = Path(__file__).parents[2]


def run(*arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "tests.chaos", *arguments]
    return subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.mark.timeout(240)
def test_whoever_is_killed_and_whichever_link_breaks_every_promise_holds(tmp_path: Path) -> None:
    """Lateness is measured, not judged, here: the machine is shared with other tests."""
    done = run("--kills", "8", "--minutes", "0.4", "--seed", "7", "--rate", "300", "--late", "60", seconds=230)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"\| `kill -9` \| 8 \(alerting \d, broker \d, database \d, gateway \d, monitor \d\) \|", done.stdout
    )
    assert "| acknowledged and lost from history, log | 0, 0 |" in done.stdout
    acknowledged = re.search(r"\| readings made, acknowledged, stored \| [\d,]+, ([\d,]+), ", done.stdout)
    assert acknowledged, done.stdout
    assert int(acknowledged[1].replace(",", "")) > 0.4 * 60 * 290


def test_a_seed_makes_one_plan_and_keeps_its_promise_of_kills() -> None:
    blows = plan(3, 300, 1200)
    assert blows == plan(3, 300, 1200)
    assert blows != plan(4, 300, 1200)
    killed = Counter(blow.target for blow in blows if blow.deed == "kill")
    assert killed == dict.fromkeys(PARTS, 60)
    assert {blow.target for blow in blows if blow.deed != "kill"} == set(LINKS)
    assert all(0 <= blow.at <= 1200 for blow in blows)


def test_bad_input_is_refused_in_one_line() -> None:
    done = run("--scenario", "rain", seconds=60)
    assert done.returncode == 2
    assert "rain" in done.stderr.splitlines()[-1]


@pytest.mark.timeout(200)
def test_a_message_nobody_can_take_and_a_rule_that_throws_hold_up_nobody(tmp_path: Path) -> None:
    """The other scenarios take minutes, or a disk of their own: they are run by the command alone."""
    done = run("--scenario", "poison", "--minutes", "0.3", "--seed", "1", "--late", "60", seconds=190)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule door_open failed and is set aside" in done.stdout
    assert done.stdout.count("the database refused it") == 2
