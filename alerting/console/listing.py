"""Who may have the list of open alarms: anybody whose role sees alarms, and the watcher, who gets canaries alone.

The watcher shows `TELECARE_WATCH_TOKEN`, which is nobody's session: it opens no record and no household's alarm,
and never ends by itself, so that the watcher depends on no log-in.
"""

from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Request

from alerting import alarms
from alerting.console.access import may, token_of
from alerting.console.alarm_reading import listed
from alerting.console.context import Connected, console_of
from alerting.console.models import AlarmListed


class OpenAlarms:
    """The list of open alarms, as far as the one who asks may have it."""

    def __init__(self, connection: Connected, *, watcher: bool) -> None:
        self._connection = connection
        self._watcher = watcher

    async def listed(self, *, canary: bool) -> list[AlarmListed]:
        """Return the alarms that are not closed, most pressing first; canaries only when asked for."""
        found = await alarms.open_alarms(self._connection, canary=canary, others=not self._watcher)
        return [listed(alarm) for alarm in found]


async def _open_alarms(request: Request, connection: Connected) -> OpenAlarms:
    if watches(request):
        return OpenAlarms(connection, watcher=True)
    await may("see_alarms")(request, connection)
    return OpenAlarms(connection, watcher=False)


def watches(request: Request) -> bool:
    """Tell whether it is the watcher who asks."""
    token = console_of(request).settings.watch_token
    return bool(token) and compare_digest(token_of(request).encode(), token.encode())


SeenOpen = Annotated[OpenAlarms, Depends(_open_alarms)]
