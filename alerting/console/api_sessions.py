"""Logging in: by the API for a token, by the page for a cookie; wrong passwords are slowed and audited."""

from fastapi import APIRouter, Request
from psycopg import AsyncConnection

from alerting.console import access, audit, models
from alerting.console.api_alarms import REFUSALS
from alerting.console.context import Connected, Console, TheConsole
from alerting.console.problems import Problem
from schema.instants import SECOND

router = APIRouter(prefix="/api/sessions", tags=["sessions"], responses=REFUSALS)


@router.post("", status_code=201, responses={429: {"model": models.Problem}})
async def log_in(body: models.LogIn, request: Request, connection: Connected, console: TheConsole) -> models.Token:
    """Begin a session of 12 hours."""
    return models.Token(token=await admit(request, connection, console, body))


async def admit(request: Request, connection: AsyncConnection, console: Console, who: models.LogIn) -> str:
    """Return the token of a new session; a problem where the password is wrong or was tried too often."""
    now, user = console.clock.now(), who.user
    address = request.client.host if request.client else ""
    if wait := console.throttle.wait(user, address, now):
        raise Problem(429, _too_often(wait), retry_after=-(-wait // SECOND))
    console.throttle.tried(user, address, now)
    admitted = await console.doorkeeper.admit(connection, user, who.password)
    if admitted is None:
        await audit.note(connection, now, user, "log-in refused", address=address)
        raise Problem(401, "That user and password do not match.")
    console.throttle.succeeded(user, address)
    await audit.note(connection, now, admitted.id, "logged in", address=address)
    return await access.open_session(connection, admitted, now)


def _too_often(wait: int) -> str:
    return f"Too many wrong passwords from here. Try again in {-(-wait // (60 * SECOND))} min."
