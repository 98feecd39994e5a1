"""The `telecare` command: one door to every room, and nothing decided here.

Bad input ends with exit status 2 and one clear line on standard error, whatever the command. Rooms are
imported only when their command runs, so that `telecare --help` answers at once.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

# Typer brings its own copy of click and re-exports only some of its errors.
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from runtime.logs import configure_logs
from runtime.settings import Settings, settings_in_words
from simulator import commands as simulator
from telecare.doctor import doctor
from telecare.healthy import Room, check
from telecare.people import app as people_app
from telecare.rehearse import rehearse

app = typer.Typer(
    name="telecare",
    help="Open telecare and community-alarm monitoring.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command()
def demo(
    people: Annotated[Path | None, typer.Option(help="Run with these people instead of the demo's own.")] = None,
    *,
    simulate: Annotated[bool, typer.Option(help="Let the homes live a simulated life.")] = True,
) -> None:
    """Run the whole service with simulated homes, on a database and a broker of its own."""
    from telecare.demo import run  # noqa: PLC0415 - see the module docstring

    settings = _settings()
    configure_logs(settings.log_format)
    asyncio.run(run(settings, people, simulate=simulate))


@app.command()
def gateway() -> None:
    """Take readings from the broker and store them."""
    from gateway.service import serve  # noqa: PLC0415
    from runtime.service import run  # noqa: PLC0415

    settings = _settings(needs=("database_url", "mqtt_url"))
    configure_logs(settings.log_format)
    run(serve(settings))


@app.command()
def monitor() -> None:
    """Watch over people: fold the log and say what it found."""
    from monitor.service import serve  # noqa: PLC0415
    from runtime.service import run  # noqa: PLC0415

    settings = _settings(needs=("database_url",))
    configure_logs(settings.log_format)
    run(serve(settings))


@app.command()
def alerting() -> None:
    """Bring alarms to somebody who owns them, and serve the operators' console."""
    from alerting.service import serve  # noqa: PLC0415
    from runtime.service import run  # noqa: PLC0415

    settings = _settings(needs=("database_url",))
    configure_logs(settings.log_format)
    run(serve(settings))


@app.command()
def watch(
    *, try_it: Annotated[bool, typer.Option("--try", help="Press once, text once, beat once; say how it went.")] = False
) -> None:
    """Press the canary homes' pendants round the clock, and tell somebody outside when one gets lost."""
    from telecare.watcher.command import serve, try_out  # noqa: PLC0415

    settings = _settings()
    configure_logs(settings.log_format)
    if not try_it:
        asyncio.run(serve(settings))
    elif not asyncio.run(try_out(settings, typer.echo)):
        raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    from telecare.migrating import bring_up_to_date  # noqa: PLC0415

    for done in asyncio.run(bring_up_to_date(_settings(needs=("database_url",)))):
        typer.echo(done)
    typer.echo("the database is up to date")


@app.command()
def healthy(room: Annotated[Room, typer.Argument(help="Which room to ask after.")]) -> None:
    """Tell whether a room is at work (exit status 0) or not (1): for container health checks."""
    fault = check(room, _settings(needs=() if room == "watcher" else ("database_url",)))
    if fault:
        typer.echo(f"{room}: {fault}", err=True)
        raise typer.Exit(1)


app.add_typer(people_app, name="people")
app.command()(doctor)
app.command()(rehearse)
app.command()(simulator.simulate)
app.command()(simulator.device)
app.command()(simulator.capture)
app.command()(simulator.replay)


def _settings(needs: tuple[str, ...] = ()) -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        raise ClickException(settings_in_words(error)) from error
    for need in needs:
        if not getattr(settings, need):
            raise ClickException(
                f"TELECARE_{need.upper()} is not set; 'telecare demo' brings a database and broker along"
            )
    return settings


def main() -> None:
    """Run the command; turn every refusal of input into one line and exit status 2."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except NoArgsIsHelpError as error:
        typer.echo(error.format_message())
        sys.exit(2)
    except ClickException as error:
        where = getattr(error, "ctx", None)
        typer.echo(f"{where.command_path if where else 'telecare'}: {error.format_message()}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)


if __name__ == "__main__":
    main()
