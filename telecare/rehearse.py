"""`telecare rehearse`: what a draft would have raised of somebody's last days, beside what is set now.

Bad input gets one line with the file, the line and what was expected, and exit status 2. A rehearsal is a look at a
person's record, and leaves an audit row. Nothing is raised, and nobody is told.
"""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telecare.refusal import Refusal

if TYPE_CHECKING:
    from schema.rehearsals import Draft, Rehearsed


def rehearse(
    person: Annotated[str | None, typer.Argument(metavar="PERSON", help="Whose days; or --all.")] = None,
    plan: Annotated[
        Path | None, typer.Option(help="The draft: care_plan, rules, or one rule. Without it, what is set now.")
    ] = None,
    days: Annotated[int, typer.Option(help="How many days back.", min=1, max=28)] = 28,
    by: Annotated[str, typer.Option(help="Who does this, for the audit.")] = "command line",
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's days, on all processors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each person.")] = False,
) -> None:
    """Try a care plan on a person's last days: what it would have raised, when and why, beside what is set now."""
    from schema.drafts import read  # noqa: PLC0415 - so that --help answers at once; and below
    from schema.people_yaml import PeopleFileError  # noqa: PLC0415
    from schema.rehearsals import Draft  # noqa: PLC0415

    if (person is None) != everybody:
        raise Refusal("name one person, or say --all for everybody")
    try:
        draft = read(plan) if plan else Draft()
    except PeopleFileError as error:
        raise Refusal(str(error).removesuffix(" Nothing was loaded.")) from error
    url = _address()
    _rehearsed(url, person, draft, days, by, as_json=as_json)


def _rehearsed(url: str, person: str | None, draft: "Draft", days: int, by: str, *, as_json: bool) -> None:
    import psycopg  # noqa: PLC0415

    from monitor.rehearsal_answers import NobodyError, UnfitDraftError  # noqa: PLC0415
    from telecare.rehearsing import one  # noqa: PLC0415

    try:
        if person is None:
            _all(url, draft, days, by, as_json=as_json)
        else:
            _show(asyncio.run(one(url, person, draft, days, by)), as_json=as_json)
    except NobodyError as error:
        raise Refusal(f"there is no person '{person}'; expected an id, as telecare people list shows them") from error
    except UnfitDraftError as error:
        raise Refusal(str(error)) from error
    except psycopg.errors.UndefinedTable as error:
        raise Refusal("the database is not up to date; run telecare migrate") from error
    except psycopg.OperationalError as error:
        raise Refusal(f"the database cannot be reached ({str(error).splitlines()[0]})") from error


def _all(url: str, draft: "Draft", days: int, by: str, *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from telecare.rehearsing import everybody  # noqa: PLC0415

    bars = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bars:
        bar = bars.add_task("rehearsing", total=None)
        for found, total in everybody(url, draft, days, by):
            bars.update(bar, total=total, advance=1)
            _show(found, as_json=as_json)


def _show(found: "Rehearsed", *, as_json: bool) -> None:
    from telecare.rehearsal_report import in_words, json_line  # noqa: PLC0415

    typer.echo(json_line(found) if as_json else in_words(found))


def _address() -> str:
    from pydantic import ValidationError  # noqa: PLC0415

    from runtime.settings import Settings, settings_in_words  # noqa: PLC0415
    from telecare.addresses import database_address  # noqa: PLC0415

    try:
        return database_address(Settings())
    except ValidationError as error:
        raise Refusal(settings_in_words(error)) from error
