"""The simulator's commands, which `telecare` offers: capture, replay, simulate, device.

Bad input is refused in one line with exit status 2, before anything is started or written. Rooms are
imported when their command runs, so that `telecare --help` answers at once.
"""

import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

# Typer brings its own copy of click and does not re-export this error.
from typer._click.exceptions import ClickException

if TYPE_CHECKING:
    from runtime.settings import Settings

FASTEST = 10_000.0


class Refused(ClickException):
    """The command cannot do this with what it was given; nothing was changed."""

    exit_code = 2


def capture(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="kasteren or mit")],
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="houseB-ss.txt, houseD.sensors, ...")],
    home: Annotated[str | None, typer.Option(help="The home's id; by default the recording's name.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the capture goes; by default standard output.")] = None,
    people: Annotated[Path | None, typer.Option(help="Write the people file that fits beside it.")] = None,
) -> None:
    """Turn recordings of homes into a capture, which `telecare replay` plays."""
    from simulator.capture.lines import CaptureError  # noqa: PLC0415 - see the module docstring
    from simulator.capture.make import capture as captured_of  # noqa: PLC0415
    from simulator.capture.make import labels_among, written  # noqa: PLC0415
    from simulator.capture.people import people_file  # noqa: PLC0415

    try:
        captured = captured_of(form, files, home)
    except CaptureError as error:
        raise Refused(f"{error}. Nothing was written.") from error
    for labels in labels_among(files):
        typer.echo(f"{labels}: holds what observers noted, not what sensors said; left out", err=True)
    if people is not None:
        _write(people, people_file(captured).encode())
    if out is None:
        sys.stdout.buffer.write(written(captured))
    else:
        _write(out, written(captured))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise Refused(f"{path}: cannot be written ({error.strerror})") from error


def replay(
    capture: Annotated[Path, typer.Argument(metavar="CAPTURE", help="What `telecare capture` made, or any other.")],
    people: Annotated[Path, typer.Option(help="Whose homes, and what to watch for.")],
    speed: Annotated[str, typer.Option(help="How many times as fast as it was, or max.")] = "max",
    report: Annotated[Path | None, typer.Option(help="Write what was found there, as JSON.")] = None,
    *,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Without broker and database: the same findings, in seconds.")
    ] = False,
) -> None:
    """Play a capture against its own clock, and say which alarms it raises. Nothing is sent to anyone."""
    import uvloop  # noqa: PLC0415 - see the module docstring

    from runtime.embedded import EmbeddedError  # noqa: PLC0415
    from runtime.logs import configure_logs  # noqa: PLC0415
    from schema.people_file import PeopleFileError  # noqa: PLC0415
    from simulator.capture.lines import CaptureError  # noqa: PLC0415
    from simulator.replay.report import as_json, in_words, refusals  # noqa: PLC0415
    from simulator.replay.run import ready  # noqa: PLC0415
    from simulator.replay.shown import shown  # noqa: PLC0415

    factor = _speed(speed, in_memory=in_memory)
    if report is not None and not report.absolute().parent.is_dir():
        raise Refused(f"--report {report}: there is no folder {report.absolute().parent}")
    configure_logs("console", logging.WARNING)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            played = runner.run(shown(ready(capture, people), factor, in_memory=in_memory))
    except (CaptureError, PeopleFileError, EmbeddedError) as error:
        raise Refused(str(error)) from error
    if report is not None:
        _write(report, as_json(played.report))
    typer.echo(in_words(played.report))
    for line in refusals(played.refused):
        typer.echo(line, err=True)


def _speed(text: str, *, in_memory: bool) -> float | None:
    """Return the factor, or None for as fast as it can."""
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise Refused(f"--speed is {text}; expected max, or a number more than 0")
    if in_memory:
        raise Refused("--in-memory always runs as fast as it can; leave --speed out")
    return factor


def simulate(
    people: Annotated[Path | None, typer.Option(help="Whose homes; by default the demo's.")] = None,
    speed: Annotated[
        float,
        typer.Option(
            help="How many times as fast as time they live. Readings carry the time at which they are sent,"
            " so that at another speed than 1 nights are not where the clock has them."
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed tells the same lives.")] = 1,
    mqtt: Annotated[str | None, typer.Option(help="mqtt://user:password@host:port; by default the demo's.")] = None,
    *,
    emergencies: Annotated[bool, typer.Option("--emergencies", help="Let something happen every few days.")] = False,
) -> None:
    """Keep a set of homes living, until stopped."""
    from runtime.clock import SystemClock  # noqa: PLC0415 - see the module docstring
    from runtime.logs import configure_logs  # noqa: PLC0415
    from runtime.service import run_together  # noqa: PLC0415
    from schema.people_file import PeopleFileError, read  # noqa: PLC0415
    from simulator.homes.living import keep_living  # noqa: PLC0415

    if not 0 < speed <= FASTEST:
        raise Refused(f"--speed is {speed:g}; expected more than 0 and at most {FASTEST:g}")
    try:
        file = read(people or Path(__file__).with_name("demo.yaml"))
    except PeopleFileError as error:
        raise Refused(str(error)) from error
    url, settings = _broker(mqtt)
    configure_logs(settings.log_format)
    lives = keep_living(file, url, SystemClock(), seed=seed, speed=speed, mishaps=emergencies)
    asyncio.run(run_together("homes", lives=lives))


def device(
    home: Annotated[str, typer.Argument(help="The home's id, for example home-0001.")],
    device: Annotated[str, typer.Argument(help="The device's id, for example pendant-1.")],
    kind: Annotated[str, typer.Argument(help="button, bed, door, motion, ...")],
    value: Annotated[str, typer.Argument(help="pressed, out, open, detected, ...")],
    mqtt: Annotated[str | None, typer.Option(help="mqtt://user:password@host:port; by default the demo's.")] = None,
    *,
    urgent: Annotated[
        bool | None,
        typer.Option("--urgent/--ordinary", help="By default button, fall, smoke and gas are urgent."),
    ] = None,
) -> None:
    """Send one reading of one device, as `telecare device home-0001 pendant-1 button pressed`."""
    from runtime.clock import SystemClock  # noqa: PLC0415 - see the module docstring
    from simulator.device import BadReadingError, NotSentError, reading, send  # noqa: PLC0415

    clock = SystemClock()
    try:
        press = reading(home, device, kind, value, clock.now(), urgent=urgent)
    except BadReadingError as error:
        raise Refused(str(error)) from error
    url, _ = _broker(mqtt)
    try:
        asyncio.run(send(url, press, clock))
    except NotSentError as error:
        typer.echo(f"telecare: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"the broker has it: {press.topic} {kind} {value}")


def _broker(given: str | None) -> tuple[str, "Settings"]:
    """Return the broker's URL and the settings, or refuse with what is missing."""
    from pydantic import ValidationError  # noqa: PLC0415 - see the module docstring

    from runtime.settings import Settings, settings_in_words  # noqa: PLC0415
    from simulator.brokers import NoBrokerError, broker_url  # noqa: PLC0415

    try:
        settings = Settings()
        return broker_url(given, settings), settings
    except ValidationError as error:
        raise Refused(settings_in_words(error)) from error
    except NoBrokerError as error:
        raise Refused(str(error)) from error
