"""`telecare people`: calm where all is well, one line and status 2 where it is not, and no private word either way."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from telecare.people import app

EXAMPLE = Path(__file__).parents[1] / "schema" / "people.yaml"


@pytest.fixture
def telecare(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Give the command, on a database of this test's own."""
    monkeypatch.setenv("TELECARE_DATABASE_URL", database_url)
    return CliRunner()


def run(telecare: CliRunner, *words: str) -> Result:
    return telecare.invoke(app, list(words))


def people_in(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        return [row[0] for row in connection.execute("select id from people order by id").fetchall()]


def test_loading_counts_what_it_did_and_again_says_that_all_was_so(telecare: CliRunner, database_url: str) -> None:
    first = run(telecare, "load", str(EXAMPLE), "--by", "installer")
    assert first.exit_code == 0, first.output
    assert "people.yaml: loaded." in first.output
    assert "devices" in first.output
    assert people_in(database_url) == ["ada"]
    again = run(telecare, "load", str(EXAMPLE))
    assert again.exit_code == 0
    assert "nothing to change, everything was already so" in again.output


def test_who_loaded_stands_in_the_audit(telecare: CliRunner, database_url: str) -> None:
    run(telecare, "load", str(EXAMPLE), "--by", "installer")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select distinct actor from audit").fetchall() == [("installer",)]


def test_a_mistake_gets_one_line_and_status_2_and_loads_nothing(
    telecare: CliRunner, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(EXAMPLE.read_text().replace("longer_than: 20m", "longer_than: soon"))
    for command in ("load", "check"):
        result = run(telecare, command, str(file))
        assert result.exit_code == 2
        assert (
            "people.yaml, line 63: rule 'bed_exit': longer_than is 'soon'; expected for example 30s, 20m, 4h or 2d. "
            "Nothing was loaded."
        ) in result.output
        assert "Traceback" not in result.output
    assert people_in(database_url) == []


def test_what_only_the_database_can_tell_is_told_with_its_line(telecare: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("people:\n  - {id: bert, name: Bert, home: home-0001}\n")
    refused = run(telecare, "load", str(file))
    assert refused.exit_code == 2
    assert "one.yaml, line 2: person 'bert': home 'home-0001' is not known" in refused.output
    run(telecare, "load", str(EXAMPLE))
    assert run(telecare, "load", str(file)).exit_code == 0


def test_a_check_needs_no_database_and_loads_nothing(telecare: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECARE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    result = run(telecare, "check", str(EXAMPLE))
    assert result.exit_code == 0
    assert "people.yaml: in order. 1 person, 1 home with 10 devices, 2 policies, 1 team." in " ".join(
        result.output.split()
    )


def test_the_list_names_people_by_their_ids_alone(telecare: CliRunner) -> None:
    assert "Nobody yet" in run(telecare, "list").output
    run(telecare, "load", str(EXAMPLE))
    result = run(telecare, "list")
    assert result.exit_code == 0
    assert "ada" in result.output
    assert "version 1" in result.output
    for private in ("Ada", "Grace", "Example Road", "4821", "+44"):
        assert private not in result.output


def test_a_database_that_is_away_is_said_in_one_line(telecare: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECARE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    result = run(telecare, "load", str(EXAMPLE))
    assert result.exit_code == 2
    assert "the database cannot be reached" in result.output
    assert "Nothing was changed." in result.output


def test_no_database_at_all_says_what_to_do(
    telecare: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TELECARE_DATABASE_URL")
    monkeypatch.setenv("TELECARE_DATA_DIR", str(tmp_path))
    result = run(telecare, "list")
    assert result.exit_code == 2
    assert "No embedded database runs" in result.output


def test_a_database_without_tables_says_to_migrate(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECARE_DATABASE_URL", empty_database_url)
    result = run(CliRunner(), "load", str(EXAMPLE))
    assert result.exit_code == 2
    assert "run telecare migrate" in result.output
