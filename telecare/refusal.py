"""A refusal of what the user gave: one clear line, exit status 2."""

# Typer brings its own copy of click and does not re-export this error.
from typer._click.exceptions import ClickException


class Refusal(ClickException):
    """The command cannot do this with what it was given; nothing was changed."""

    exit_code = 2
