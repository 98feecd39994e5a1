"""`telecare doctor`: what is well, what wants an eye, what is wrong and what to do; status 1 when something is."""

import socket
from pathlib import Path

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from runtime.settings import Settings
from telecare import people
from telecare.broker_check import broker_checked
from telecare.checkup import settings_checked, watcher_checked
from telecare.doctor import doctor
from tests.conftest import BrokerAddress

EXAMPLE = Path(__file__).parents[1] / "schema" / "people.yaml"


def checkup() -> Result:
    app = typer.Typer()
    app.command()(doctor)
    return CliRunner().invoke(app, [])


def line(result: Result, about: str) -> str:
    return next(each for each in result.output.splitlines() if f"{about}:" in each)


@pytest.fixture
def whole(database_url: str, broker: BrokerAddress, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set everything that the doctor looks for."""
    monkeypatch.setenv("TELECARE_DATABASE_URL", database_url)
    monkeypatch.setenv("TELECARE_MQTT_URL", broker.url)
    monkeypatch.setenv("TELECARE_TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TELECARE_TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("TELECARE_TWILIO_FROM", "+447700900999")
    monkeypatch.setenv("TELECARE_PUBLIC_URL", "https://telecare.example")
    return database_url


def test_nothing_is_wrong_with_a_whole_house(whole: str) -> None:
    CliRunner().invoke(people.app, ["load", str(EXAMPLE)])
    result = checkup()
    assert result.exit_code == 0, result.output
    for about in ("Python", "database", "tables", "storage", "teams", "messages", "broker", "Twilio", "public address"):
        assert line(result, about).startswith("ok"), result.output
    assert "devices:" in result.output
    assert "never seen: home-0001/" in line(result, "devices")


def test_devices_and_messages_that_want_an_eye_are_named(whole: str) -> None:
    CliRunner().invoke(people.app, ["load", str(EXAMPLE)])
    with psycopg.connect(whole) as connection:
        connection.execute("insert into device_sightings select number, now() from devices")
        connection.execute(
            "update device_sightings s set last_seen_at = now() - interval '26 hours'"
            " from devices d where d.number = s.device and d.id = 'bed-1'"
        )
        connection.execute(
            "insert into rejected_messages (received_at, topic, home, reason, payload, size)"
            " select now() - interval '1 hour', 't', 'h', 'no JSON', ''::bytea, 0 from generate_series(1, 3)"
            " union all select now() - interval '25 hours', 't', 'h', 'long ago', ''::bytea, 0"
        )
    result = checkup()
    assert result.exit_code == 0
    assert "not seen for 25 hours: home-0001/bed-1 " in line(result, "devices")
    assert "3 not understood (1 homes): no JSON" in line(result, "messages")
    assert "long ago" not in result.output


def test_nobody_in_the_database_is_worth_a_look(whole: str) -> None:
    result = checkup()
    assert result.exit_code == 0
    assert "telecare people load FILE" in line(result, "people")


def test_what_wants_an_eye_is_said_without_a_private_word(whole: str, tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(
        EXAMPLE.read_text()
        .replace("2026-11-12", "2026-10-02")  # a review long passed,
        .replace("covers: [hub, bed,", "covers: [hub,")  # a rule that does not run,
        .replace(', phone: "+447700900122"', "")  # and a contact without a number
    )
    CliRunner().invoke(people.app, ["load", str(file)])
    output = checkup().output
    assert output.count("ada:") == 3
    for private in ("Ada", "Grace", "Sam", "Example Road", "4821", "+447700900111", "telecare:"):
        assert private not in output


def test_a_database_that_is_away_is_wrong(whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECARE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    result = checkup()
    assert result.exit_code == 1
    assert line(result, "database").startswith("wrong")
    assert line(result, "broker").startswith("ok"), "one fault hides no other check"


def test_tables_that_are_missing_are_wrong(
    whole: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELECARE_DATABASE_URL", empty_database_url)
    result = checkup()
    assert result.exit_code == 1
    assert "run telecare migrate" in line(result, "tables")


def test_a_changed_migration_is_wrong(whole: str) -> None:
    with psycopg.connect(whole) as connection:
        connection.execute("update migrations set digest = 'other'")
    result = checkup()
    assert result.exit_code == 1
    assert "was changed after it had been applied" in line(result, "tables")


def test_without_any_surroundings_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECARE_DATA_DIR", str(tmp_path))
    result = checkup()
    assert result.exit_code == 1
    assert "No embedded database runs" in line(result, "database")
    assert "No embedded broker runs" in line(result, "broker")
    assert line(result, "Twilio").startswith("look")


def test_half_a_twilio_account_is_wrong_and_so_is_one_that_cannot_reach_us() -> None:
    half = Settings(twilio_account_sid="AC1", public_url="https://t.example")
    assert [each.state for each in settings_checked(half)] == ["wrong", "ok"]
    unreachable = Settings(twilio_account_sid="AC1", twilio_auth_token="t", twilio_from="+447700900999")
    assert [each.state for each in settings_checked(unreachable)] == ["ok", "wrong"]


def test_a_broker_that_does_not_let_us_in_is_wrong(broker: BrokerAddress) -> None:
    answer = broker_checked(f"mqtt://{broker.user}:wrong@{broker.host}:{broker.port}")
    assert answer.state == "wrong"
    assert "does not let us in" in answer.what
    assert broker.password not in str(answer)


def test_a_port_where_nobody_listens_is_wrong() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = broker_checked(f"mqtt://127.0.0.1:{unused.getsockname()[1]}")
    assert (answer.state, "cannot be reached" in answer.what) == ("wrong", True)


def test_something_that_is_no_broker_is_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = broker_checked(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", seconds=0.5)
    assert (answer.state, "does not answer as a broker" in answer.what) == ("wrong", True)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "mqtt://127.0.0.1:abc", "mqtt://", "127.0.0.1:1883"])
def test_an_address_that_is_none_is_wrong(url: str) -> None:
    answer = broker_checked(url)
    assert (answer.state, answer.to_do) == ("wrong", "expected mqtt://user:password@host:port")


def test_who_would_be_told_of_a_blind_service_is_said() -> None:
    def said(**settings: str) -> tuple[str, str]:
        (found,) = watcher_checked(Settings(**settings))  # type: ignore[arg-type] # all of these are texts
        return found.state, found.what

    assert said() == ("look", "none is set here: a service that is blind tells nobody")
    assert said(watch_token="t") == ("look", "it presses and has nobody to tell")
    assert said(watch_token="t", heartbeat_url="https://beats.example")[0] == "look"
    state, what = said(watch_token="t", heartbeat_url="https://beats.example", watch_to="+447700900199")
    assert state == "ok"
    assert "900199" not in what


def test_when_a_canary_was_last_at_the_desk_is_said(whole: str) -> None:
    CliRunner().invoke(people.app, ["load", str(EXAMPLE)])
    assert "no canary's press has ever been at the desk" in line(checkup(), "canary")
    with psycopg.connect(whole) as connection:
        connection.execute(
            "insert into alarms (subject_kind, subject, kind, rule, priority, canary, reason, onset, raised_at, due_at,"
            " recorded_at) values ('home', '_canary-1', 'button', 'button', 'life', true, '', now(), now(), now(),"
            " now() - interval '20 seconds')"
        )
    assert line(checkup(), "canary").startswith("ok")
    with psycopg.connect(whole) as connection:
        connection.execute("update alarms set recorded_at = now() - interval '10 minutes'")
    assert "none has been at the desk for 10 min" in line(checkup(), "canary")
