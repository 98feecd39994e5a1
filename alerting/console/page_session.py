"""The log-in page and logging out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from alerting.console import access, audit
from alerting.console.api_sessions import admit
from alerting.console.context import Connected, TheConsole
from alerting.console.models import LogIn
from alerting.console.problems import NotSignedInError, Problem
from alerting.console.views import page
from schema.instants import SECOND

router = APIRouter()


class LogInForm(LogIn):
    """Who logs in, and where to go then."""

    user: str = Field("", max_length=80)
    password: str = Field("", max_length=1000)
    next: str = "/"


@router.get("/login")
async def log_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - reads as it is in the address
    """Show where to log in."""
    return page(request, "login.html", next=_ours(next), name="", refusal="")


@router.post("/login")
async def log_in(
    request: Request,
    console: TheConsole,
    form: Annotated[LogInForm, Form()],
) -> Response:
    """Begin a session in a cookie that no script reads and no other site sends."""
    access.require_own_origin(request)
    try:
        token = await admit(request, console, form)
    except Problem as problem:
        return page(
            request,
            "login.html",
            status=problem.status,
            next=_ours(form.next),
            name=form.user,
            refusal=problem.detail,
        )
    answer = RedirectResponse(_ours(form.next), 303)
    answer.set_cookie(
        access.COOKIE,
        token,
        max_age=access.SESSION_LASTS // SECOND,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request, connection: Connected, console: TheConsole) -> Response:
    """End the session."""
    try:
        user = await access.signed_in(request, connection)
    except NotSignedInError:
        return RedirectResponse("/login", 303)
    await access.end_session(connection, access.token_of(request))
    await audit.note(connection, console.clock.now(), user.id, "logged out")
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(access.COOKIE)
    return answer


def _ours(address: str) -> str:
    """Return the address if it is a page of ours, else the queue: a log-in never leads elsewhere."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if safe else "/"
