"""What went wrong, told as JSON to a program and as a page to a person, always in a sentence.

No stack trace, statement or row ever reaches the outside; a database that is away is said to be away.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from alerting.console.views import page
from runtime.database import GONE

log = structlog.get_logger()

_FOR_PROGRAMS = ("/api/", "/hooks/", "/health", "/ready", "/metrics")
_TITLES = {401: "Log in", 403: "Not allowed", 404: "Not found", 405: "Not possible", 503: "The database is away"}


class Problem(Exception):  # noqa: N818 - RFC 9457's word, and what it becomes on the wire
    """A request that cannot be met: the HTTP status, a sentence, and what a program may want besides."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more


class NotSignedInError(Problem):
    """No session, or one that has ended."""

    def __init__(self) -> None:
        super().__init__(401, "Log in first: there is no session, or it has ended.")


def for_program(request: Request) -> bool:
    """Tell whether the answer is read by a program."""
    return request.url.path.startswith(_FOR_PROGRAMS)


def tell(request: Request, status: int, detail: str, more: Mapping[str, Any] | None = None) -> Response:
    """Answer with a problem in the form its reader takes."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if more and "retry_after" in more:
        headers["Retry-After"] = str(more["retry_after"])
    if for_program(request):
        return JSONResponse({"detail": detail, **(more or {})}, status, headers)
    title = _TITLES.get(status, "That did not work")
    return page(request, "problem.html", status=status, headers=headers, title=title, detail=detail)


def validation_sentence(errors: Sequence[Any]) -> str:
    """Say in a sentence what a request should have held: where, and what was expected."""
    if any(error.get("type") == "json_invalid" for error in errors):
        return "The body is not valid JSON; nothing was changed."
    parts = []
    for error in errors:
        where = ".".join(str(step) for step in error["loc"][1:]) or "body"
        parts.append(f"'{where}': {error['msg'].removeprefix('Value error, ')}")
    return f"{'; '.join(parts)}. Nothing was changed."


def install(app: FastAPI) -> None:
    """Give the application its ways of telling what went wrong."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for gone in (*GONE, PoolTimeout):
        app.add_exception_handler(gone, _away)
    app.add_exception_handler(Exception, _unforeseen)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status == 401 and not for_program(request):
        there = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/login?next={there}" if there != "/" else "/login", 303)
    return tell(request, error.status, error.detail, error.more)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "There is nothing at this address.", 405: "This address does not take that kind of request."}
    return tell(request, error.status_code, details.get(error.status_code, f"{error.detail}."))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return tell(request, 422, validation_sentence(error.errors()))


async def _away(request: Request, error: Exception) -> Response:
    log.warning("the database does not answer", action="console_request", path=request.url.path, error=str(error))
    return tell(
        request, 503, "The database does not answer. Look whether your last act was stored before you repeat it."
    )


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen", action="console_request", path=request.url.path, exc_info=error)
    return tell(request, 500, "Something went wrong on our side; it has been logged.")
