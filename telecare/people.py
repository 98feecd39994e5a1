"""`telecare people`: load a people file, check one without loading it, list whom we look after.

Bad input gets one line that names the file, the line and what was expected, exit status 2, and changes
nothing. What is shown here names people by their ids: their records are opened in the console, audited.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError

from runtime.settings import Settings, settings_in_words
from telecare.refusal import Refusal

Answer = TypeVar("Answer")

app = typer.Typer(
    help="The people we look after, their homes, plans and contacts.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A people file, shaped as examples/people.yaml.")]


@app.command()
def load(
    file: File,
    by: Annotated[str, typer.Option(help="Who does this, for the audit.")] = "command line",
) -> None:
    """Add or change people, homes, plans and policies; what the file leaves out stays as it is."""
    from runtime.clock import SystemClock  # noqa: PLC0415 - so that --help answers at once; and below
    from schema.people_file import PeopleFileError, read  # noqa: PLC0415
    from schema.people_load import load as load_people  # noqa: PLC0415
    from telecare.people_report import show_load  # noqa: PLC0415

    try:
        people_file = read(file, alone=False)
        at = SystemClock().now()
        report = _in_database(lambda connection: load_people(connection, people_file, by, at))
    except PeopleFileError as error:
        raise Refusal(str(error)) from error
    show_load(file.name, report)


@app.command()
def check(file: File) -> None:
    """Read a people file as a load would, and say what is wrong or worth knowing. Needs no database."""
    from runtime.clock import SystemClock  # noqa: PLC0415
    from schema.people_file import PeopleFileError, read  # noqa: PLC0415
    from telecare.people_report import show_check  # noqa: PLC0415

    try:
        people_file = read(file)
    except PeopleFileError as error:
        raise Refusal(str(error)) from error
    show_check(file.name, people_file, SystemClock().now())


@app.command(name="list")
def list_() -> None:
    """List whom we look after: home, plan, review, consent, how many devices and contacts."""
    from schema.people_stored import all_stored  # noqa: PLC0415
    from telecare.people_report import show_people  # noqa: PLC0415

    show_people(_in_database(all_stored))


def _in_database(work: Callable[..., Awaitable[Answer]]) -> Answer:
    """Do the work on a connection of its own; Refusal in one line where the database is away or has no tables."""
    import psycopg  # noqa: PLC0415

    from telecare.addresses import database_address  # noqa: PLC0415

    async def connected() -> Answer:
        url = database_address(_settings())
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=10) as connection:
            return await work(connection)

    try:
        return asyncio.run(connected())
    except psycopg.errors.UndefinedTable as error:
        raise Refusal("the database has no tables of ours yet; run telecare migrate. Nothing was changed.") from error
    except psycopg.OperationalError as error:
        raise Refusal(f"the database cannot be reached ({str(error).splitlines()[0]}). Nothing was changed.") from error


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        raise Refusal(settings_in_words(error)) from error
