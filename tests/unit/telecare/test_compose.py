"""docker-compose.yml speaks of this code: every command, setting, port and file in it exists.

No container engine is needed to hold that; what only one could show is named in docs/operations.md.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from runtime.settings import Settings
from telecare.__main__ import app

HOUSE = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("telecare:")}
COMMANDS = set(getattr(get_command(app), "commands"))  # noqa: B009 - the base class does not type it


def test_the_services_of_the_design_are_there() -> None:
    assert {"nats", "database", "gateway", "monitor", "alerting"} <= set(SERVICES)
    assert len({service["image"] for service in OURS.values()}) == 1, "one image for every room"


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    assert OURS[name]["command"][0] in COMMANDS
    check = OURS[name].get("healthcheck", {}).get("test")
    if check:
        assert check[:2] == ["CMD", "telecare"]
        assert check[2] in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_every_setting_exists(name: str) -> None:
    for setting in OURS[name]["environment"]:
        assert setting.startswith("TELECARE_")
        assert setting.removeprefix("TELECARE_").lower() in Settings.model_fields, setting


def test_every_long_running_service_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        if name != "migrate":
            assert "healthcheck" in service, name


def test_ports_agree_from_the_broker_to_the_gateway_and_from_the_console_to_the_outside() -> None:
    nats = (HOUSE / "deploy" / "nats.conf").read_text()
    mqtt = re.search(r"mqtt \{\s*port: (\d+)", nats)
    assert mqtt
    assert SERVICES["gateway"]["environment"]["TELECARE_MQTT_URL"].endswith(f"@nats:{mqtt[1]}")
    assert SERVICES["nats"]["ports"] == [f"{mqtt[1]}:{mqtt[1]}"]
    monitoring = re.search(r"http_port: (\d+)", nats)
    assert monitoring
    assert f":{monitoring[1]}/" in SERVICES["nats"]["healthcheck"]["test"][-1]
    console = SERVICES["alerting"]["environment"]["TELECARE_HTTP_PORT"]
    assert SERVICES["alerting"]["ports"] == [f"{console}:{console}"]


def test_the_database_s_name_user_and_password_agree() -> None:
    database = SERVICES["database"]["environment"]
    url = SERVICES["gateway"]["environment"]["TELECARE_DATABASE_URL"]
    assert url.startswith(f"postgresql://{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}@database:5432/")
    assert url.endswith(f"/{database['POSTGRES_DB']}")


def test_the_timescaledb_tag_is_of_a_kind_that_is_published() -> None:
    """`<version>-pg<major>`, of 2.29 or newer with PostgreSQL 16 to 18 (there is no bare `latest`)."""
    tag = re.fullmatch(r"timescale/timescaledb:2\.(\d+)\.\d+-pg(\d+)", SERVICES["database"]["image"])
    assert tag
    assert int(tag[1]) >= 29
    assert int(tag[2]) in (16, 17, 18)


def test_every_mounted_file_and_everything_the_image_copies_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (HOUSE / source).exists(), source
            assert source.startswith("./") or source in COMPOSE["volumes"], source
    for line in (HOUSE / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (HOUSE / source).exists(), source


def test_the_broker_accepts_its_configuration() -> None:
    """nats-server itself reads deploy/nats.conf: the one part of the file a container engine is not needed for."""
    server = Path(sys.executable).parent / "nats-server"
    checked = subprocess.run(
        [server, "-t", "-c", HOUSE / "deploy" / "nats.conf"],
        env={"GATEWAY_PASSWORD": "a", "HUB_PASSWORD": "b"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
