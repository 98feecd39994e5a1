"""The simulator's commands, which `telecare` offers: capture, replay, simulate, device.

Bad input is refused in one line with exit status 2, before anything is started or written. Rooms are
imported when their command runs, so that `telecare --help` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

# Typer brings its own copy of click and does not re-export this error.
from typer._click.exceptions import ClickException


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


def replay() -> None:
    """Play a capture through the real parts, or in memory."""
    raise Refused("replay is being built")


def simulate() -> None:
    """Keep a set of homes living."""
    raise Refused("simulate is being built")


def device() -> None:
    """Send one device's one reading."""
    raise Refused("device is being built")
