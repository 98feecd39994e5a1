"""`telecare doctor`: is everything here as it must be for a press for help to reach a person?

One line a check: ok, look or wrong, and what to do about it. Exit status 1 when something is wrong.
"""

import asyncio
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError

from runtime.settings import Settings, settings_in_words
from telecare.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telecare.checkup import Line


def doctor() -> None:
    """Check the service and its surroundings; say what is wrong and what to do."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise Refusal(settings_in_words(error)) from error
    lines = asyncio.run(_all(settings))
    _show(lines)
    if any(line.state == "wrong" for line in lines):
        raise typer.Exit(1)


async def _all(settings: Settings) -> "list[Line]":
    from telecare.checkup import python_version, settings_checked, watcher_checked  # noqa: PLC0415 - so that --help answers at once

    lines = [python_version()]
    lines += [line async for line in _database(settings)]
    lines.append(_broker(settings))
    return [*lines, *settings_checked(settings), *watcher_checked(settings)]


async def _database(settings: Settings) -> "AsyncIterator[Line]":
    import psycopg  # noqa: PLC0415 - so that --help answers at once; and below

    from runtime.clock import SystemClock  # noqa: PLC0415
    from telecare.addresses import database_address  # noqa: PLC0415
    from telecare.checkup import Line, house_checked, tables_checked  # noqa: PLC0415

    try:
        url = database_address(settings)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
            yield Line("ok", "database", f"answers (PostgreSQL {connection.info.server_version // 10000})")
            tables = await tables_checked(connection)
            yield tables
            if tables.state == "ok":
                async for line in house_checked(connection, SystemClock().now()):
                    yield line
    except Refusal as error:
        yield Line("wrong", "database", error.format_message())
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0]
        yield Line("wrong", "database", f"cannot be reached ({reason})", "start it, or set TELECARE_DATABASE_URL")


def _broker(settings: Settings) -> "Line":
    from telecare.addresses import broker_address  # noqa: PLC0415 - so that --help answers at once; and below
    from telecare.broker_check import broker_checked  # noqa: PLC0415
    from telecare.checkup import Line  # noqa: PLC0415

    try:
        return broker_checked(broker_address(settings))
    except Refusal as error:
        return Line("wrong", "broker", error.format_message())


def _show(lines: "list[Line]") -> None:
    from rich.console import Console  # noqa: PLC0415 - so that --help answers at once; and below
    from rich.text import Text  # noqa: PLC0415

    console = Console(markup=False, highlight=False)
    styles = {"ok": "green", "look": "yellow", "wrong": "bold red"}
    for line in lines:
        text = Text(f"{line.state:<6}", style=styles[line.state])
        text.append(f"{line.about + ':':<16}{line.what}", style="default")
        if line.to_do:
            text.append(f"  -> {line.to_do}", style="default")
        console.print(text, soft_wrap=True)
