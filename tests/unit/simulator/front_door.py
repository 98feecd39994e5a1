"""The simulator's commands as the front door offers them, run in this process."""

import typer
from typer.testing import CliRunner, Result

from simulator import commands

_app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
for _command in (commands.capture, commands.replay, commands.simulate, commands.device):
    _app.command()(_command)


def telecare(*args: object) -> Result:
    """Run `telecare ARGS`; the result has exit_code, stdout and stderr."""
    return CliRunner().invoke(_app, [str(arg) for arg in args])
