"""A visit: one request of somebody signed in, with all that answering it takes.

Every route that needs a permission asks for `visit(permission)`; no other way leads to a user.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from psycopg import AsyncConnection

from alerting.console import audit, views
from alerting.console.access import may
from alerting.console.acts import Acts
from alerting.console.context import Connected, TheConsole
from alerting.console.roles import Permission
from alerting.console.users import User
from runtime.settings import Settings
from schema.instants import Instant


@dataclass(frozen=True)
class Visit:
    """Who asks, when, and on which connection."""

    request: Request
    connection: AsyncConnection
    user: User
    now: Instant
    settings: Settings

    @property
    def acts(self) -> Acts:
        """What the visitor may do to alarms: only where `visit('act')` let them in."""
        return Acts(self.connection, self.user, self.now)

    async def looked(self, action: audit.Looked, person: str | None = None, **detail: Any) -> None:
        """Leave the audit row of this look."""
        await audit.note(self.connection, self.now, self.user.id, action, person, **detail)

    def page(self, template: str, *, status: int = 200, values: dict[str, Any]) -> HTMLResponse:
        """Render a page for the visitor."""
        return views.page(self.request, template, status=status, **values)


def visit(permission: Permission) -> Callable[..., Awaitable[Visit]]:
    """Return a dependency that gives the visit of somebody who has this permission."""

    async def visiting(
        request: Request, connection: Connected, console: TheConsole, user: Annotated[User, Depends(may(permission))]
    ) -> Visit:
        return Visit(request, connection, user, console.clock.now(), console.settings)

    return visiting


SeeingAlarms = Annotated[Visit, Depends(visit("see_alarms"))]
Acting = Annotated[Visit, Depends(visit("act"))]
SeeingPeople = Annotated[Visit, Depends(visit("see_people"))]
SeeingMessages = Annotated[Visit, Depends(visit("see_messages"))]
SeeingEquipment = Annotated[Visit, Depends(visit("see_equipment"))]
