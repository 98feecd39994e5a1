"""Who may do what: sessions by random token (kept as sha256, ending after 12 hours), and roles.

A browser holds its token in a cookie that no script reads and no other site sends; a program sends it as a
bearer. What changes something by cookie must also come from our own pages (Origin), so that a page
elsewhere cannot press a button here. Every route names the permission it needs.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlsplit

from fastapi import Request
from psycopg import AsyncConnection

from alerting.console.context import Connected, Console, console_of
from alerting.console.problems import NotSignedInError, Problem
from alerting.console.roles import MAY, WHAT, Permission
from alerting.console.users import User
from schema.instants import HOUR, Instant, moment

COOKIE = "telecare_session"
SESSION_LASTS = 12 * HOUR

_WHOSE = """
    select users.id, users.name, users.role
    from sessions join users on users.id = sessions."user"
    where token_hash = %s and expires_at > %s and disabled_at is null
"""


async def open_session(connection: AsyncConnection, user: User, at: Instant) -> str:
    """Begin a session and return its token, which is kept nowhere on our side; sessions that ended are dropped."""
    token = token_urlsafe(32)
    await connection.execute("delete from sessions where expires_at <= %s", (moment(at),))
    await connection.execute(
        'insert into sessions (token_hash, "user", created_at, expires_at) values (%s, %s, %s, %s)',
        (_hash(token), user.id, moment(at), moment(at + SESSION_LASTS)),
    )
    return token


async def end_session(connection: AsyncConnection, token: str) -> None:
    """End a session; a token that is none ends nothing."""
    await connection.execute("delete from sessions where token_hash = %s", (_hash(token),))


async def whose(connection: AsyncConnection, token: str, at: Instant) -> User | None:
    """Return whose session it is, or None where it has ended or never was."""
    row = await (await connection.execute(_WHOSE, (_hash(token), moment(at)))).fetchone()
    return User(*row) if row else None


def token_of(request: Request) -> str:
    """Return the request's token, from its header or its cookie; empty where it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")


def require_own_origin(request: Request) -> None:
    """Refuse a change that a browser sends from another site's page."""
    if request.method in ("GET", "HEAD") or request.headers.get("authorization"):
        return
    origin = request.headers.get("origin")
    ours = {request.headers.get("host"), urlsplit(console_of(request).settings.public_url).netloc} - {""}
    if not (urlsplit(origin).netloc in ours if origin else _same_by_fetch(request)):
        raise Problem(403, "This came from a page that is not ours; nothing was changed.")


def _same_by_fetch(request: Request) -> bool:
    return request.headers.get("sec-fetch-site") == "same-origin"


def may(permission: Permission) -> Callable[..., Awaitable[User]]:
    """Return a dependency that gives the signed-in user, if their role has this permission."""

    async def allowed(request: Request, connection: Connected) -> User:
        user = await signed_in(request, connection)
        if permission not in MAY[user.role]:
            raise Problem(403, f"Your role ({user.role.replace('_', ' ')}) may not {WHAT[permission]}.")
        return user

    return allowed


async def signed_in(request: Request, connection: Connected) -> User:
    """Give the signed-in user; anybody else is asked to log in."""
    console: Console = console_of(request)
    token = token_of(request)
    user = await whose(connection, token, console.clock.now()) if token else None
    if user is None:
        raise NotSignedInError
    require_own_origin(request)
    request.state.user = user
    return user


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
