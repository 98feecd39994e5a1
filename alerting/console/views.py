"""Pages: Jinja templates that escape everything, and the headers every page goes out with.

Nothing on a page comes from another address, and no script or style stands inside one: the
Content-Security-Policy says so to the browser, and no page is kept by it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerting.console import words
from alerting.console.context import console_of
from alerting.console.roles import MAY
from schema.instants import SECOND, Instant, in_words, instant, iso
from schema.localtime import clock_text, local

HERE = Path(__file__).parent

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

STATIC = {file.name: file.read_bytes() for file in sorted((HERE / "static").iterdir()) if file.is_file()}
_VERSION = blake2b(b"".join(STATIC.values()), digest_size=6).hexdigest()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, version=_VERSION)
    environment.filters.update(
        iso=lambda at: iso(_at(at)),
        in_words=in_words,
        day=lambda value: words.day(date.fromisoformat(value) if isinstance(value, str) else value),
        humanly=words.humanly,
        capitalise=lambda text: text[:1].upper() + text[1:],
        phone=words.phone,
        path=lambda text: quote(text, ""),
    )
    return environment


_templates = _environment()


class Screen:
    """What every template may ask: the time now, who looks, and times told by a home's clock."""

    def __init__(self, request: Request) -> None:
        self.now: Instant = console_of(request).clock.now()
        self.user = getattr(request.state, "user", None)
        self.path = request.url.path

    def may(self, permission: str) -> bool:
        """Tell whether the one who looks may do this."""
        return self.user is not None and permission in MAY[self.user.role]

    def when(self, at: Instant | datetime, zone: str | None = None) -> str:
        """Say a local time."""
        return words.when(_at(at), zone or words.DESK_ZONE, self.now)

    def age(self, at: Instant | datetime) -> str:
        """Say how long ago, as a clock."""
        return words.age(self.now - _at(at))

    def left(self, at: Instant | datetime) -> str:
        """Say how long until, as a clock; `0:00` once it has come."""
        return words.age(_at(at) - self.now)

    def late(self, seconds: float) -> str:
        """Say how late."""
        return in_words(int(seconds * SECOND))

    def ago(self, at: Instant | datetime) -> str:
        """Say how long ago, in words."""
        return words.ago(_at(at), self.now)

    def local_clock(self, zone: str) -> str:
        """Say what the clock on the wall of a home shows."""
        return clock_text(self.now, zone)

    def years(self, born: date | None) -> int | None:
        """Say how old."""
        return words.years(born, local(self.now, words.DESK_ZONE).date())


def _at(at: Instant | datetime) -> Instant:
    return instant(at) if isinstance(at, datetime) else at


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Render a page, never to be kept by a browser."""
    text = _templates.get_template(template).render(screen=Screen(request), **values)
    return HTMLResponse(text, status, {"Cache-Control": "no-store", **(headers or {})})
