"""The watcher's shell: a round each period, what it means written down, and somebody told. It outlives everything.

Rounds, texts and heartbeats wait for nothing but themselves: a Twilio that hangs keeps no press from being made. What
is to be told is in the file before it goes out, and stays there until it did.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import structlog

from runtime.clock import Clock
from schema.instants import SECOND
from telecare.watcher.judgement import Known, Missed, Outage, Say, Shown, begun, judged, well
from telecare.watcher.memory import Memory
from telecare.watcher.outside import NotToldError
from telecare.watcher.texts import reason, text

log = structlog.get_logger()

AGAIN_AFTER = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds until a text that did not go out is tried again; the last goes on."""
STALLED_S = 1.5
"""A round that took so much longer than it may was held up here, with this very process: it says nothing."""


class GoesRound(Protocol):
    """What makes a round."""

    async def round(self) -> Shown | Missed:
        """Press, look and cancel."""
        ...


class Watcher:
    """Goes round each `every` seconds, texts `numbers` by `tell`, and calls `beat` while all is well."""

    def __init__(
        self,
        rounds: GoesRound,
        known: Known,
        memory: Memory,
        clock: Clock,
        *,
        place: str,
        every: float,
        numbers: tuple[str, ...],
        tell: Callable[[str, str], Awaitable[None]],
        beat: Callable[[], Awaitable[object]] | None,
    ) -> None:
        self._rounds = rounds
        self._memory = memory
        self._clock = clock
        self._place = place
        self._every = every
        self._numbers = numbers
        self._tell = tell
        self._beat = beat
        self._stalled = False
        self._to_tell, self._to_beat = asyncio.Event(), asyncio.Event()
        self.known = begun(known, clock.now(), self._period)
        if self.known.unsent:
            self._to_tell.set()

    @property
    def _period(self) -> int:
        return round(self._every * SECOND)

    async def watch(self) -> None:
        """Go round for ever."""
        time = asyncio.get_running_loop().time
        while True:
            began = time()
            await self.run_once()
            await asyncio.sleep(max(began + self._every - time(), 0))

    async def run_once(self) -> None:
        """Make one round and do what follows from it at once; telling and beating follow by themselves."""
        time = asyncio.get_running_loop().time
        began = time()
        try:
            press = await self._rounds.round()
        except Exception as error:  # whatever it is, somebody must hear that nobody watches
            log.exception("the round failed", action="round")
            press = Missed(self._clock.now(), "way", f"the watcher itself failed ({type(error).__name__})")
        held_up = isinstance(press, Missed) and time() - began > self._every + STALLED_S
        if held_up and not self._stalled:
            self._stalled = True
            log.warning("the watcher itself was held up; this round says nothing", action="stalled")
            return
        self._stalled = False
        self._take(press)

    def _take(self, press: Shown | Missed) -> None:
        before = self.known
        self.known, say = judged(before, press, self._period)
        if say is not None:
            outage = self.known.outage or before.outage
            assert outage is not None, "whatever is said is said of an outage"
            self._say(say, outage)
        elif isinstance(press, Missed) and self.known.outage is None:
            log.info("not there yet", action="patient", where=press.where, why=press.why)
        self._memory.keep(self.known)
        if well(self.known):
            self._to_beat.set()

    def _say(self, say: Say, outage: Outage) -> None:
        said = text(say, self._place, self.known, outage, self._clock.now())
        self.known = msgspec.structs.replace(self.known, unsent=self._numbers, text=said)
        level = log.info if say == "back" else log.error
        level(said, action=say, where=outage.where, missed=outage.missed, reason=reason(outage))
        self._to_tell.set()

    async def tell(self) -> None:
        """Send what is to be told, until it is; what is newer takes the place of what did not go out."""
        tries = 0
        while True:
            self._to_tell.clear()
            if await self._told_all():
                tries = 0
                await self._to_tell.wait()
                continue
            pause = AGAIN_AFTER[min(tries, len(AGAIN_AFTER) - 1)]
            tries += 1
            try:
                async with asyncio.timeout(pause):
                    await self._to_tell.wait()
            except TimeoutError:
                pass

    async def _told_all(self) -> bool:
        """Try each who has not been told; tell whether all have."""
        said = self.known.text
        for number in self.known.unsent:
            try:
                await self._tell(number, said)
            except NotToldError as error:
                log.warning("the text did not go out; tried again", action="tell", reason=str(error))
            except Exception:  # whatever it is, watching goes on
                log.exception("the text did not go out; tried again", action="tell")
            else:
                log.info("told", action="tell")
                self._told(number, said)
        return not self.known.unsent

    def _told(self, number: str, said: str) -> None:
        if self.known.text == said:  # else there is something newer to be told to the same number
            left = tuple(each for each in self.known.unsent if each != number)
            self.known = msgspec.structs.replace(self.known, unsent=left)
            self._memory.keep(self.known)

    async def beat(self) -> None:
        """Call the outside service after each good round while all is well."""
        while True:
            await self._to_beat.wait()
            self._to_beat.clear()
            if self._beat is not None:
                await self._beat()
