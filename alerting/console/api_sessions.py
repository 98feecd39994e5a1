"""Logging in: by the API for a token, by the page for a cookie; wrong passwords are slowed and audited."""

from fastapi import APIRouter, Request

from alerting.console import access, audit, models
from alerting.console.api_alarms import REFUSALS
from alerting.console.context import Console, TheConsole
from alerting.console.problems import Problem
from alerting.console.users import DoorBusyError, Kept, find
from schema.instants import SECOND

router = APIRouter(prefix="/api/sessions", tags=["sessions"], responses=REFUSALS)


@router.post("", status_code=201, responses={429: {"model": models.Problem}})
async def log_in(body: models.LogIn, request: Request, console: TheConsole) -> models.Token:
    """Begin a session of 12 hours."""
    return models.Token(token=await admit(request, console, body))


async def admit(request: Request, console: Console, who: models.LogIn) -> str:
    """Return the token of a new session; a problem where the password is wrong or was tried too often.

    No connection is held while the password is checked, which takes long by design.
    """
    now, address = console.clock.now(), request.client.host if request.client else ""
    if wait := console.throttle.wait(who.user, address, now):
        raise Problem(429, _too_often(wait), retry_after=-(-wait // SECOND))
    console.throttle.tried(who.user, address, now)
    async with console.lend() as connection:
        kept = await find(connection, who.user)
    right = await _checked(console, kept, who, address)
    async with console.lend() as connection:
        if kept is None or not right:
            await audit.note(connection, now, who.user, "log-in refused", address=address)
            raise Problem(401, "That user and password do not match.")
        console.throttle.succeeded(who.user, address)
        await audit.note(connection, now, who.user, "logged in", address=address)
        return await access.open_session(connection, kept.user, now)


async def _checked(console: Console, kept: Kept | None, who: models.LogIn, address: str) -> bool:
    try:
        return await console.doorkeeper.admits(kept, who.password)
    except DoorBusyError as error:
        console.throttle.not_checked(who.user, address)
        raise Problem(429, "Too many people are logging in at once. Try again in a moment.", retry_after=5) from error


def _too_often(wait: int) -> str:
    return f"Too many wrong passwords from here. Try again in {-(-wait // (60 * SECOND))} min."
