"""What a newcomer is told once the demo is ready: where the console is, who may log in, how to press for help.

`demo.json` says the same to programs. Users and their passwords are made once and kept with the data.
"""

import json
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from rich.console import Console
from rich.table import Table

from alerting.console.users import create_user
from runtime.embedded_broker import EmbeddedBroker
from runtime.embedded_process import write_private
from schema.alarms import Role


class Login(NamedTuple):
    """Somebody who may log in to the demo's console."""

    user: str
    name: str
    role: Role
    password: str


_STAFF: tuple[tuple[str, str, Role], ...] = (
    ("olive", "Olive Marsh", "operator"),
    ("desmond", "Desmond Clarke", "operator"),
    ("farah", "Farah Aziz", "supervisor"),
    ("ivan", "Ivan Petrov", "installer"),
    ("carys", "Carys Bevan", "care_team"),
    ("admin", "Administrator", "administrator"),
)


async def logins(data_dir: Path, connection: AsyncConnection) -> list[Login]:
    """Return the demo's users, made and given passwords at the first start."""
    file = data_dir / "users.json"
    passwords: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    staff = [Login(user, name, role, passwords.get(user) or _password()) for user, name, role in _STAFF]
    known = {row[0] for row in await (await connection.execute("select id from users")).fetchall()}
    for login in staff:
        if login.user not in known or login.user not in passwords:
            await create_user(connection, login.user, login.name, login.role, login.password)
    write_private(file, json.dumps({login.user: login.password for login in staff}))
    return staff


def _password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(3))


def demo_json(
    http: str, broker: EmbeddedBroker, staff: list[Login], homes: list[str], probes: dict[str, int]
) -> dict[str, Any]:
    """Return what `demo.json` holds (design.md 3.4), and where each room answers /health, /ready and /metrics."""
    return {
        "http": http,
        "mqtt": {
            "host": broker.host,
            "port": broker.port,
            "user": broker.hub_user,
            "password": broker.hub_password,
        },
        "users": [{"user": login.user, "password": login.password, "role": login.role} for login in staff],
        "homes": homes,
        "probes": {room: f"http://127.0.0.1:{port}" for room, port in probes.items()},
    }


def welcome(http: str, staff: list[Login], pendants: list[tuple[str, str, str]], data_dir: Path) -> None:
    """Print where to go and what to try; `pendants` are (home, device, whose)."""
    say = Console(highlight=False, soft_wrap=True)
    say.print(f"\n[bold]The console is at {http}[/bold]  (its users, and their passwords, are of this demo alone)\n")
    table = Table("user", "password", "role", box=None, padding=(0, 3, 0, 0))
    for login in staff:
        table.add_row(login.user, login.password, login.role)
    say.print(table)
    if pendants:
        home, device, whose = pendants[0]
        say.print(f"\nPress {whose}'s pendant, in another terminal:")
        say.print(f"    [bold].venv/bin/telecare device {home} {device} button pressed[/bold]")
    say.print(f"\nData and logs are in {data_dir}. Ctrl-C stops the service; the next start finds everything again.\n")
