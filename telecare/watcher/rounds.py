"""One round: press the pendants as a hub does, and look for the presses at the desk until they are there, or late.

Each press is known again by its own moment, so that one that stands there still from an earlier round is never taken
for this round's. Whatever came of it, the presses are cancelled, which ends their alarms.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from schema.canaries import PENDANT
from schema.instants import MILLISECOND, SECOND, Instant, iso, to_millisecond
from telecare.watcher.desk import DeskError
from telecare.watcher.hub import Broker, Hub, HubError, come_in
from telecare.watcher.judgement import Missed, Shown

_PAUSES = (0.05, 1.0)  # s between looks, the first and the longest
_SHORTEST_LOOK = 0.2  # s
_LAST_WORD = 1.0  # s for the cancelling


class SeesPresses(Protocol):
    """What a round asks of the desk."""

    async def shown(self, homes: tuple[str, ...], at: str, seconds: float) -> set[str]:
        """Return which homes' presses of that moment are shown."""
        ...

    async def reasons(self, seconds: float) -> list[str]:
        """Return what the desk says is wrong."""
        ...


class Rounds:
    """Presses the pendants of these homes and looks for them, `within` so many seconds."""

    def __init__(
        self, broker: Broker, desk: SeesPresses, homes: tuple[str, ...], now: Callable[[], Instant], within: float
    ) -> None:
        self._broker = broker
        self._desk = desk
        self._homes = homes
        self._now = now
        self._within = within
        self._last: Instant = 0

    async def round(self) -> Shown | Missed:
        """Press, look and cancel; takes hardly longer than `within`."""
        at, began = self._moment(), asyncio.get_running_loop().time()
        until = began + self._within
        hub: Hub | None = None
        try:
            async with asyncio.timeout_at(until):
                hub = await come_in(self._broker, f"telecare-watcher{self._homes[0]}")
                await self._say(hub, "pressed", at)
        except (HubError, TimeoutError) as error:
            if hub is not None:
                hub.cut()
            why = str(error) if isinstance(error, HubError) else f"no answer within {self._within:g} s"
            return Missed(at, "broker", why + await self._desk_too(at))
        try:
            return await self._look(at, began, until)
        finally:
            await self._take_back(hub)

    async def _look(self, at: Instant, began: float, until: float) -> Shown | Missed:
        """Look until all presses are shown, or it is too late."""
        clock = asyncio.get_running_loop().time
        (pause, longest), shown, away = _PAUSES, set[str](), ""
        while (left := until - clock()) >= _SHORTEST_LOOK:
            try:
                shown, away = await self._desk.shown(self._homes, iso(at), left), ""
            except DeskError as error:
                away = str(error)
            if len(shown) == len(self._homes):
                return Shown(at, round((clock() - began) * SECOND))
            await asyncio.sleep(min(pause, max(until - clock(), 0)))
            pause = min(1.5 * pause, longest)
        if away:
            return Missed(at, "desk", away)
        return Missed(at, "way", await self._not_shown(shown))

    async def _not_shown(self, shown: set[str]) -> str:
        lost = [home for home in self._homes if home not in shown]
        of = f" ({len(lost)} of {len(self._homes)}: {', '.join(lost)})" if shown else ""
        reasons = await self._desk.reasons(min(self._within / 4, _LAST_WORD))
        said = f"; it says: {reasons[0].rstrip('.')}" if reasons else ""
        return f"not within {self._within:g} s{of}{said}"

    async def _desk_too(self, at: Instant) -> str:
        """Say whether the desk is gone as well, as a whole machine is."""
        try:
            await self._desk.shown(self._homes, iso(at), min(self._within / 4, _LAST_WORD))
        except DeskError:
            return "; the operators' desk does not answer either"
        return ""

    async def _say(self, hub: Hub, value: str, at: Instant) -> None:
        reading = {"seq": at % SECOND, "boot": at // SECOND, "at": iso(at), "kind": "button", "value": value}
        for home in self._homes:
            await hub.publish(f"urgent/{home}/{PENDANT}", json.dumps(reading).encode())

    async def _take_back(self, hub: Hub) -> None:
        """Cancel the presses: where that cannot be, the next round's cancel ends this round's alarms as well."""
        try:
            with suppress(HubError, TimeoutError):
                async with asyncio.timeout(_LAST_WORD):
                    await self._say(hub, "cancelled", self._moment())
        finally:
            hub.leave()

    def _moment(self) -> Instant:
        """Return a moment later than the last, to the millisecond, as identities are."""
        self._last = max(to_millisecond(self._now()), self._last + MILLISECOND)
        return self._last
