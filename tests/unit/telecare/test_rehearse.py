"""`telecare rehearse`: a draft tried on somebody's days, from the command line."""

import asyncio
import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from benchmarks.lived_history import BEGINS, lived, store
from schema.instants import DAY
from schema.rehearsals import Draft
from telecare.__main__ import app
from telecare.rehearsing import everybody, one

DRAFT = """\
care_plan:
  rules:
    - {rule: inactivity, id: quiet-by-day, longer_than: 25m}
"""
UNTIL = BEGINS + 2 * DAY


def run(url: str, *arguments: str) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELECARE_DATABASE_URL", url)
        result = CliRunner().invoke(app, ["rehearse", *arguments])
    refused = getattr(result.exception, "exit_code", None)
    return (refused or result.exit_code), result.output + str(getattr(result.exception, "message", ""))


def lived_in(url: str, homes: int) -> None:
    async def storing() -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await store(connection, lived(UNTIL), homes)

    asyncio.run(storing())


def test_a_fault_in_the_draft_names_file_line_and_what_was_expected(tmp_path: Path, database_url: str) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(DRAFT.replace("25m", "soon"))
    status, said = run(database_url, "p-101", "--plan", str(draft))
    assert status == 2
    assert "draft.yaml, line 3: rule 'inactivity'" in said
    assert "expected for example 30s, 20m" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("nobody",), "there is no person 'nobody'"), ((), "name one person"), (("p-1", "--all"), "name one person")],
)
def test_what_cannot_be_meant_is_refused_in_a_line(database_url: str, arguments: tuple[str, ...], words: str) -> None:
    status, said = run(database_url, *arguments)
    assert status == 2
    assert words in said


def test_each_look_at_a_person_is_audited_and_the_answer_is_readable(tmp_path: Path, database_url: str) -> None:
    lived_in(database_url, 1)
    draft = tmp_path / "draft.yaml"
    draft.write_text(DRAFT)
    status, said = run(database_url, "p-101", "--plan", str(draft), "--json", "--by", "jo")
    assert status == 0, said
    found = json.loads(said)
    assert found["person"] == "p-101"
    assert "the draft would have raised" in run(database_url, "p-101", "--plan", str(draft))[1]
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select actor, action, person from audit where action = 'rehearsed'").fetchall()
    assert rows == [("jo", "rehearsed", "p-101"), ("command line", "rehearsed", "p-101")]


def test_everybody_is_rehearsed_as_each_would_be_alone(database_url: str) -> None:
    lived_in(database_url, 3)
    together = {found.person: found for found, total in everybody(database_url, Draft(), 2, "x", UNTIL) if total == 3}
    assert together.keys() == {"p-101", "p-101-1", "p-101-2"}
    alone = asyncio.run(one(database_url, "p-101-1", Draft(), 2, "x", UNTIL))
    assert alone == together["p-101-1"]
    assert alone.readings > 500
